"""Tables of shares, and how callers reach transcriptions."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.rows import DictRow

from common.identity import Role
from common.postgres import Connection, execute, fetch_all, fetch_one

# One row if the caller reaches the transcription in any way.
_REACH = """
SELECT t.workspace_id, t.workspace_id = %(workspace_id)s AS own,
       u.role AS user_role, w.role AS workspace_role,
       l.link_id IS NOT NULL AS linked, coalesce(l.without_audio, false) AS without_audio
FROM transcriptions t
LEFT JOIN shares u ON u.transcription_id = t.id AND u.user_id = %(user_id)s
    AND %(user_id)s <> ''
LEFT JOIN shares w ON w.transcription_id = t.id AND w.workspace_id = %(workspace_id)s
    AND %(workspace_id)s <> ''
LEFT JOIN links l ON l.transcription_id = t.id AND l.link_id = %(link_id)s
    AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > now())
WHERE t.id = %(id)s
  AND ((t.workspace_id = %(workspace_id)s AND %(workspace_id)s <> ''
        AND (%(trashed)s OR t.trashed_at IS NULL))
       OR (t.trashed_at IS NULL
           AND (u.share_id IS NOT NULL OR w.share_id IS NOT NULL OR l.link_id IS NOT NULL)))
"""
_PUT = """
INSERT INTO shares (transcription_id, user_id, workspace_id, role)
VALUES (%(id)s, %(user_id)s, %(workspace_id)s, %(role)s)
ON CONFLICT (transcription_id, user_id, workspace_id) DO UPDATE SET role = excluded.role
RETURNING *
"""
_COUNT = "SELECT count(*) AS shares FROM shares WHERE transcription_id = %s"
_LIST = "SELECT * FROM shares WHERE transcription_id = %s ORDER BY share_id"
_REMOVE = "DELETE FROM shares WHERE transcription_id = %s AND share_id = %s"
_FORGET = """
DELETE FROM shares
WHERE (user_id = %(user_id)s AND %(user_id)s <> '')
   OR (workspace_id = %(workspace_id)s AND %(workspace_id)s <> '')
RETURNING transcription_id
"""
_WITH_ME = """
WITH found AS (
    SELECT s.transcription_id, max(s.role) FILTER (WHERE s.user_id <> '') AS user_role,
           max(s.role) FILTER (WHERE s.workspace_id <> '') AS workspace_role,
           false AS linked, false AS without_audio, max(s.created_at) AS shared_at,
           NULL::timestamptz AS expires_at
    FROM shares s
    WHERE (s.user_id = %(user_id)s AND %(user_id)s <> '')
       OR (s.workspace_id = %(workspace_id)s AND %(workspace_id)s <> '')
    GROUP BY s.transcription_id
    UNION ALL
    SELECT transcription_id, NULL, NULL, true, without_audio, created_at, expires_at FROM links
    WHERE link_id = %(link_id)s AND revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > now())
)
SELECT f.*, t.workspace_id, count(*) OVER () AS total
FROM found f JOIN transcriptions t ON t.id = f.transcription_id
WHERE t.trashed_at IS NULL AND t.workspace_id <> %(workspace_id)s
ORDER BY f.shared_at DESC, t.id DESC LIMIT %(limit)s OFFSET %(offset)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How a caller reaches a transcription that `workspace_id` owns."""

    workspace_id: str
    own: bool = False
    user_role: Role | None = None
    workspace_role: Role | None = None
    linked: bool = False
    without_audio: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A transcription shared with a user or a workspace. The other one is empty."""

    share_id: int
    transcription_id: int
    user_id: str
    workspace_id: str
    role: Role
    created_at: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedWithMe:
    """A transcription of others that a caller reaches."""

    transcription_id: int
    reach: Reach
    shared_at: dt.datetime
    expires_at: dt.datetime | None


async def reach_of(
    connection: Connection,
    transcription_id: int,
    *,
    workspace_id: str,
    user_id: str,
    link_id: str,
    trashed: bool = False,
) -> Reach | None:
    """Return how a caller reaches a transcription, None if not at all.

    One in the trash is only reached with `trashed`, by its own workspace.
    """
    parameters = {
        "id": transcription_id,
        "workspace_id": workspace_id,
        "user_id": user_id,
        "link_id": link_id,
        "trashed": trashed,
    }
    row = await fetch_one(connection, _REACH, parameters)
    return None if row is None else _reach(row, own=row["own"])


class Shares:
    """Repository of shares, bound to one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(
        self, transcription_id: int, *, user_id: str, workspace_id: str, role: Role
    ) -> Share:
        """Insert a share, or change its role."""
        parameters = {
            "id": transcription_id,
            "user_id": user_id,
            "workspace_id": workspace_id,
            "role": role.word,
        }
        row = await fetch_one(self._connection, _PUT, parameters)
        assert row is not None
        return _share(row)

    async def count(self, transcription_id: int) -> int:
        """Return with how many a transcription is shared."""
        row = await fetch_one(self._connection, _COUNT, (transcription_id,))
        return int(row["shares"]) if row else 0

    async def all(self, transcription_id: int) -> list[Share]:
        """Return the shares of a transcription in the order of sharing."""
        rows = await fetch_all(self._connection, _LIST, (transcription_id,))
        return [_share(row) for row in rows]

    async def remove(self, transcription_id: int, share_id: int) -> bool:
        """Delete a share. Return whether it existed."""
        return await execute(self._connection, _REMOVE, (transcription_id, share_id)) > 0

    async def forget(self, *, user_id: str = "", workspace_id: str = "") -> list[int]:
        """Delete all shares with a user or a workspace, and return their transcriptions."""
        parameters = {"user_id": user_id, "workspace_id": workspace_id}
        rows = await fetch_all(self._connection, _FORGET, parameters)
        return [row["transcription_id"] for row in rows]

    async def with_me(
        self, *, workspace_id: str, user_id: str, link_id: str, limit: int, offset: int
    ) -> tuple[list[SharedWithMe], int]:
        """Return a page of the transcriptions of others that a caller reaches, and their number."""
        parameters = {
            "workspace_id": workspace_id,
            "user_id": user_id,
            "link_id": link_id,
            "limit": limit,
            "offset": offset,
        }
        rows = await fetch_all(self._connection, _WITH_ME, parameters)
        found = [
            SharedWithMe(
                transcription_id=row["transcription_id"],
                reach=_reach(row),
                shared_at=row["shared_at"],
                expires_at=row["expires_at"],
            )
            for row in rows
        ]
        return found, rows[0]["total"] if rows else 0


def _share(row: DictRow) -> Share:
    return Share(
        share_id=row["share_id"],
        transcription_id=row["transcription_id"],
        user_id=row["user_id"],
        workspace_id=row["workspace_id"],
        role=Role.of(row["role"]),
        created_at=row["created_at"],
    )


def _reach(row: Mapping[str, object], *, own: bool = False) -> Reach:
    return Reach(
        workspace_id=str(row["workspace_id"]),
        own=own,
        user_role=_role(row["user_role"]),
        workspace_role=_role(row["workspace_role"]),
        linked=bool(row["linked"]),
        without_audio=bool(row["without_audio"]),
    )


def _role(word: object) -> Role | None:
    return None if word is None else Role.of(str(word))
