"""Session lifecycle: creation, authentication, extension, and revocation."""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from common import logging, telemetry
from common.errors import (
    AuthenticationError,
    AuthorizationError,
    ConflictError,
    ValidationError,
)
from common.identity import Grant, hash_token
from gateway.sessions.session import Expiry, Kind, Preferences, Session, utc_now
from gateway.sessions.store import NewSession, RequestClaim, SessionStore
from gateway.sessions.tokens import (
    RequestKeys,
    looks_like_token,
    new_session_id,
    new_token,
)

MAX_IDENTIFIER = 255
MAX_USER_AGENT = 512
MAX_ADDRESS = 64
MAX_REQUEST_ID = 128
MIN_EXTENSION = dt.timedelta(hours=1)
MAX_EXTENSION = dt.timedelta(hours=24)
_REQUEST_KEPT = dt.timedelta(minutes=10)
_NOT_RESUMABLE = "There is no ended session with this token that can be taken up again."
_log = logging.get(__name__)

Clock = Callable[[], dt.datetime]
Announce = Callable[[Session], Awaitable[None]]
Changed = Callable[[Session], None]
SIGN_IN = "Sign in first, or send an access token as 'Authorization: Bearer'."


class SessionRegistry:
    """Operations on sessions. Methods taking a session id expect an authenticated caller."""

    def __init__(
        self,
        store: SessionStore,
        *,
        expiry: Expiry,
        request_keys: RequestKeys,
        announce_revoked: Announce,
        announce_changed: Announce | None = None,
        accounts: bool = False,
        clock: Clock = utc_now,
    ) -> None:
        """Initialize the registry.

        `announce_revoked` is awaited after a session was revoked, `announce_changed` after its
        rights or its workspace changed. With `accounts`, open sessions are neither made nor valid.
        """
        self._store = store
        self._expiry = expiry
        self._request_keys = request_keys
        self._announce = announce_revoked
        self._announce_changed = announce_changed
        self._accounts = accounts
        self._clock = clock
        self._observers: list[Changed] = []

    @property
    def accounts(self) -> bool:
        """Whether people sign in, so that open sessions are neither made nor valid."""
        return self._accounts

    def when_changed(self, observer: Changed) -> None:
        """Call `observer` with each session changed or ended by this registry."""
        self._observers.append(observer)

    def now(self) -> dt.datetime:
        """Return the current time of the registry's clock."""
        return self._clock()

    async def create(
        self,
        *,
        user_identifier: str = "",
        user_agent: str = "",
        ip_address: str = "",
        request_id: str = "",
        peer: str = "",
        parent: Session | None = None,
    ) -> tuple[Session, str]:
        """Create a session and return it with its token. The token is not stored.

        With a `parent` it is a session of the same user in the same workspace, has the scopes of
        the same access token and ends no later than it. Without one it is an open session.

        With a `request_id` a caller (`peer`) creates one session in ten minutes.

        Raises:
            AuthenticationError: people sign in here.
            AuthorizationError: the parent is the session of a link, whose end would not end it.
            ValidationError: a text is longer than its limit.
            ConflictError: the caller has already created a session with this `request_id`. Its
                token is returned to nobody else.
        """
        if self._accounts and parent is None:
            raise AuthenticationError(SIGN_IN)
        if parent is not None and not parent.user_id:
            # Without a user it would pass for an open session.
            raise AuthorizationError("Links give no further sessions. Open the link again.")
        _check(user_identifier, "user_identifier", MAX_IDENTIFIER)
        _check(user_agent, "user_agent", MAX_USER_AGENT)
        _check(ip_address, "ip_address", MAX_ADDRESS)
        _check(request_id, "request_id", MAX_REQUEST_ID)
        now = self._clock()
        token = new_token()
        session_id = new_session_id()
        new = NewSession(
            session_id=session_id,
            workspace_id=session_id,
            token_sha256=hash_token(token),
            user_identifier=user_identifier,
            user_agent=user_agent,
            ip_address=ip_address,
            expires_at=now + self._expiry.ttl,
        )
        if parent is not None:
            new = _child(new, parent)
        session: Session | None
        if request_id:
            claim = RequestClaim(
                key_sha256=self._request_keys.stored(request_id, peer),
                expires_at=now + _REQUEST_KEPT,
            )
            session = await self._store.insert_once(new, claim, now)
        else:
            session = await self._store.insert(new, now)
        if session is None:
            raise ConflictError(
                "A session was already created with this request_id. Use another one.",
                {"field": "request_id"},
            )
        telemetry.SESSIONS_CREATED.inc()
        _log.info("session created", session_id=session.session_id)
        return session, token

    async def resume(
        self, token: str, *, user_agent: str = "", ip_address: str = ""
    ) -> tuple[Session, str]:
        """Return a new session owning the workspace of an ended one, with its token.

        The new session has the label and the preferences of the ended one. Until its own token is
        used, the old one returns the same session again, since the answer may have been lost.

        Raises:
            AuthenticationError: the token is unknown, or the session was invalidated or erased, or
                the one in its place was used.
            ConflictError: the session has not ended.
        """
        if self._accounts or not looks_like_token(token):
            raise AuthenticationError(SIGN_IN if self._accounts else _NOT_RESUMABLE)
        now = self._clock()
        since = self._expiry.resumable_since(now)
        fresh = self._request_keys.successor(token)
        new = NewSession(
            session_id=new_session_id(),
            workspace_id="",
            token_sha256=hash_token(fresh),
            user_identifier="",
            user_agent=user_agent,
            ip_address=ip_address,
            expires_at=now + self._expiry.ttl,
        )
        resumed = await self._store.resume(hash_token(token), since, new, now)
        if resumed is None:
            if await self._store.by_token(hash_token(token), now) is not None:
                raise ConflictError("The session has not ended. Use its token as before.")
            successor = await self._store.resumed_again(new, since, now)
            if successor is None:
                raise AuthenticationError(_NOT_RESUMABLE)
            return successor, fresh
        _log.info(
            "session resumed",
            session_id=resumed.session.session_id,
            earlier=resumed.earlier.session_id,
        )
        self._changed(resumed.earlier)
        await self._announce(resumed.earlier)
        return resumed.session, fresh

    async def can_resume(self, token: str) -> bool:
        """Return whether a session with this token has ended and can be taken up again.

        So can one that was, as long as the session in its place was never used.
        """
        if self._accounts or not looks_like_token(token):
            return False
        now = self._clock()
        since = self._expiry.resumable_since(now)
        session = await self._store.resumable(hash_token(token), since)
        if session is not None:
            return not session.active_at(now)
        fresh = self._request_keys.successor(token)
        successor = await self._store.resumable(hash_token(fresh), since)
        return successor is not None and successor.unused_successor

    def kept_until(self, session: Session) -> dt.datetime | None:
        """Return when everything of a session is erased, unless it is used before.

        None keeps it until somebody deletes it, as everything of users.
        """
        return self._expiry.kept_until(session.expires_at) if session.kind is Kind.OPEN else None

    def claimable_since(self) -> dt.datetime | None:
        """Return since when open sessions whose workspace may be claimed have ended."""
        return self._expiry.resumable_since(self._clock())

    async def open_link(
        self, link_id: str, ends_at: dt.datetime, *, user_agent: str = "", ip_address: str = ""
    ) -> tuple[Session, str]:
        """Return a session for the opener of a shared link, with its token."""
        now = self._clock()
        token = new_token()
        new = NewSession(
            session_id=new_session_id(),
            workspace_id="",
            token_sha256=hash_token(token),
            user_identifier="",
            user_agent=user_agent[:MAX_USER_AGENT],
            ip_address=ip_address[:MAX_ADDRESS],
            expires_at=min(now + self._expiry.ttl, ends_at),
            kind=Kind.LINK,
            link_id=link_id,
            ends_at=ends_at,
        )
        return await self._store.insert(new, now), token

    async def ended(self, sessions: Sequence[Session]) -> None:
        """Announce sessions just revoked in the database."""
        for session in sessions:
            _log.info("session revoked", session_id=session.session_id)
            self._changed(session)
            await self._announce(session)

    async def rights_changed(self, sessions: Sequence[Session]) -> None:
        """Announce sessions with rights or workspace just changed in the database."""
        for session in sessions:
            self._changed(session)
            if self._announce_changed is not None:
                await self._announce_changed(session)

    async def find(self, token: str) -> Session | None:
        """Return the session of a token, or None if the token is unknown, expired, or revoked.

        Counts as a use of the session.
        """
        if not looks_like_token(token):
            return None
        now = self._clock()
        session = await self._store.by_token(hash_token(token), now)
        if session is None or not self._admits(session):
            return None
        return await self._used(session, now)

    async def authenticate(self, token: str) -> Session:
        """Return the session of a token. Counts as a use of the session.

        Raises:
            AuthenticationError: the token is unknown, expired, or revoked.
        """
        return valid(await self.find(token))

    async def get(self, session_id: str) -> Session:
        """Return a session by its identifier and store this use of it.

        Always writes, so that callers see the stored last use and expiry.

        Raises:
            AuthenticationError: the session has ended.
        """
        now = self._clock()
        return self._current(await self._store.touch(session_id, now, self._expiry.ttl))

    async def update(
        self,
        session_id: str,
        *,
        user_identifier: str | None = None,
        preferences: Preferences | None = None,
    ) -> Session:
        """Store this use of a session, and replace its label, its preferences, or both.

        None leaves a value unchanged.

        Raises:
            ValidationError: the label is too long.
            AuthenticationError: the session has ended.
        """
        _check(user_identifier or "", "user_identifier", MAX_IDENTIFIER)
        now = self._clock()
        return self._current(
            await self._store.update(
                session_id,
                now,
                self._expiry.ttl,
                user_identifier=user_identifier,
                preferences=preferences,
            )
        )

    async def extend(self, session_id: str, duration: dt.timedelta) -> Session:
        """Extend a session to at least `duration` from now. Never shortens it.

        It still ends when it would end regardless of its use.

        Raises:
            ValidationError: the duration is not between 1 and 24 hours.
            AuthenticationError: the session has ended.
        """
        if not MIN_EXTENSION <= duration <= MAX_EXTENSION:
            raise ValidationError.of("hours", "A session can be extended by 1 to 24 hours.")
        now = self._clock()
        return self._current(
            await self._store.touch(session_id, now, self._expiry.ttl, extension=duration)
        )

    async def invalidate(self, session_id: str) -> None:
        """Revoke a session and announce it. Does nothing if the session has already ended."""
        session = await self._store.revoke(session_id, self._clock())
        if session is not None:
            await self.ended([session])

    async def end_sessions_of(self, owner: str) -> list[str]:
        """Revoke all sessions of a workspace and announce each. Return the workspace, if any.

        `owner` is the identifier of the workspace or of one of its sessions.
        """
        workspaces, revoked = await self._store.revoke_of(owner, self._clock())
        for session in revoked:
            _log.info("session revoked by an administrator", session_id=session.session_id)
            self._changed(session)
            await self._announce(session)
        return workspaces

    def _admits(self, session: Session) -> bool:
        """Return whether a session of this kind is valid. Without its user it is nobody's."""
        if session.kind is Kind.OPEN:
            return not self._accounts
        return session.kind is Kind.LINK or bool(session.user_id)

    def _current(self, changed: Session | None) -> Session:
        session = valid(changed)
        self._changed(session)
        return session

    def _changed(self, session: Session) -> None:
        for observer in self._observers:
            observer(session)

    async def _used(self, session: Session, now: dt.datetime) -> Session:
        worth = self._expiry.worth_writing(session.last_accessed_at, now)
        # The first use ends the token of the session before.
        if not worth and not session.unused_successor:
            return session
        return valid(await self._store.touch(session.session_id, now, self._expiry.ttl))


class RegistryAuthenticator:
    """Token authenticator of the gateway's own gRPC server, backed by the registry."""

    def __init__(self, registry: SessionRegistry) -> None:
        self._registry = registry

    async def authenticate(self, token: str) -> Grant:
        """Return the access of a token. Raise AuthenticationError if it is not valid."""
        session = await self._registry.authenticate(token)
        return Grant.copy(session)


def valid(session: Session | None) -> Session:
    """Return the session. Raise AuthenticationError for None."""
    if session is None:
        raise AuthenticationError("The session token is invalid or the session has ended.")
    return session


def _child(new: NewSession, parent: Session) -> NewSession:
    ends_at = parent.ends_at
    return replace(
        new,
        kind=Kind.SIGN_IN,
        workspace_id=parent.workspace_id,
        user_id=parent.user_id,
        token_id=parent.token_id,
        user_identifier=parent.user_identifier,
        expires_at=new.expires_at if ends_at is None else min(new.expires_at, ends_at),
        ends_at=ends_at,
    )


def _check(text: str, field: str, longest: int) -> None:
    if len(text) > longest:
        raise ValidationError.of(field, f"At most {longest} characters are allowed.")
    if "\0" in text:
        raise ValidationError.of(field, "NUL characters are not allowed.")
