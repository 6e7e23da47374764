"""Live sessions that go on in a workspace which is no longer the active one."""

from dataclasses import replace

from common import rights
from common.identity import Grant
from common.postgres import Database
from common.rights import Right
from gateway.accounts.memberships import Memberships
from gateway.sessions.session import Kind, Session


class OtherWorkspaces:
    """Finds the rights of a signed-in user in workspaces besides the active one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recorder(self, session: Session, workspace_id: str) -> Grant | None:
        """Return the access with which a session may record in a workspace, None if it may not."""
        if session.kind is not Kind.SIGN_IN or not session.user_id:
            return None
        async with self._database.transaction() as connection:
            found = await Memberships(connection).get(workspace_id, session.user_id)
        if found is None or not rights.permits(Grant.copy(session), found.role, Right.CREATE):
            return None
        return replace(Grant.copy(session), workspace_id=workspace_id, role=found.role)
