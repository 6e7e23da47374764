import asyncio
from contextlib import suppress

import pytest

from common.auth import Access, CachedAuthenticator, CallAuthenticator, bearer
from common.errors import AuthenticationError, AuthorizationError, UnavailableError
from common.identity import Grant, Identity, hash_token
from common.signing import (
    SESSION_HEADER,
    SIGNATURE_HEADER,
    WORKSPACE_HEADER,
    CallSigner,
    CallVerifier,
    receiver_key,
)

KEY = "k" * 32
VERIFIER = CallVerifier(receiver_key(KEY, "here"), "here")


class FakeTokens:
    """Fake of the session service with known tokens, a count of lookups, and delayed answers."""

    def __init__(self, **known: str) -> None:
        self.known = known
        self.asked = 0
        self.let = asyncio.Event()
        self.let.set()

    async def authenticate(self, token: str) -> Grant:
        self.asked += 1
        session = self.known.get(token)
        await self.let.wait()
        if session is None:
            raise AuthenticationError("The session token is not valid.")
        return Grant.of(session)


async def test_valid_token_is_cached_for_its_time() -> None:
    now = 1000.0
    tokens = FakeTokens(tok="session_1")
    cache = CachedAuthenticator(tokens, 60, clock=lambda: now)

    assert await cache.authenticate("tok") == Grant.of("session_1")
    now += 59
    assert await cache.authenticate("tok") == Grant.of("session_1")
    assert tokens.asked == 1
    now += 2
    assert await cache.authenticate("tok") == Grant.of("session_1")
    assert tokens.asked == 2


async def test_invalid_token_is_not_cached() -> None:
    tokens = FakeTokens()
    cache = CachedAuthenticator(tokens, 60)
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            await cache.authenticate("tok")
    tokens.known["tok"] = "session_1"

    assert await cache.authenticate("tok") == Grant.of("session_1")
    assert tokens.asked == 3


async def test_burst_of_calls_asks_once() -> None:
    tokens = FakeTokens(tok="session_1", other="session_2")
    tokens.let.clear()
    cache = CachedAuthenticator(tokens, 60)
    calls = [asyncio.create_task(cache.authenticate("tok")) for _ in range(20)]
    calls.append(asyncio.create_task(cache.authenticate("other")))
    await asyncio.sleep(0)
    tokens.let.set()

    assert await asyncio.gather(*calls) == [Grant.of("session_1")] * 20 + [Grant.of("session_2")]
    assert tokens.asked == 2


async def test_failure_reaches_every_waiting_caller() -> None:
    tokens = FakeTokens()
    tokens.let.clear()
    cache = CachedAuthenticator(tokens, 60)
    calls = [asyncio.create_task(cache.authenticate("tok")) for _ in range(3)]
    await asyncio.sleep(0)
    tokens.let.set()

    answers = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(answer) for answer in answers] == [AuthenticationError] * 3
    assert tokens.asked == 1


async def test_leaving_caller_does_not_cancel_the_lookup() -> None:
    tokens = FakeTokens(tok="session_1")
    tokens.let.clear()
    cache = CachedAuthenticator(tokens, 60)
    first = asyncio.create_task(cache.authenticate("tok"))
    await asyncio.sleep(0)
    second = asyncio.create_task(cache.authenticate("tok"))
    await asyncio.sleep(0)

    first.cancel()
    with suppress(asyncio.CancelledError):
        await first
    tokens.let.set()

    assert await second == Grant.of("session_1")
    assert tokens.asked == 1


async def test_revoked_token_is_looked_up_again() -> None:
    tokens = FakeTokens(tok="session_1")
    cache = CachedAuthenticator(tokens, 60)
    await cache.authenticate("tok")
    del tokens.known["tok"]

    cache.forget(hash_token("tok"))

    with pytest.raises(AuthenticationError):
        await cache.authenticate("tok")


async def test_forgetting_an_unknown_token_does_nothing() -> None:
    CachedAuthenticator(FakeTokens(), 60).forget("0" * 64)


