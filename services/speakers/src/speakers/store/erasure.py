"""Statements that erase what was kept for workspaces, and voiceprints of all."""

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
_PROFILES = """
SELECT profile_id FROM profiles
WHERE profile_id = ANY(%(ids)s)
  AND (%(before)s::timestamptz IS NULL OR created_at < %(before)s)
"""
_ALL_PROTOTYPES = "DELETE FROM prototypes"
_ALL_OBSERVATIONS = "DELETE FROM observations"
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

    async def existing(self, ids: Sequence[int], before: dt.datetime | None) -> list[int]:
        """Return those profiles that exist, created before a time if one is given."""
        rows = await fetch_all(self._connection, _PROFILES, {"ids": list(ids), "before": before})
        return sorted(row["profile_id"] for row in rows)

    async def all_voiceprints(self) -> int:
        """Delete all voiceprints, and return their number. Profiles keep their names."""
        await execute(self._connection, _ALL_PROTOTYPES)
        erased = await execute(self._connection, _ALL_OBSERVATIONS)
        await execute(self._connection, _NO_FIGURES)
        return erased
