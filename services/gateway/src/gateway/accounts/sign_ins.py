"""Sign-ins: sessions of users, and the claim of the workspace of an open session."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from common import logging
from common.audit import call as audited
from common.errors import AuthenticationError
from common.identity import Role, hash_token
from common.postgres import Connection, Database
from gateway.accounts.memberships import Memberships
from gateway.accounts.user import LastingWorkspace, User, new_id
from gateway.accounts.users import Users
from gateway.sessions.lasting import LastingSessions
from gateway.sessions.registry import MAX_ADDRESS, MAX_USER_AGENT, SessionRegistry
from gateway.sessions.session import Kind, Session
from gateway.sessions.store import NewSession, insert_session
from gateway.sessions.tokens import looks_like_token, new_session_id, new_token

_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Origin of a sign-in, and the tokens of open sessions in the request."""

    address: str = ""
    user_agent: str = ""
    open_tokens: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A session of a newly signed-in user, with its token. The token is not stored."""

    session: Session
    token: str = field(repr=False)
    user: User
    workspace: LastingWorkspace
    claimed: bool
    """Whether the workspace was that of an open session until now."""


class SignIns:
    """Begins sessions of authenticated users."""

    def __init__(
        self,
        database: Database,
        registry: SessionRegistry,
        *,
        idle: dt.timedelta,
        lifetime: dt.timedelta,
    ) -> None:
        """`idle` is the lifetime of a sign-in without use, `lifetime` the longest of all."""
        self._database = database
        self._registry = registry
        self._idle = min(idle, lifetime)
        self._lifetime = lifetime

    async def begin(self, user_id: str, visit: Visit) -> SignedIn:
        """Sign a user in.

        The workspace of an open session in the request becomes the user's, and the open sessions in
        it end. A user without any workspace gets one.

        Raises:
            AuthenticationError: the user is disabled or deleted.
        """
        now = self._registry.now()
        async with self._database.transaction() as connection:
            user = await Users(connection).lock(user_id)
            if user is None or user.disabled_at is not None:
                raise AuthenticationError("This user may not sign in.")
            claimed, ended = await self._claim(connection, user, visit.open_tokens, now)
            workspace = await self._workspace(connection, user, claimed, now)
            new, token = self._session(user, workspace.workspace_id, visit, now)
            latest = await LastingSessions(connection).latest(user_id)
            session = await insert_session(connection, new, now)
            if latest is not None:
                await LastingSessions(connection).copy_preferences(
                    session.session_id, latest.session_id
                )
            await Users(connection).signed_in(user_id, now)
        await self._registry.ended(ended)
        audited.concerns("", user_id)
        _log.info("user signed in", user_id=user_id, session_id=session.session_id)
        return SignedIn(
            session=session,
            token=token,
            user=user,
            workspace=workspace,
            claimed=bool(claimed),
        )

    async def _claim(
        self, connection: Connection, user: User, tokens: Sequence[str], now: dt.datetime
    ) -> tuple[str, list[Session]]:
        """Take over the first workspace that can be. Return it, and the sessions that ended."""
        sessions, since = LastingSessions(connection), self._registry.claimable_since()
        for token in filter(looks_like_token, tokens):
            found = await sessions.claimable(hash_token(token), since)
            if found is not None:
                memberships, claimed = Memberships(connection), found.workspace_id
                await memberships.add_workspace(claimed, user.display_name, now)
                await memberships.set(claimed, user.user_id, Role.MANAGER, now)
                return claimed, await sessions.end_open(claimed, now)
        return "", []

    async def _workspace(
        self, connection: Connection, user: User, claimed: str, now: dt.datetime
    ) -> LastingWorkspace:
        """Return the workspace to begin in: the claimed one, or that of the last sign-in."""
        memberships = Memberships(connection)
        own = {one.workspace_id: one for one in await memberships.of_user(user.user_id)}
        if claimed:
            return own[claimed]
        if not own:
            return await add_workspace(connection, user.user_id, user.display_name, now)
        latest = await LastingSessions(connection).latest(user.user_id)
        before = latest.workspace_id if latest is not None else ""
        return own.get(before) or next(iter(own.values()))

    def _session(
        self, user: User, workspace_id: str, visit: Visit, now: dt.datetime
    ) -> tuple[NewSession, str]:
        token = new_token()
        new = NewSession(
            session_id=new_session_id(),
            workspace_id=workspace_id,
            token_sha256=hash_token(token),
            user_identifier=user.name,
            user_agent=visit.user_agent[:MAX_USER_AGENT],
            ip_address=visit.address[:MAX_ADDRESS],
            expires_at=now + self._idle,
            kind=Kind.SIGN_IN,
            user_id=user.user_id,
            idle=self._idle,
            ends_at=now + self._lifetime,
        )
        return new, token


async def add_workspace(
    connection: Connection, user_id: str, name: str, now: dt.datetime
) -> LastingWorkspace:
    """Create a workspace managed by a user."""
    memberships, workspace_id = Memberships(connection), new_id("workspace")
    await memberships.add_workspace(workspace_id, name, now)
    await memberships.set(workspace_id, user_id, Role.MANAGER, now)
    added = await memberships.get(workspace_id, user_id)
    assert added is not None
    return added
