"""Figures about the transcriptions of workspaces, for administrators."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from common.postgres import Connection, fetch_all

_PAGE = """
WITH owned AS (
    SELECT workspace_id, count(*) AS transcriptions,
           count(*) FILTER (WHERE trashed_at IS NOT NULL) AS trashed,
           count(*) FILTER (WHERE source_deleted_at IS NULL) AS recordings,
           coalesce(sum(size_bytes) FILTER (WHERE source_deleted_at IS NULL), 0)::bigint
               AS recording_bytes,
           coalesce(sum(duration) FILTER (WHERE source_deleted_at IS NULL), 0)::double precision
               AS recording_seconds,
           coalesce(sum(playback_bytes + peaks_bytes), 0)::bigint AS playback_bytes,
           max(created_at) AS last_upload_at
    FROM transcriptions
    WHERE cardinality(%(owners)s::text[]) = 0 OR workspace_id = ANY(%(owners)s)
    GROUP BY workspace_id
), page AS (
    SELECT *, count(*) OVER () AS total FROM owned
    ORDER BY recording_bytes + playback_bytes DESC, workspace_id
    LIMIT %(limit)s OFFSET %(offset)s
)
SELECT page.*, (
    SELECT count(*) FROM jobs
    WHERE jobs.workspace_id = page.workspace_id AND jobs.status IN ('queued', 'processing')
) AS jobs
FROM page ORDER BY recording_bytes + playback_bytes DESC, workspace_id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkspaceFigures:
    """Figures about one workspace."""

    workspace_id: str
    transcriptions: int
    trashed: int
    recordings: int
    recording_bytes: int
    recording_seconds: float
    playback_bytes: int
    jobs: int
    last_upload_at: dt.datetime | None


async def page(
    connection: Connection, *, owners: Sequence[str], limit: int, offset: int
) -> tuple[list[WorkspaceFigures], int]:
    """Return workspaces with a transcription, those with the most stored bytes first.

    Without `owners`, all of them are meant. The number of all that match comes with them.
    """
    parameters = {"owners": list(owners), "limit": limit, "offset": offset}
    rows = await fetch_all(connection, _PAGE, parameters)
    total = rows[0]["total"] if rows else 0
    for row in rows:
        del row["total"]
    return [WorkspaceFigures(**row) for row in rows], total
