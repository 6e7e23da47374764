import asyncio
import time

import pytest

from common import identity
from common.errors import AuthenticationError
from common.identity import SERVICE_HEADER, SESSION_HEADER, Identity, ServiceSigner

KEY = "k" * 32


@pytest.fixture
def signer() -> ServiceSigner:
    return ServiceSigner(KEY, "exporter")


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


def test_signature_proves_service_and_session(signer: ServiceSigner) -> None:
    metadata = signer.sign("session_1")

    assert metadata[SESSION_HEADER] == "session_1"
    verified = ServiceSigner(KEY, "transcriber").verify(metadata[SERVICE_HEADER], "session_1")
    assert verified == Identity(service="exporter", session_id="session_1")


def test_signature_without_session(signer: ServiceSigner) -> None:
    metadata = signer.sign()

    assert set(metadata) == {SERVICE_HEADER}
    assert signer.verify(metadata[SERVICE_HEADER]) == Identity(service="exporter")


def test_signature_is_valid_for_one_session_only(signer: ServiceSigner) -> None:
    value = signer.sign("session_1")[SERVICE_HEADER]

    for other in ("session_2", ""):
        with pytest.raises(AuthenticationError):
            signer.verify(value, other)


def test_signature_with_another_key_is_rejected(signer: ServiceSigner) -> None:
    value = ServiceSigner("z" * 32, "exporter").sign()[SERVICE_HEADER]

    with pytest.raises(AuthenticationError):
        signer.verify(value)


def test_service_name_cannot_be_forged(signer: ServiceSigner) -> None:
    value = signer.sign()[SERVICE_HEADER].replace("exporter", "gateway")

    with pytest.raises(AuthenticationError):
        signer.verify(value)


@pytest.mark.parametrize(
    ("shift", "accepted"), [(-290, True), (290, True), (-310, False), (310, False)]
)
def test_signatures_expire(
    signer: ServiceSigner, monkeypatch: pytest.MonkeyPatch, shift: int, accepted: bool
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    value = signer.sign()[SERVICE_HEADER]
    monkeypatch.setattr(time, "time", lambda: now + shift)

    if accepted:
        assert signer.verify(value).service == "exporter"
    else:
        with pytest.raises(AuthenticationError):
            signer.verify(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "v1",
        "v1:::",
        "v1:exporter:now:" + "0" * 64,
        "v1:exporter:²:" + "0" * 64,
        "v1:exporter:" + "9" * 5000 + ":" + "0" * 64,
        "v2:exporter:1700000000:" + "0" * 64,
        "v1:exporter:1700000000:" + "ü" * 64,
        "v1:exporter:1700000000:" + "0" * 64 + "\n",
    ],
)
def test_malformed_signature_is_rejected(signer: ServiceSigner, value: str) -> None:
    with pytest.raises(AuthenticationError):
        signer.verify(value)


def test_signature_does_not_contain_the_key(signer: ServiceSigner) -> None:
    assert KEY not in signer.sign("s")[SERVICE_HEADER]
