import asyncio

import pytest

from common.auth import CallAuthenticator
from common.errors import UnavailableError
from common.identity import Grant, Identity
from common.session_renewal import renewing
from common.signing import CallVerifier, receiver_key


class FakeTokens:
    """Fake of the session service that fails at first."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.twice = asyncio.Event()

    async def authenticate(self, token: str) -> Grant:
        self.asked.append(token)
        if len(self.asked) == 1:
            raise UnavailableError("The gateway does not answer.")
        self.twice.set()
        return Grant.of("session_1")


@pytest.fixture
def tokens() -> FakeTokens:
    return FakeTokens()


@pytest.fixture
def authenticator(tokens: FakeTokens) -> CallAuthenticator:
    verifier = CallVerifier(receiver_key("k" * 32, "here"), "here")
    return CallAuthenticator(tokens=tokens, verifier=verifier, access={})


async def test_a_long_call_keeps_its_session_alive(
    tokens: FakeTokens, authenticator: CallAuthenticator
) -> None:
    caller = Identity(session_id="session_1", workspace_id="session_1", token="tok")
    others = asyncio.all_tasks()
    with renewing(authenticator, caller, every=0.01):
        await asyncio.wait_for(tokens.twice.wait(), 30)
    tasks = [task for task in asyncio.all_tasks() - others if task.get_name() == "session renewal"]
    await asyncio.gather(*tasks, return_exceptions=True)
    assert set(tokens.asked) == {"tok"}
    assert all(task.cancelled() for task in tasks)


async def test_a_short_call_asks_nobody(
    tokens: FakeTokens, authenticator: CallAuthenticator
) -> None:
    caller = Identity(session_id="session_1", workspace_id="session_1", token="tok")
    before = len(asyncio.all_tasks())
    with renewing(authenticator, caller, every=3600):
        assert len(asyncio.all_tasks()) == before
    assert tokens.asked == []


@pytest.mark.parametrize(
    "caller", [None, Identity(service="gateway", session_id="session_1", workspace_id="session_1")]
)
async def test_calls_of_services_renew_nothing(
    tokens: FakeTokens, authenticator: CallAuthenticator, caller: Identity | None
) -> None:
    with renewing(authenticator, caller, every=0):
        for _ in range(3):
            await asyncio.sleep(0)
    assert tokens.asked == []
