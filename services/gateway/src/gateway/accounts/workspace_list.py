"""All workspaces of the deployment, for administrators."""

import datetime as dt
from dataclasses import dataclass

from common.postgres import Database

_PAGE = """
WITH known AS (
    SELECT workspace_id, name, created_at, true AS lasting, (
        SELECT count(*) FROM memberships WHERE memberships.workspace_id = workspaces.workspace_id
    ) AS members
    FROM workspaces
    UNION ALL
    SELECT workspace_id, '', min(created_at), false, 0 FROM sessions
    WHERE kind = 'open' AND revoked_at IS NULL
      AND NOT EXISTS (SELECT FROM workspaces WHERE workspace_id = sessions.workspace_id)
    GROUP BY workspace_id
)
SELECT *, count(*) OVER () AS total FROM known
ORDER BY lasting DESC, lower(name), created_at DESC, workspace_id
LIMIT %(limit)s OFFSET %(offset)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedWorkspace:
    """A workspace. One that lasts has a name and members, and the others belong to sessions."""

    workspace_id: str
    name: str
    created_at: dt.datetime
    lasting: bool
    members: int


class WorkspaceList:
    """Reads the list of workspaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, limit: int, offset: int) -> tuple[list[ListedWorkspace], int]:
        """Return lasting workspaces by name, then those of sessions, newest first.

        The number of all comes with them.
        """
        rows = await self._database.fetch_all(_PAGE, {"limit": limit, "offset": offset})
        total = rows[0]["total"] if rows else 0
        for row in rows:
            del row["total"]
        return [ListedWorkspace(**row) for row in rows], total
