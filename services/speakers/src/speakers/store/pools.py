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
_MOVE = (
    "UPDATE profiles SET pool = %(pool)s WHERE profile_id = ANY(%(ids)s)",
    "UPDATE prototypes SET pool = %(pool)s WHERE profile_id = ANY(%(ids)s)",
)
# What can be undone goes with its profiles, through merges of merged ones. A split between profiles
# in two pools stays, where nobody can undo it.
_MOVE_TRASH = (
    """
    WITH RECURSIVE moved AS (
        SELECT profile_id FROM profiles WHERE pool = %(pool)s
        UNION
        SELECT profile_id FROM trashed_profiles WHERE pool = %(pool)s
        UNION
        SELECT profile_id FROM trash WHERE pool = '' AND kind = 'deletion' AND %(deleted)s
        UNION
        SELECT t.profile_id FROM trash t JOIN moved m ON t.into_id = m.profile_id
        WHERE t.pool = '' AND t.kind = 'merge'
    )
    UPDATE trash SET pool = %(pool)s
    WHERE pool = '' AND profile_id IN (SELECT profile_id FROM moved)
      AND (into_id IS NULL OR into_id IN (SELECT profile_id FROM moved))
    """,
    """
    UPDATE trashed_profiles SET pool = %(pool)s
    WHERE trash_id IN (SELECT trash_id FROM trash WHERE pool = %(pool)s)
    """,
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

    async def move(self, profile_ids: Sequence[int], *, deleted: bool) -> None:
        """Move profiles with what can be undone about them, and with `deleted` all deletions."""
        parameters = {"pool": self._pool, "ids": list(profile_ids), "deleted": deleted}
        for sql in (*_MOVE, *_MOVE_TRASH):
            await execute(self._connection, sql, parameters)
