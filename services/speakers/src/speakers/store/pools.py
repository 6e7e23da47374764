"""Statements to move profiles from the pool of the deployment to that of a workspace."""

from collections.abc import Sequence

from common.postgres import Connection, execute, fetch_all

_IN_DEPLOYMENT = """
SELECT p.profile_id, p.name,
       p.active AND EXISTS (SELECT FROM profiles o WHERE o.pool = %(pool)s AND o.active
                                                     AND o.name_key = p.name_key) AS taken
FROM profiles p
WHERE p.pool = ''
  AND (%(taught_by)s::text IS NULL
       OR (p.workspace_id = %(taught_by)s
           OR EXISTS (SELECT FROM observations o
                      WHERE o.profile_id = p.profile_id AND o.workspace_id = %(taught_by)s))
          AND p.workspace_id IN ('', %(taught_by)s)
          AND NOT EXISTS (SELECT FROM observations o
                          WHERE o.profile_id = p.profile_id AND o.workspace_id <> %(taught_by)s)
          AND NOT EXISTS (SELECT FROM decisions d
                          WHERE d.profile_id = p.profile_id AND d.workspace_id <> %(taught_by)s))
ORDER BY p.name_key, p.profile_id
"""
# What can be undone goes with its profile. A merged or deleted one is found by itself.
_MOVE = (
    "UPDATE profiles SET pool = %(pool)s WHERE profile_id = ANY(%(ids)s)",
    "UPDATE prototypes SET pool = %(pool)s WHERE profile_id = ANY(%(ids)s)",
    """
    UPDATE trashed_profiles SET pool = %(pool)s
    WHERE trash_id IN (SELECT trash_id FROM trash
                       WHERE pool = '' AND (profile_id = ANY(%(ids)s) OR into_id = ANY(%(ids)s)))
    """,
    """
    UPDATE trash SET pool = %(pool)s
    WHERE pool = '' AND (profile_id = ANY(%(ids)s) OR into_id = ANY(%(ids)s))
    """,
)
_MOVE_TRASH = (
    """
    UPDATE trashed_profiles SET pool = %(pool)s
    WHERE trash_id IN (SELECT trash_id FROM trash WHERE pool = '' AND kind = 'deletion')
    """,
    "UPDATE trash SET pool = %(pool)s WHERE pool = '' AND kind = 'deletion'",
)


class PoolMoves:
    """Moves profiles of the deployment, within one transaction."""

    def __init__(self, connection: Connection, pool: str) -> None:
        """`pool` is the workspace that gets them."""
        self._connection = connection
        self._pool = pool

    async def found(self, taught_by: str | None) -> list[tuple[int, str, bool]]:
        """Return profiles of the deployment as id, name, and whether the name is taken.

        With `taught_by`, only those that nobody but that workspace has made or taught.
        """
        parameters = {"pool": self._pool, "taught_by": taught_by}
        rows = await fetch_all(self._connection, _IN_DEPLOYMENT, parameters)
        return [(row["profile_id"], row["name"], row["taken"]) for row in rows]

    async def move(self, profile_ids: Sequence[int]) -> None:
        """Move profiles with what can be undone about them."""
        for sql in _MOVE:
            await execute(self._connection, sql, {"pool": self._pool, "ids": list(profile_ids)})

    async def move_deleted(self) -> None:
        """Move all deletions that can be undone."""
        for sql in _MOVE_TRASH:
            await execute(self._connection, sql, {"pool": self._pool})
