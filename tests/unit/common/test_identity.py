import asyncio

import pytest

from common import identity
from common.errors import AuthenticationError
from common.identity import Identity


def test_there_is_no_caller_outside_a_request() -> None:
    assert identity.current_or_none() is None
    with pytest.raises(AuthenticationError):
        identity.current()
    with pytest.raises(AuthenticationError):
        identity.session_id()


def test_caller_can_be_set_and_reset() -> None:
    token = identity.use(Identity(session_id="session_1", token="t"))
    try:
        assert identity.current().session_id == "session_1"
        assert identity.session_id() == "session_1"
    finally:
        identity.reset(token)
    assert identity.current_or_none() is None


def test_service_may_call_without_a_session() -> None:
    token = identity.use(Identity(service="exporter"))
    try:
        assert identity.current().service == "exporter"
        with pytest.raises(AuthenticationError, match="session"):
            identity.session_id()
    finally:
        identity.reset(token)


async def test_tasks_have_separate_callers() -> None:
    async def call(session: str) -> str:
        identity.use(Identity(session_id=session))
        await asyncio.sleep(0)
        return identity.session_id()

    answers = await asyncio.gather(*(asyncio.create_task(call(f"s{n}")) for n in range(10)))

    assert answers == [f"s{n}" for n in range(10)]
    assert identity.current_or_none() is None


def test_identities_are_compared_by_value() -> None:
    assert Identity(session_id="a") == Identity(session_id="a")
    assert Identity(session_id="a") != Identity(session_id="a", service="gateway")


def test_identity_does_not_show_its_token() -> None:
    assert "secret-token" not in repr(Identity(session_id="a", token="secret-token"))


def test_token_is_stored_as_its_sha256() -> None:
    assert identity.hash_token("abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
