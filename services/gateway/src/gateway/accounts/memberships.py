"""Lasting workspaces and their members in Postgres, within one transaction."""

import datetime as dt
from collections.abc import Sequence

from psycopg.rows import DictRow

from common.identity import Role
from common.postgres import Connection, execute, fetch_all, fetch_one
from gateway.accounts.user import LastingWorkspace, Member

_ADD_WORKSPACE = """
INSERT INTO workspaces (workspace_id, name, created_at)
VALUES (%(workspace_id)s, %(name)s, %(now)s)
ON CONFLICT (workspace_id) DO NOTHING
"""
_OF_USER = """
SELECT workspaces.*, memberships.role,
    (SELECT count(*) FROM memberships others
     WHERE others.workspace_id = workspaces.workspace_id) AS members
FROM workspaces JOIN memberships USING (workspace_id)
WHERE memberships.user_id = %(user_id)s
ORDER BY lower(workspaces.name), workspaces.workspace_id
"""
_ONE_OF_USER = """
SELECT workspaces.*, memberships.role,
    (SELECT count(*) FROM memberships others
     WHERE others.workspace_id = workspaces.workspace_id) AS members
FROM workspaces JOIN memberships USING (workspace_id)
WHERE memberships.user_id = %(user_id)s AND workspaces.workspace_id = %(workspace_id)s
"""
# Changes of the members of a workspace happen one after the other, so that a manager remains.
_LOCK = "SELECT workspace_id FROM workspaces WHERE workspace_id = %(workspace_id)s FOR UPDATE"
_EXISTS = "SELECT workspace_id FROM workspaces WHERE workspace_id = %(workspace_id)s"
_LASTING = """
SELECT workspace_id FROM workspaces
WHERE workspace_id = ANY(%(workspace_ids)s) ORDER BY workspace_id
"""
_RENAME = "UPDATE workspaces SET name = %(name)s WHERE workspace_id = %(workspace_id)s"
_DELETE = "DELETE FROM workspaces WHERE workspace_id = %(workspace_id)s"
_MEMBERS = """
SELECT memberships.*, users.name, users.display_name
FROM memberships JOIN users USING (user_id)
WHERE memberships.workspace_id = %(workspace_id)s
ORDER BY users.name_key
"""
_SET = """
INSERT INTO memberships (workspace_id, user_id, role, provider, created_at)
VALUES (%(workspace_id)s, %(user_id)s, %(role)s, %(provider)s, %(now)s)
ON CONFLICT (workspace_id, user_id) DO UPDATE
SET role = excluded.role, provider = excluded.provider
"""
_REMOVE = """
DELETE FROM memberships WHERE workspace_id = %(workspace_id)s AND user_id = %(user_id)s
"""


class Memberships:
    """The tables of lasting workspaces and of their members."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_workspace(self, workspace_id: str, name: str, now: dt.datetime) -> bool:
        """Make a workspace a lasting one. Return whether it was not one before."""
        parameters = {"workspace_id": workspace_id, "name": name, "now": now}
        return await execute(self._connection, _ADD_WORKSPACE, parameters) == 1

    async def of_user(self, user_id: str) -> list[LastingWorkspace]:
        """Return the workspaces of a user, by name."""
        rows = await fetch_all(self._connection, _OF_USER, {"user_id": user_id})
        return [_workspace(row) for row in rows]

    async def get(self, workspace_id: str, user_id: str) -> LastingWorkspace | None:
        """Return a workspace that a user is a member of."""
        parameters = {"workspace_id": workspace_id, "user_id": user_id}
        row = await fetch_one(self._connection, _ONE_OF_USER, parameters)
        return None if row is None else _workspace(row)

    async def exists(self, workspace_id: str) -> bool:
        """Return whether there is a workspace that lasts."""
        return (
            await fetch_one(self._connection, _EXISTS, {"workspace_id": workspace_id}) is not None
        )

    async def lasting(self, workspace_ids: Sequence[str]) -> list[str]:
        """Return those workspaces that last."""
        rows = await fetch_all(self._connection, _LASTING, {"workspace_ids": list(workspace_ids)})
        return [row["workspace_id"] for row in rows]

    async def lock(self, workspace_id: str) -> bool:
        """Lock a workspace until the end of the transaction. Return whether it exists."""
        parameters = {"workspace_id": workspace_id}
        return await fetch_one(self._connection, _LOCK, parameters) is not None

    async def rename(self, workspace_id: str, name: str) -> None:
        """Change the name of a workspace."""
        parameters = {"workspace_id": workspace_id, "name": name}
        await execute(self._connection, _RENAME, parameters)

    async def delete_workspace(self, workspace_id: str) -> None:
        """Delete a workspace with its memberships."""
        await execute(self._connection, _DELETE, {"workspace_id": workspace_id})

    async def members(self, workspace_id: str) -> list[Member]:
        """Return the members of a workspace, by name."""
        rows = await fetch_all(self._connection, _MEMBERS, {"workspace_id": workspace_id})
        return [
            Member(
                user_id=row["user_id"],
                name=row["name"],
                display_name=row["display_name"],
                role=Role.of(row["role"]),
                created_at=row["created_at"],
            )
            for row in rows
        ]

    async def set(
        self, workspace_id: str, user_id: str, role: Role, now: dt.datetime, *, provider: str = ""
    ) -> None:
        """Add a member, or change the role. `provider` names the one whose groups gave the role."""
        parameters = {
            "workspace_id": workspace_id,
            "user_id": user_id,
            "role": role.word,
            "provider": provider,
            "now": now,
        }
        await execute(self._connection, _SET, parameters)

    async def remove(self, workspace_id: str, user_id: str) -> bool:
        """Remove a member. Return whether there was one."""
        parameters = {"workspace_id": workspace_id, "user_id": user_id}
        return await execute(self._connection, _REMOVE, parameters) == 1


def _workspace(row: DictRow) -> LastingWorkspace:
    return LastingWorkspace(
        workspace_id=row["workspace_id"],
        name=row["name"],
        role=Role.of(row["role"]),
        members=row["members"],
        created_at=row["created_at"],
    )
