"""Verification of the tokens of providers."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from common import logging
from common.errors import AuthenticationError
from gateway.oidc.metadata import ProviderConnection

_log = logging.get(__name__)
#: Clocks may differ by so much.
LEEWAY_SECONDS = 60
#: A log-out token is older only if it was kept by somebody.
LOGOUT_AGE_SECONDS = 300
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

Now = Callable[[], int]


def _now() -> int:
    return int(time.time())


@dataclass(frozen=True, kw_only=True, slots=True)
class LogoutToken:
    """Log-out at a provider: one of its sessions, or all of a subject."""

    subject: str
    session: str
    token_id: str
    expires_at: int


class TokenVerifier:
    """Checks signatures, issuers, audiences and times of the tokens of one provider."""

    def __init__(self, connection: ProviderConnection, *, now: Now = _now) -> None:
        self._connection = connection
        self._provider = connection.provider
        self._now = now

    async def id_token(
        self, token: str, *, nonce: str, access_token: str = ""
    ) -> Mapping[str, Any]:
        """Return the claims of an ID token for this sign-in.

        Raises:
            AuthenticationError: it is not one.
            UnavailableError: the provider's keys cannot be fetched.
        """
        found = await self._decoded(token, refused=self._refused)
        params = {
            "nonce": nonce,
            "client_id": self._provider.client_id,
            "access_token": access_token,
        }
        claims = CodeIDToken(dict(found.claims), found.header, self._expected(), params)
        try:
            claims.validate(now=self._now(), leeway=LEEWAY_SECONDS)
        except JoseError as error:
            raise self._refused(repr(error)) from error
        if found.claims.get("nonce") != nonce or not found.claims.get("sub"):
            raise self._refused("the nonce differs, or there is no subject")
        return found.claims

    async def logout_token(self, token: str) -> LogoutToken:
        """Return the contents of a log-out token.

        Raises:
            AuthenticationError: it is not a log-out token for us.
            UnavailableError: the provider's keys cannot be fetched.
        """
        found = await self._decoded(token, refused=self._refused_logout)
        claims = found.claims
        options: dict[str, ClaimsOption] = {
            **self._expected(),
            "iat": {"essential": True},
            "jti": {"essential": True},
        }
        try:
            JWTClaimsRegistry(self._now(), LEEWAY_SECONDS, **options).validate(claims)
        except JoseError as error:
            raise self._refused_logout(repr(error)) from error
        events, issued = claims.get("events"), claims["iat"]
        if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT_EVENT), dict):
            raise self._refused_logout("it has no event of a log-out")
        if "nonce" in claims:
            raise self._refused_logout("it has a nonce, as an ID token has")
        if found.header.get("typ", "logout+jwt").lower() not in ("logout+jwt", "jwt"):
            raise self._refused_logout(f"its type is {found.header['typ']!r}")
        if issued < self._now() - LOGOUT_AGE_SECONDS - LEEWAY_SECONDS:
            raise self._refused_logout("it is too old")
        subject, session, token_id = (claims.get(name, "") for name in ("sub", "sid", "jti"))
        if not all(isinstance(text, str) for text in (subject, session, token_id)):
            raise self._refused_logout("an identifier is not a text")
        if not subject and not session:
            raise self._refused_logout("it names nobody")
        expires = claims.get("exp") or issued + LOGOUT_AGE_SECONDS
        return LogoutToken(
            subject=subject,
            session=session,
            token_id=token_id,
            expires_at=int(max(expires, self._now() + LOGOUT_AGE_SECONDS)) + LEEWAY_SECONDS,
        )

    def _expected(self) -> dict[str, ClaimsOption]:
        return {
            "iss": {"essential": True, "value": self._provider.issuer},
            "aud": {"essential": True, "value": self._provider.client_id},
        }

    async def _decoded(
        self, token: str, *, refused: Callable[[str], AuthenticationError]
    ) -> jwt.Token:
        """Return a token with a valid signature. Fetch the keys again if none fits."""
        algorithms = (await self._connection.metadata()).algorithms
        try:
            return _decode(token, await self._connection.keys(), algorithms)
        except (JoseError, ValueError):
            keys = await self._connection.keys(again=True)
        try:
            return _decode(token, keys, algorithms)
        except (JoseError, ValueError) as error:
            raise refused(repr(error)) from error

    def _refused(self, reason: str) -> AuthenticationError:
        _log.warning("ID token refused", provider=self._provider.id, reason=reason)
        return AuthenticationError(
            f"The answer of {self._provider.label} is not valid. Sign in again.",
            {"reason": "invalid_token"},
        )

    def _refused_logout(self, reason: str) -> AuthenticationError:
        _log.warning("log-out token refused", provider=self._provider.id, reason=reason)
        return AuthenticationError("The log-out token is not valid.", {"reason": "invalid_token"})


def _decode(token: str, keys: KeySet, algorithms: tuple[str, ...]) -> jwt.Token:
    return jwt.decode(token, keys, algorithms=list(algorithms))
