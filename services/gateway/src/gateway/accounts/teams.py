"""Lasting workspaces and their members, as these see and change them."""

import datetime as dt
from collections.abc import Sequence

from common import logging, rights
from common.audit import call as audited
from common.errors import AuthorizationError, ConflictError, NotFoundError, ValidationError
from common.identity import Grant, Role
from common.postgres import Connection, Database
from common.rights import Right
from gateway.accounts.memberships import Memberships
from gateway.accounts.sign_ins import add_workspace
from gateway.accounts.user import LastingWorkspace, Member, checked_name
from gateway.accounts.users import Users
from gateway.sessions.lasting import LastingSessions
from gateway.sessions.registry import SessionRegistry
from gateway.sessions.session import Session
from gateway.sessions.workspaces import DELETED, Workspaces

_UNKNOWN = "There is no such workspace, or you are not a member of it."
_log = logging.get(__name__)


class Teams:
    """Workspaces of users. Foreign and nonexistent workspaces look the same."""

    def __init__(self, database: Database, registry: SessionRegistry) -> None:
        self._database = database
        self._registry = registry

    async def of(self, caller: Grant) -> list[LastingWorkspace]:
        """Return the caller's workspaces, by name. An access token sees its own one only."""
        _require_user(caller)
        async with self._database.statements() as connection:
            found = await Memberships(connection).of_user(caller.user_id)
        if caller.scopes is None:
            return found
        return [one for one in found if one.workspace_id == caller.workspace_id]

    async def create(self, caller: Grant, name: str) -> LastingWorkspace:
        """Create a workspace managed by the caller."""
        _require_person(caller)
        name = checked_name(name)
        async with self._database.transaction() as connection:
            made = await add_workspace(connection, caller.user_id, name, self._registry.now())
        audited.concerns(made.workspace_id, made.workspace_id)
        return made

    async def rename(self, caller: Grant, workspace_id: str, name: str | None) -> LastingWorkspace:
        """Change the name of a workspace. For its managers."""
        name = None if name is None else checked_name(name)
        async with self._database.transaction() as connection:
            await self._may(connection, caller, workspace_id, Right.MANAGE)
            if name is not None:
                await Memberships(connection).rename(workspace_id, name)
            return await self._may(connection, caller, workspace_id, Right.MANAGE)

    async def delete(self, caller: Grant, workspace_id: str) -> None:
        """Delete a workspace, and have everything in it erased. For its managers."""
        _require_person(caller)
        now = self._registry.now()
        async with self._database.transaction() as connection:
            await Memberships(connection).lock(workspace_id)
            await self._may(connection, caller, workspace_id, Right.MANAGE)
            left = await LastingSessions(connection).in_workspace(workspace_id, now)
            ended = await self.erase(connection, workspace_id, now)
        await self._registry.ended(ended)
        gone = {session.session_id for session in ended}
        await self._registry.rights_changed([one for one in left if one.session_id not in gone])

    async def erase(
        self, connection: Connection, workspace_id: str, now: dt.datetime
    ) -> list[Session]:
        """Delete a workspace and have everything in it erased. Return the ended sessions.

        Sessions of people stay without a workspace.
        """
        sessions = LastingSessions(connection)
        ended = await sessions.end_tokens(workspace_id, now)
        ended += await sessions.end_open(workspace_id, now)
        await sessions.leave(workspace_id)
        await Memberships(connection).delete_workspace(workspace_id)
        await Workspaces(connection).end(workspace_id, DELETED, now)
        _log.info("workspace deleted", workspace_id=workspace_id)
        return ended

    async def members(self, caller: Grant, workspace_id: str) -> list[Member]:
        """Return the members of a workspace, by name. For its members."""
        async with self._database.statements() as connection:
            await self._may(connection, caller, workspace_id, Right.READ)
            return await Memberships(connection).members(workspace_id)

    async def set_member(self, caller: Grant, workspace_id: str, user: str, role: Role) -> Member:
        """Add a user to a workspace, or change the role of a member. For its managers.

        `user` is an identifier, a name or an e-mail address.

        Raises:
            NotFoundError: there is no such workspace or user.
            ConflictError: the workspace would have no manager any more.
            ValidationError: the role is that of shares only.
        """
        if role is Role.COMMENTER:
            raise ValidationError.of("role", "A member is a viewer, an editor or a manager.")
        now = self._registry.now()
        async with self._database.transaction() as connection:
            memberships, users = Memberships(connection), Users(connection)
            await memberships.lock(workspace_id)
            await self._may(connection, caller, workspace_id, Right.MANAGE)
            found = await users.get(user)
            if found is None:
                known = await users.find(user)
                found = known[0] if known is not None else None
            if found is None:
                raise NotFoundError("There is no user with this name.", {"field": "user"})
            if role is not Role.MANAGER:
                await _keep_manager(memberships, workspace_id, besides=found.user_id)
            await memberships.set(workspace_id, found.user_id, role, now)
            changed = await LastingSessions(connection).of_user(
                found.user_id, now, workspace_id=workspace_id
            )
            members = await memberships.members(workspace_id)
        audited.concerns(workspace_id, found.user_id)
        await self._registry.rights_changed(changed)
        return next(member for member in members if member.user_id == found.user_id)

    async def remove_member(self, caller: Grant, workspace_id: str, user_id: str) -> None:
        """Remove a member. The member's access tokens for the workspace end.

        For managers, and for the member.

        Raises:
            NotFoundError: there is no such workspace or member.
            ConflictError: the workspace would have no manager any more.
        """
        now = self._registry.now()
        own = user_id == caller.user_id and caller.scopes is None
        async with self._database.transaction() as connection:
            memberships = Memberships(connection)
            await memberships.lock(workspace_id)
            await self._may(connection, caller, workspace_id, Right.READ if own else Right.MANAGE)
            if all(one.user_id != user_id for one in await memberships.members(workspace_id)):
                raise NotFoundError("The user is not a member of the workspace.")
            await _keep_manager(memberships, workspace_id, besides=user_id)
            await memberships.remove(workspace_id, user_id)
            sessions = LastingSessions(connection)
            ended = await sessions.end_tokens(workspace_id, now, user_id=user_id)
            changed = await sessions.of_user(user_id, now, workspace_id=workspace_id)
        await self._registry.ended(ended)
        await self._registry.rights_changed(changed)

    async def switch(self, caller: Grant, workspace_id: str) -> LastingWorkspace:
        """Make a workspace of the caller the active one of the caller's sign-in.

        Raises:
            NotFoundError: there is no such workspace.
            ConflictError: the session belongs to an access token, bound to one workspace.
        """
        _require_user(caller)
        now = self._registry.now()
        async with self._database.transaction() as connection:
            workspace = await Memberships(connection).get(workspace_id, caller.user_id)
            if workspace is None:
                raise NotFoundError(_UNKNOWN)
            sessions = LastingSessions(connection)
            before = [
                one
                for one in await sessions.of_user(caller.user_id, now)
                if one.session_id == caller.session_id
            ]
            if not await sessions.switch(caller.session_id, workspace_id):
                raise ConflictError("An access token is for one workspace.")
        await self._registry.rights_changed(before)
        return workspace

    async def check(self, caller: Grant, workspace_id: str, right: Right) -> None:
        """Check that the caller has a right in a workspace.

        Raises:
            NotFoundError: there is no such workspace, or the caller is not a member.
            AuthorizationError: the caller's role does not give the right.
        """
        async with self._database.statements() as connection:
            await self._may(connection, caller, workspace_id, right)

    async def check_exists(self, workspace_id: str) -> None:
        """Check that there is a workspace, for callers who are not members of it.

        Raises:
            NotFoundError: there is none.
        """
        async with self._database.statements() as connection:
            if not await Memberships(connection).exists(workspace_id):
                raise NotFoundError("There is no such workspace.")

    async def lasting(self, workspace_ids: Sequence[str]) -> list[str]:
        """Return those workspaces that last."""
        async with self._database.statements() as connection:
            return await Memberships(connection).lasting(workspace_ids)

    async def _may(
        self, connection: Connection, caller: Grant, workspace_id: str, right: Right
    ) -> LastingWorkspace:
        """Return a workspace in which the caller has a right."""
        _require_user(caller)
        found = await Memberships(connection).get(workspace_id, caller.user_id)
        bound = caller.scopes is not None and caller.workspace_id != workspace_id
        if found is None or bound:
            raise NotFoundError(_UNKNOWN)
        rights.require(caller, found.role, right)
        return found


def _require_user(caller: Grant) -> None:
    if not caller.user_id:
        raise AuthorizationError("Only people who sign in have workspaces that last.")


def _require_person(caller: Grant) -> None:
    _require_user(caller)
    if caller.scopes is not None:
        raise AuthorizationError("Access tokens may not do this. Sign in.")


async def _keep_manager(memberships: Memberships, workspace_id: str, *, besides: str) -> None:
    members = await memberships.members(workspace_id)
    if not any(one.role is Role.MANAGER and one.user_id != besides for one in members):
        raise ConflictError("The workspace would have no manager any more.")