async def test_answer_from_before_the_revocation_is_not_cached() -> None:
    tokens = FakeTokens(tok="session_1")
    tokens.let.clear()
    cache = CachedAuthenticator(tokens, 60)
    under_way = asyncio.create_task(cache.authenticate("tok"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the question has been answered in the gateway, not yet received
    del tokens.known["tok"]
    cache.forget(hash_token("tok"))
    tokens.let.set()
    await under_way

    with pytest.raises(AuthenticationError):
        await cache.authenticate("tok")


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer   abc ", "abc"),
        ("Basic abc", ""),
        ("Bearer", ""),
        ("", ""),
        ("abc", ""),
    ],
)
def test_bearer(header: str, token: str) -> None:
    assert bearer(header) == token


PUBLIC, SESSION, SERVICE = "/x.S/Public", "/x.S/Unlisted", "/x.S/Inner"


@pytest.fixture
def authenticator() -> CallAuthenticator:
    return CallAuthenticator(
        tokens=FakeTokens(tok="session_1"),
        verifier=VERIFIER,
        access={PUBLIC: Access.PUBLIC, SERVICE: Access.SERVICE},
    )


def signed(method: str, session: str = "") -> dict[str, str]:
    return CallSigner(KEY, "exporter").sign("here", method, owner=Grant.of(session))


async def test_unlisted_method_requires_a_session(
    authenticator: CallAuthenticator,
) -> None:
    with pytest.raises(AuthenticationError):
        await authenticator.identify(SESSION, {})

    caller = await authenticator.identify(SESSION, {"authorization": "Bearer tok"})

    assert caller == Identity(session_id="session_1", workspace_id="session_1", token="tok")


async def test_public_method_needs_no_caller_but_identifies_one(
    authenticator: CallAuthenticator,
) -> None:
    assert await authenticator.identify(PUBLIC, {}) is None
    caller = await authenticator.identify(PUBLIC, {"authorization": "Bearer tok"})
    assert caller is not None
    assert caller.session_id == "session_1"
    with pytest.raises(AuthenticationError):
        await authenticator.identify(PUBLIC, {"authorization": "Bearer wrong"})


async def test_session_must_not_call_methods_of_services(
    authenticator: CallAuthenticator,
) -> None:
    for metadata in ({}, {"authorization": "Bearer tok"}):
        with pytest.raises(AuthorizationError):
            await authenticator.identify(SERVICE, metadata)


@pytest.mark.parametrize("method", [PUBLIC, SESSION, SERVICE])
async def test_service_may_call_every_method(authenticator: CallAuthenticator, method: str) -> None:
    caller = await authenticator.identify(method, signed(method, "session_9"))

    assert caller == Identity(service="exporter", session_id="session_9", workspace_id="session_9")


@pytest.mark.parametrize("method", [PUBLIC, SESSION, SERVICE])
async def test_wrong_signature_is_rejected_even_with_a_valid_token(
    authenticator: CallAuthenticator, method: str
) -> None:
    metadata = {SIGNATURE_HEADER: "", "authorization": "Bearer tok"}

    with pytest.raises(AuthenticationError):
        await authenticator.identify(method, metadata)


async def test_session_cannot_be_added_to_a_signature(authenticator: CallAuthenticator) -> None:
    with pytest.raises(AuthenticationError):
        await authenticator.identify(SESSION, {**signed(SESSION), SESSION_HEADER: "session_1"})


async def test_workspace_cannot_be_added_to_a_signature(authenticator: CallAuthenticator) -> None:
    metadata = signed(SESSION, "session_1") | {WORKSPACE_HEADER: "session_2"}
    with pytest.raises(AuthenticationError):
        await authenticator.identify(SESSION, metadata)


async def test_session_header_alone_has_no_effect(authenticator: CallAuthenticator) -> None:
    with pytest.raises(AuthenticationError):
        await authenticator.identify(SESSION, {SESSION_HEADER: "session_1"})


async def test_unavailable_gateway_is_not_an_invalid_token() -> None:
    class Away:
        async def authenticate(self, token: str) -> Grant:
            raise UnavailableError("away")

    authenticator = CallAuthenticator(
        tokens=CachedAuthenticator(Away(), 60), verifier=VERIFIER, access={}
    )
    with pytest.raises(UnavailableError):
        await authenticator.identify(SESSION, {"authorization": "Bearer tok"})
