"""Statements to erase what was kept for workspaces, and voiceprints of all."""

import datetime as dt
from collections.abc import Sequence

from common.postgres import Connection, execute, fetch_all

_RECOGNITIONS = "DELETE FROM recognitions WHERE workspace_id = %s"
_DECISIONS = "DELETE FROM decisions WHERE workspace_id = %s RETURNING profile_id"
# Voices that a person named belong to their profiles: they stay as numbers.
_OBSERVATIONS = """
UPDATE observations
SET session_id = '', workspace_id = '', request_key = NULL,
    clip = CASE WHEN %(clips)s THEN clip END,
    clip_content_type = CASE WHEN %(clips)s THEN clip_content_type END
WHERE workspace_id = %(workspace_id)s
"""
# The trash keeps no more than the profiles themselves.
_TRASHED = (
    "DELETE FROM trashed_recognitions WHERE workspace_id = %(workspace_id)s",
    "DELETE FROM trashed_decisions WHERE workspace_id = %(workspace_id)s",
    """
    UPDATE trashed_observations
    SET session_id = '', workspace_id = '', request_key = NULL,
        clip = CASE WHEN %(clips)s THEN clip END,
        clip_content_type = CASE WHEN %(clips)s THEN clip_content_type END
    WHERE workspace_id = %(workspace_id)s
    """,
    """
    DELETE FROM trash t
    WHERE workspace_id = %(workspace_id)s AND kind = 'deletion'
      AND EXISTS (SELECT FROM trashed_profiles p WHERE p.trash_id = t.trash_id AND NOT p.kept)
      AND NOT EXISTS (SELECT FROM trashed_observations o WHERE o.trash_id = t.trash_id)
      AND NOT EXISTS (SELECT FROM trashed_decisions d WHERE d.trash_id = t.trash_id)
    """,
    "UPDATE trash SET workspace_id = '' WHERE workspace_id = %(workspace_id)s",
    "UPDATE trashed_profiles SET workspace_id = '' WHERE workspace_id = %(workspace_id)s",
    "UPDATE profiles SET workspace_id = '' WHERE workspace_id = %(workspace_id)s",
)
_PROFILES = """
SELECT profile_id FROM profiles
WHERE profile_id = ANY(%(ids)s)
  AND (%(before)s::timestamptz IS NULL OR created_at < %(before)s)
UNION
SELECT profile_id FROM trashed_profiles
WHERE profile_id = ANY(%(ids)s)
  AND (%(before)s::timestamptz IS NULL OR created_at < %(before)s)
"""
_IN_POOL = """
SELECT profile_id FROM profiles WHERE pool = %(pool)s AND pool <> ''
UNION
SELECT profile_id FROM trashed_profiles WHERE pool = %(pool)s AND pool <> ''
"""
_ALL_PROTOTYPES = "DELETE FROM prototypes"
_ALL_OBSERVATIONS = "DELETE FROM observations"
_ALL_TRASHED = "DELETE FROM trashed_observations"
_NO_FIGURES = """
UPDATE profiles SET sample_count = 0, speech_seconds = 0, confidence = 0, kept = true
WHERE sample_count > 0
"""


class Erasure:
    """Erasing statements, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def recognitions(self, workspace_id: str) -> int:
        """Delete the recognitions for a workspace, and return their number."""
        return await execute(self._connection, _RECOGNITIONS, (workspace_id,))

    async def decisions(self, workspace_id: str) -> set[int]:
        """Delete the decisions of a workspace, and return the profiles concerned."""
        rows = await fetch_all(self._connection, _DECISIONS, (workspace_id,))
        return {row["profile_id"] for row in rows}

    async def detach_observations(self, workspace_id: str, *, clips: bool) -> int:
        """Detach voiceprints from a workspace, and return how many. Keep `clips` if allowed."""
        parameters = {"workspace_id": workspace_id, "clips": clips}
        return await execute(self._connection, _OBSERVATIONS, parameters)

    async def detach_trash(self, workspace_id: str, *, clips: bool) -> None:
        """Erase from the trash, and from profiles, what refers to a workspace."""
        for sql in _TRASHED:
            parameters = {"workspace_id": workspace_id, "clips": clips}
            await execute(self._connection, sql, parameters)

    async def existing(self, ids: Sequence[int], before: dt.datetime | None) -> list[int]:
        """Return those profiles existing or in the trash.

        With a time, only those created before it.
        """
        rows = await fetch_all(self._connection, _PROFILES, {"ids": list(ids), "before": before})
        return sorted(row["profile_id"] for row in rows)

    async def in_pool(self, workspace_id: str) -> list[int]:
        """Return the profiles of a workspace's own pool, existing or in the trash."""
        rows = await fetch_all(self._connection, _IN_POOL, {"pool": workspace_id})
        return sorted(row["profile_id"] for row in rows)

    async def all_voiceprints(self) -> int:
        """Delete all voiceprints, and return their number. Profiles keep their names."""
        await execute(self._connection, _ALL_PROTOTYPES)
        erased = await execute(self._connection, _ALL_OBSERVATIONS)
        erased += await execute(self._connection, _ALL_TRASHED)
        await execute(self._connection, _NO_FIGURES)
        return erased
