"""Everything that is stored, as administrators see it."""

import datetime as dt
from dataclasses import dataclass

from common.postgres import Connection, fetch_all, fetch_one

_IDS = """
SELECT id FROM transcriptions
WHERE (%(owner)s = '' OR workspace_id = %(owner)s OR session_id = %(owner)s)
  AND created_at <= now() - make_interval(secs => %(min_age)s)
ORDER BY created_at, id LIMIT %(limit)s OFFSET %(offset)s
"""
_COUNT = """
SELECT count(*) AS total FROM transcriptions
WHERE (%(owner)s = '' OR workspace_id = %(owner)s OR session_id = %(owner)s)
  AND created_at <= now() - make_interval(secs => %(min_age)s)
"""
_WORKSPACES = """
SELECT workspace_id FROM transcriptions
WHERE workspace_id = %(owner)s OR session_id = %(owner)s
UNION
SELECT workspace_id FROM uploads WHERE workspace_id = %(owner)s OR session_id = %(owner)s
UNION
SELECT workspace_id FROM resumable_uploads
WHERE workspace_id = %(owner)s OR session_id = %(owner)s
"""
_FIGURES = """
SELECT count(*) AS transcriptions, count(DISTINCT workspace_id) AS workspaces,
       count(*) FILTER (WHERE NOT source_erased) AS recordings,
       coalesce(sum(size_bytes) FILTER (WHERE NOT source_erased), 0)::bigint AS recording_bytes,
       coalesce(sum(duration) FILTER (WHERE NOT source_erased), 0)::double precision
           AS recording_seconds,
       min(created_at) AS oldest,
       (SELECT count(*) FROM deletions) AS unfinished_deletions
FROM transcriptions
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Figures about everything that is stored."""

    transcriptions: int
    workspaces: int
    recordings: int
    recording_bytes: int
    recording_seconds: float
    oldest: dt.datetime | None
    unfinished_deletions: int


class StoredThings:
    """Queries over the transcriptions of all owners, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(
        self, *, owner: str, min_age: float, limit: int, offset: int
    ) -> tuple[list[int], int]:
        """Return ids of transcriptions, oldest first, and the number of all that match.

        `owner` is a workspace or a session, empty for all. `min_age` is in seconds.
        """
        parameters = {"owner": owner, "min_age": min_age, "limit": limit, "offset": offset}
        rows = await fetch_all(self._connection, _IDS, parameters)
        count = await fetch_one(self._connection, _COUNT, parameters)
        return [row["id"] for row in rows], int(count["total"]) if count else 0

    async def workspaces_of(self, owner: str) -> list[str]:
        """Return the workspaces of a workspace or a session, that has anything stored."""
        rows = await fetch_all(self._connection, _WORKSPACES, {"owner": owner})
        return sorted(row["workspace_id"] for row in rows)

    async def figures(self) -> Figures:
        """Return figures about everything."""
        row = await fetch_one(self._connection, _FIGURES)
        assert row is not None
        return Figures(**row)
