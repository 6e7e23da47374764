"""Statements to find what others than a workspace taught."""

from collections.abc import Sequence

from common.postgres import Connection, fetch_one

_FOREIGN_PROFILES = """
SELECT count(*) AS foreign_profiles FROM profiles p
WHERE profile_id = ANY(%(ids)s)
  AND (p.workspace_id NOT IN ('', %(workspace_id)s)
    OR EXISTS (SELECT FROM observations o
               WHERE o.profile_id = p.profile_id AND o.workspace_id <> %(workspace_id)s)
    OR EXISTS (SELECT FROM decisions d
               WHERE d.profile_id = p.profile_id AND d.workspace_id <> %(workspace_id)s)
    OR (p.workspace_id = '' AND NOT EXISTS (
            SELECT FROM observations o
            WHERE o.profile_id = p.profile_id AND o.workspace_id = %(workspace_id)s)))
"""
_FOREIGN_OBSERVATIONS = """
SELECT count(*) AS foreign_observations FROM observations
WHERE observation_id = ANY(%(ids)s) AND workspace_id <> %(workspace_id)s
"""


class Protection:
    """What others taught, within one transaction."""

    def __init__(self, connection: Connection, workspace_id: str) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    async def foreign_profiles(self, profile_ids: Sequence[int]) -> bool:
        """Return whether some profile was made, or taught anything, by others."""
        parameters = {"ids": list(profile_ids), "workspace_id": self._workspace_id}
        row = await fetch_one(self._connection, _FOREIGN_PROFILES, parameters)
        return bool(row and row["foreign_profiles"])

    async def foreign_observations(self, observation_ids: Sequence[int]) -> bool:
        """Return whether others taught some of these observations."""
        parameters = {"ids": list(observation_ids), "workspace_id": self._workspace_id}
        row = await fetch_one(self._connection, _FOREIGN_OBSERVATIONS, parameters)
        return bool(row and row["foreign_observations"])
