"""Authentication and access rules of gRPC calls."""

import enum
import time
from collections.abc import Mapping
from typing import Protocol

from common.errors import AuthenticationError, AuthorizationError
from common.identity import Grant, Identity, hash_token
from common.recent_values import Clock, RecentValues
from common.signing import SIGNATURE_HEADER, CallVerifier


class Access(enum.Enum):
    """Who may call a method."""

    PUBLIC = "public"
    #: The method checks a token by itself, which is not that of a living session.
    ENDED_SESSION = "ended session"
    SESSION = "session"
    SERVICE = "service"


class TokenAuthenticator(Protocol):
    """Source of the session of a token."""

    async def authenticate(self, token: str) -> Grant:
        """Return the token's access. Raise AuthenticationError for an invalid token."""
        ...


class CachedAuthenticator:
    """Short-lived cache of valid tokens, so that a burst of calls asks once."""

    def __init__(
        self, inner: TokenAuthenticator, ttl_seconds: float, *, clock: Clock = time.monotonic
    ) -> None:
        self._inner = inner
        self._recent = RecentValues[Grant](ttl_seconds, clock=clock)

    async def authenticate(self, token: str) -> Grant:
        """Return the access of a token, from the cache or the inner authenticator."""
        return await self._recent.find(hash_token(token), lambda: self._inner.authenticate(token))

    def forget(self, token_sha256: str) -> None:
        """Drop a token because its session was revoked or has other rights now."""
        self._recent.forget(token_sha256)


class CallAuthenticator:
    """Identity of a caller, from the metadata of the call and the access rule of the method.

    `access` maps full method names (`/package.Service/Method`) to their rule. Unlisted
    methods require a session. A service's signature is accepted by every method.
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
        return Identity.holding(grant, token=token)

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
