"""Which tokens of a provider are accepted."""

import base64
import hmac
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from common.errors import AuthenticationError
from gateway.oidc.metadata import ALGORITHMS, Metadata, ProviderConnection
from gateway.oidc.providers import OidcProvider
from gateway.oidc.tokens import LEEWAY_SECONDS, LOGOUT_AGE_SECONDS, TokenVerifier

ISSUER = "https://id.example.org/"
NOW = int(time.time())
KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Connection(ProviderConnection):
    """Connection to a provider whose document and keys are at hand."""

    def __init__(self, *keys: Any, later: Any = None) -> None:
        self.provider = OidcProvider(id="company", issuer=ISSUER, client_id="us")
        self.fetched = 0
        self._known = KeySet(list(keys))
        self._later = later

    async def metadata(self) -> Metadata:
        return Metadata(
            authorization_endpoint="https://id.example.org/auth",
            token_endpoint="https://id.example.org/token",
            jwks_uri="https://id.example.org/keys",
            userinfo_endpoint="",
            end_session_endpoint="",
            algorithms=ALGORITHMS,
            token_auth_methods=(),
            names_issuer=False,
        )

    async def keys(self, *, again: bool = False) -> KeySet:
        self.fetched += 1
        return KeySet([self._later]) if again and self._later is not None else self._known


def signed(claims: dict[str, Any], key: Any = KEY, alg: str = "RS256", **header: Any) -> str:
    return jwt.encode({"alg": alg, "kid": "one", **header}, claims, key, algorithms=[alg])


def id_claims(**changes: Any) -> dict[str, Any]:
    claims = {
        "iss": ISSUER,
        "sub": "anna",
        "aud": "us",
        "iat": NOW,
        "exp": NOW + 300,
        "nonce": "n",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


async def verify(token: str, connection: Connection | None = None, nonce: str = "n") -> Any:
    verifier = TokenVerifier(connection or Connection(KEY), now=lambda: NOW)
    return await verifier.id_token(token, nonce=nonce)


async def test_valid_id_token() -> None:
    assert (await verify(signed(id_claims())))["sub"] == "anna"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["us"]},
        {"aud": ["us", "them"], "azp": "us"},
        {"exp": NOW - LEEWAY_SECONDS + 2},  # clocks differ
        {"iat": NOW + LEEWAY_SECONDS - 2},
        {"nbf": NOW + LEEWAY_SECONDS - 2},
    ],
)
async def test_accepted_variants(changes: dict[str, Any]) -> None:
    assert await verify(signed(id_claims(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://id.example.org"},  # without the slash, it is another issuer
        {"iss": "https://evil.example.org/"},
        {"iss": None},
        {"aud": "them"},
        {"aud": ["us", "them"]},
        {"aud": ["us", "them"], "azp": "them"},
        {"azp": "them"},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"exp": NOW - LEEWAY_SECONDS - 2},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": NOW + LEEWAY_SECONDS + 10},
        {"iat": None},
        {"nbf": NOW + LEEWAY_SECONDS + 10},
        {"nonce": "another"},
        {"nonce": None},
    ],
)
async def test_refused_id_tokens(changes: dict[str, Any]) -> None:
    with pytest.raises(AuthenticationError) as error:
        await verify(signed(id_claims(**changes)))
    assert error.value.details["reason"] == "invalid_token"


async def test_signatures_by_others_are_refused() -> None:
    with pytest.raises(AuthenticationError):
        await verify(signed(id_claims(), OTHER))


@pytest.mark.parametrize("token", ["", "a.b.c", "x", "a" * 5000])
async def test_texts_that_are_no_tokens_are_refused(token: str) -> None:
    with pytest.raises(AuthenticationError):
        await verify(token)


async def test_unsigned_tokens_and_shared_secrets_are_refused() -> None:
    unsigned = "eyJhbGciOiJub25lIn0." + signed(id_claims()).split(".")[1] + "."
    # The public key as a shared secret, which is public too.
    head = "eyJhbGciOiJIUzI1NiIsImtpZCI6Im9uZSJ9." + signed(id_claims()).split(".")[1]
    mac = hmac.digest(KEY.as_pem(private=False), head.encode(), "sha256")
    shared = f"{head}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    for token in (unsigned, shared):
        with pytest.raises(AuthenticationError):
            await verify(token)


async def test_elliptic_curves_are_accepted() -> None:
    key = ECKey.generate_key("P-256", {"kid": "one"})
    assert await verify(signed(id_claims(), key, "ES256"), Connection(key))


async def test_new_keys_of_the_provider_are_fetched() -> None:
    connection = Connection(OTHER, later=KEY)
    assert await verify(signed(id_claims()), connection)
    assert connection.fetched == 2


def logout_claims(**changes: Any) -> dict[str, Any]:
    claims = {
        "iss": ISSUER,
        "sub": "anna",
        "sid": "s1",
        "aud": "us",
        "iat": NOW,
        "exp": NOW + 120,
        "jti": "j1",
        "events": {EVENT: {}},
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


async def logged_out(token: str) -> Any:
    return await TokenVerifier(Connection(KEY), now=lambda: NOW).logout_token(token)


@pytest.mark.parametrize(
    ("changes", "subject", "session"),
    [
        ({}, "anna", "s1"),
        ({"sid": None}, "anna", ""),
        ({"sub": None}, "", "s1"),
        ({"exp": None}, "anna", "s1"),  # as providers of earlier drafts send it
    ],
)
async def test_valid_logout_tokens(changes: dict[str, Any], subject: str, session: str) -> None:
    found = await logged_out(signed(logout_claims(**changes)))
    assert (found.subject, found.session, found.token_id) == (subject, session, "j1")
    assert found.expires_at > NOW + LOGOUT_AGE_SECONDS


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "n"},
        {"events": None},
        {"events": {}},
        {"events": {EVENT: True}},
        {"events": [EVENT]},
        {"jti": None},
        {"iat": None},
        {"iat": NOW - LOGOUT_AGE_SECONDS - LEEWAY_SECONDS - 5},
        {"iat": NOW + LEEWAY_SECONDS + 10},
        {"exp": NOW - LEEWAY_SECONDS - 5},
        {"sub": None, "sid": None},
        {"sub": 7},
        {"iss": "https://evil.example.org/"},
        {"aud": "them"},
    ],
)
async def test_refused_logout_tokens(changes: dict[str, Any]) -> None:
    with pytest.raises(AuthenticationError):
        await logged_out(signed(logout_claims(**changes)))


async def test_an_id_token_logs_nobody_out() -> None:
    with pytest.raises(AuthenticationError):
        await logged_out(signed(id_claims(jti="j")))


async def test_other_types_of_tokens_log_nobody_out() -> None:
    with pytest.raises(AuthenticationError):
        await logged_out(signed(logout_claims(), typ="at+jwt"))
