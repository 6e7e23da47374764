"""Users and workspaces as grantees of shares, by name."""

from collections.abc import Collection, Mapping

from common.errors import NotFoundError
from common.postgres import Database, fetch_all
from gateway.accounts.users import Users

_NAMES = """
SELECT user_id AS id, display_name AS name FROM users WHERE user_id = ANY(%(ids)s)
UNION ALL
SELECT workspace_id, name FROM workspaces WHERE workspace_id = ANY(%(ids)s)
"""


class Grantees:
    """Finds users and workspaces. Open workspaces have no name and are not listed anywhere."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def user_id(self, name: str) -> str:
        """Return the identifier of the user with an identifier, a name or an e-mail address.

        Raises:
            NotFoundError: there is no such user.
        """
        async with self._database.transaction() as connection:
            users = Users(connection)
            user = await users.get(name)
            if user is None:
                found = await users.find(name)
                user = None if found is None else found[0]
        if user is None:
            raise NotFoundError("There is no such user.")
        return user.user_id

    async def workspace_id(self, workspace_id: str) -> str:
        """Return the identifier of a lasting workspace.

        Raises:
            NotFoundError: there is no such workspace.
        """
        if workspace_id not in await self.names([workspace_id]):
            raise NotFoundError("There is no such workspace.")
        return workspace_id

    async def names(self, ids: Collection[str]) -> Mapping[str, str]:
        """Return the names of users and workspaces, by identifier."""
        async with self._database.transaction() as connection:
            rows = await fetch_all(connection, _NAMES, {"ids": list(ids)})
        return {row["id"]: row["name"] for row in rows}
