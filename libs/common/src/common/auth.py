"""Authentication and access rules of gRPC calls."""

import asyncio
import enum
import time
from collections.abc import Mapping
from typing import Protocol

from common.errors import AuthenticationError, AuthorizationError
from common.identity import Grant, Identity, hash_token
from common.signing import SIGNATURE_HEADER, CallVerifier

_CACHE_ENTRIES = 10_000


class Access(enum.Enum):
    """Who may call a method."""

    PUBLIC = "public"
    #: The method checks a token by itself, which is not that of a living session.
    ENDED_SESSION = "ended session"
    SESSION = "session"
    SERVICE = "service"


class TokenAuthenticator(Protocol):
    """Source of the session that a token belongs to."""

    async def authenticate(self, token: str) -> Grant:
        """Return the token's access. Raise AuthenticationError for a token that is not valid."""
        ...


class CachedAuthenticator:
    """Short-lived cache of valid tokens, so that a burst of calls asks once.

    Concurrent callers with the same token share one lookup.
    """

    def __init__(self, inner: TokenAuthenticator, ttl_seconds: float) -> None:
        self._inner = inner
        self._ttl = ttl_seconds
        self._known: dict[str, tuple[float, Grant]] = {}
        self._asking: dict[str, asyncio.Task[Grant]] = {}

    async def authenticate(self, token: str) -> Grant:
        """Return the access of a token, from the cache or the inner authenticator."""
        key = hash_token(token)
        known = self._known.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.create_task(self._ask(key, token), name="authenticate")
            self._asking[key] = asking
        # A caller that is cancelled must not cancel the lookup for the others.
        return await asyncio.shield(asking)

    def forget(self, token_sha256: str) -> None:
        """Drop a token because its session was revoked."""
        self._known.pop(token_sha256, None)
        # The answer to a lookup in flight may predate the revocation.
        self._asking.pop(token_sha256, None)

    async def _ask(self, key: str, token: str) -> Grant:
        me = asyncio.current_task()
        try:
            grant = await self._inner.authenticate(token)
            if self._asking.get(key) is me:
                if len(self._known) >= _CACHE_ENTRIES:
                    self._known.clear()
                self._known[key] = (time.monotonic() + self._ttl, grant)
            return grant
        finally:
            if self._asking.get(key) is me:
                del self._asking[key]


class CallAuthenticator:
    """Identity of a caller, from the metadata of the call and the access rule of the method.

    `access` maps full method names (`/package.Service/Method`) to their rule. Methods that are not
    listed require a session. A service's signature is accepted by every method.
    """

    def __init__(
        self,
        *,
        tokens: TokenAuthenticator,
        verifier: CallVerifier,
        access: Mapping[str, Access],
    ) -> None:
        self._tokens = tokens
        self._verifier = verifier
        self._access = access

    async def identify(self, method: str, metadata: Mapping[str, str]) -> Identity | None:
        """Return the caller, or None for a public method without credentials.

        Raises:
            AuthenticationError: credentials are missing or not valid.
            AuthorizationError: the method is for services only.
        """
        access = self._access.get(method, Access.SESSION)
        if SIGNATURE_HEADER in metadata:
            return self._verifier.verify(method, metadata)
        token = bearer(metadata.get("authorization", ""))
        if access is Access.ENDED_SESSION or (access is Access.PUBLIC and not token):
            return None
        if access is Access.SERVICE:
            raise AuthorizationError("Only services may call this.")
        if not token:
            raise AuthenticationError(
                "Authentication is required: send a session token as 'authorization: Bearer'."
            )
        grant = await self._tokens.authenticate(token)
        return Identity(session_id=grant.session_id, workspace_id=grant.workspace_id, token=token)

    async def renew(self, caller: Identity) -> None:
        """Count as a use of the caller's session. Does nothing for callers without a token.

        Raises:
            AuthenticationError: the session has ended.
            UnavailableError: the gateway does not answer.
        """
        if caller.token:
            await self._tokens.authenticate(caller.token)


def bearer(header: str) -> str:
    """Return the token of an `Authorization: Bearer` header, or an empty string."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
