"""Callers of the audio API: sessions by their key, and guests for the time of one call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request

from common.addresses import network_of, use_address
from common.errors import AuthenticationError, AuthorizationError
from common.rate_limits import Allowance, Group, RateLimits
from gateway.sessions.keeper import SessionKeeper
from gateway.sessions.registry import MAX_USER_AGENT, SessionRegistry
from gateway.sessions.session import Session
from gateway.sessions.tokens import looks_like_token
from gateway.web import credentials
from gateway.web.callers import client_address
from gateway.web.credentials import Source
from gateway.web.origins import Origins


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """The caller of one request. The session of a guest ends with the request."""

    session: Session
    guest: bool
    headers: dict[str, str] = field(default_factory=dict)


class Keys(Protocol):
    """Keys of clients, sent as Bearer tokens."""

    async def find(self, key: str) -> Session | None:
        """Return the session of a key, None for a text of another form.

        Raises:
            AuthenticationError: it has the form of a key, and is not valid.
        """
        ...


class SessionKeys:
    """Tokens of sessions as keys."""

    def __init__(self, registry: SessionRegistry) -> None:
        self._registry = registry

    async def find(self, key: str) -> Session | None:
        """Return the session of a token, as described in Keys."""
        if not looks_like_token(key):
            return None
        session = await self._registry.find(key)
        if session is None:
            # With a guest's session, the work of somebody whose session has ended would be lost.
            raise AuthenticationError("The key is the token of a session that has ended.")
        return session


class Visitors:
    """Finds or creates the session of a request, and counts the request."""

    def __init__(
        self,
        registry: SessionRegistry,
        keys: Keys,
        keeper: SessionKeeper,
        limits: RateLimits,
        origins: Origins,
    ) -> None:
        self._registry = registry
        self._keys = keys
        self._keeper = keeper
        self._limits = limits
        self._origins = origins

    @asynccontextmanager
    async def visiting(self, request: Request) -> AsyncIterator[Visitor]:
        """Yield the caller of a request, and keep the session alive meanwhile.

        The session of a guest is invalidated at the end, and everything of it erased.

        Raises:
            AuthenticationError: the key belongs to an ended session.
            AuthorizationError: a page of another origin sent the request without a key.
            RateLimitedError: the caller or the address has sent too many requests.
        """
        visitor = await self._admit(request)
        structlog.contextvars.bind_contextvars(session_id=visitor.session.session_id)
        try:
            with self._keeper.using(visitor.session):
                yield visitor
        finally:
            if visitor.guest:
                await self._registry.invalidate(visitor.session.session_id)

    async def _admit(self, request: Request) -> Visitor:
        address = client_address(request.scope)
        use_address(address)
        headers: dict[str, str] = {}
        _require(await self._limits.hit_address(Group.UPLOAD, address), headers)
        shown = credentials.read(Headers(scope=request.scope))
        if shown.source is not Source.BEARER and not self._origins.trusts(
            Headers(scope=request.scope)
        ):
            raise AuthorizationError("Pages of other origins may not do this without a key.")
        session = None
        if shown.source is Source.BEARER:
            try:
                session = await self._keys.find(shown.token)
            except AuthenticationError:
                rejected = f"rejected:{network_of(address)}"
                _require(await self._limits.hit(Group.UPLOAD, rejected), headers)
                raise
        guest = session is None
        if session is None:
            _require(await self._limits.hit_address(Group.SESSION, address), headers)
            agent = request.headers.get("user-agent", "")[:MAX_USER_AGENT]
            # The token is dropped at once, so that nobody can find the session again.
            session, _ = await self._registry.create(user_agent=agent, ip_address=address)
        try:
            _require(await self._limits.hit(Group.UPLOAD, session.session_id), headers)
        except BaseException:
            if guest:
                await self._registry.invalidate(session.session_id)
            raise
        return Visitor(session=session, guest=guest, headers=headers)


def _require(allowance: Allowance, headers: dict[str, str]) -> None:
    """Show an allowance in the headers. Raise RateLimitedError if it is used up."""
    headers.update(allowance.headers())
    if not allowance.allowed:
        raise allowance.refusal()
