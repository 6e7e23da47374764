"""Users, as administrators of the deployment see and change them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from common import logging, rights
from common.audit import call as audited
from common.errors import AuthorizationError, ConflictError, NotFoundError
from common.identity import Grant, Role
from common.postgres import Connection, Database
from gateway.accounts.memberships import Memberships
from gateway.accounts.one_time_tokens import PASSWORD_LASTS, OneTimeToken, OneTimeTokens, Purpose
from gateway.accounts.teams import Teams
from gateway.accounts.user import LastingWorkspace, User, checked_email, checked_name
from gateway.accounts.users import ListedUser, NewUser, UserChange, Users
from gateway.sessions.lasting import LastingSessions
from gateway.sessions.registry import SessionRegistry
from gateway.sessions.session import Session

_UNKNOWN = "There is no such user."
_LAST = "There would be no administrator any more. Make somebody else one first."
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user with the user's workspaces, by name."""

    user: User
    workspaces: list[LastingWorkspace]


Deleted = Callable[[str], Awaitable[None]]


class People:
    """Creates, changes and deletes users."""

    def __init__(self, database: Database, registry: SessionRegistry, teams: Teams) -> None:
        self._database = database
        self._registry = registry
        self._teams = teams
        self._observers: list[Deleted] = []

    def when_deleted(self, observer: Deleted) -> None:
        """Await `observer` with the identifier of each user that is deleted."""
        self._observers.append(observer)

    async def account(self, caller: Grant) -> Account:
        """Return the caller's own account.

        Raises:
            AuthorizationError: the caller is no user.
        """
        async with self._database.statements() as connection:
            user = await Users(connection).get(caller.user_id) if caller.user_id else None
            if user is None:
                raise AuthorizationError("Only people who sign in have an account.")
            workspaces = await Memberships(connection).of_user(user.user_id)
        return Account(user=user, workspaces=workspaces)

    async def page(
        self, caller: Grant, limit: int, offset: int, query: str = ""
    ) -> tuple[list[ListedUser], int]:
        """Return users by name, and the number of all. For administrators."""
        _require_administrator(caller)
        async with self._database.statements() as connection:
            return await Users(connection).page(limit, offset, query)

    async def create(self, caller: Grant, new: NewUser) -> tuple[User, OneTimeToken]:
        """Create a user, and return a token to set the first password. For administrators.

        Raises:
            ConflictError: somebody has the name or the e-mail address.
            ValidationError: the name or the e-mail address is not permitted.
        """
        _require_administrator(caller)
        now = self._registry.now()
        checked = NewUser(
            name=checked_name(new.name),
            display_name=checked_name(new.display_name or new.name, "display_name"),
            email=checked_email(new.email),
            administrator=new.administrator,
        )
        async with self._database.transaction() as connection:
            user = await Users(connection).add(checked, now)
            link = await OneTimeTokens(connection).make(
                Purpose.PASSWORD, now, PASSWORD_LASTS, user.user_id
            )
        audited.concerns("", user.user_id)
        _log.info("user created", user_id=user.user_id)
        return user, link

    async def reset_link(self, caller: Grant, user_id: str) -> OneTimeToken:
        """Return a token to set a new password. Earlier ones end. For administrators.

        Raises:
            NotFoundError: there is no such user.
        """
        _require_administrator(caller)
        async with self._database.transaction() as connection:
            await _existing(connection, user_id)
            return await OneTimeTokens(connection).make(
                Purpose.PASSWORD, self._registry.now(), PASSWORD_LASTS, user_id
            )

    async def change(self, caller: Grant, user_id: str, change: UserChange) -> User:
        """Change a user. Disabling ends all sessions of the user. For administrators.

        Raises:
            NotFoundError: there is no such user.
            ConflictError: no administrator would be left, or the e-mail address is taken.
        """
        _require_administrator(caller)
        now = self._registry.now()
        change = UserChange(
            display_name=_maybe(change.display_name),
            email=None if change.email is None else checked_email(change.email),
            administrator=change.administrator,
            disabled=change.disabled,
        )
        async with self._database.transaction() as connection:
            before = await _existing(connection, user_id)
            if before.administrator and (change.administrator is False or change.disabled):
                await _keep_administrator(connection, besides=user_id)
            user = await Users(connection).change(user_id, change, now)
            assert user is not None
            sessions = LastingSessions(connection)
            ended = await sessions.end_of_user(user_id, now) if change.disabled else []
            left = await sessions.of_user(user_id, now)
        await self._registry.ended(ended)
        await self._registry.rights_changed(left)
        return user

    async def delete(self, caller: Grant, user_id: str) -> int:
        """Delete a user, and return the number of workspaces that are erased with the user.

        For administrators, and for users themselves.

        Raises:
            NotFoundError: there is no such user.
            ConflictError: somebody else must manage a workspace first, or administer.
        """
        own = caller.user_id == user_id and caller.scopes is None
        if not own:
            _require_administrator(caller)
        now = self._registry.now()
        ended: list[Session] = []
        erased = 0
        async with self._database.transaction() as connection:
            user = await _existing(connection, user_id)
            if user.administrator:
                await _keep_administrator(connection, besides=user_id)
            memberships = Memberships(connection)
            for workspace in await memberships.of_user(user_id):
                await memberships.lock(workspace.workspace_id)
                others = [
                    member
                    for member in await memberships.members(workspace.workspace_id)
                    if member.user_id != user_id
                ]
                if not others:
                    ended += await self._teams.erase(connection, workspace.workspace_id, now)
                    erased += 1
                elif all(member.role is not Role.MANAGER for member in others):
                    raise ConflictError(
                        f"Nobody else manages the workspace {workspace.name!r}. Make another "
                        "member its manager first, or delete the workspace."
                    )
            ended += await LastingSessions(connection).end_of_user(user_id, now)
            await Users(connection).delete(user_id)
        await self._registry.ended(ended)
        for observer in self._observers:
            await observer(user_id)
        _log.info("user deleted", user_id=user_id, erased_workspaces=erased)
        return erased


def _require_administrator(caller: Grant) -> None:
    if not rights.administers(caller):
        raise AuthorizationError("Only administrators of the deployment may do this.")


async def _existing(connection: Connection, user_id: str) -> User:
    user = await Users(connection).lock(user_id)
    if user is None:
        raise NotFoundError(_UNKNOWN)
    return user


async def _keep_administrator(connection: Connection, *, besides: str) -> None:
    if not await Users(connection).administrators(besides):
        raise ConflictError(_LAST)


def _maybe(display_name: str | None) -> str | None:
    return None if display_name is None else checked_name(display_name, "display_name")
