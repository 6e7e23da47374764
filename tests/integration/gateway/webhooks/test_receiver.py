"""Requests to receivers: permitted addresses, and limits of answers."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from gateway.webhooks.addresses import PermittedNetworks
from gateway.webhooks.receiver import MOST_ANSWER_BYTES, UNREACHABLE, Receivers, resolve
from tests.certificates import Authority
from tests.integration.gateway.webhooks.receivers import Receiver, answer, receiving

HERE = PermittedNetworks.parse(["127.0.0.1"])
HEADERS = {"webhook-id": "msg_1"}


def found(**names: Sequence[str]) -> Callable[[str, int], Sequence[str]]:
    """Return a resolver of names, with underscores for dots."""
    return lambda host, _port: names.get(host.replace(".", "_"), ())


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
async def receivers() -> AsyncIterator[Receivers]:
    # Longer than any test takes.
    one = Receivers(HERE, version="1", timeout=300)
    yield one
    await one.close()


async def test_request(receiver: Receiver, receivers: Receivers) -> None:
    came = await receivers.post(receiver.url, "Grüße".encode(), HEADERS)
    assert (came.status, came.body, came.error) == (200, "ok", "")
    (received,) = receiver.received
    assert received.line == "POST /hooks?from=test HTTP/1.1"
    assert received.body == "Grüße"
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"] == "SecureTranscribe-Webhooks/1"
    assert received.headers["webhook-id"] == "msg_1"


async def test_redirects_are_not_followed(receiver: Receiver, receivers: Receivers) -> None:
    async with receiving() as elsewhere:
        receiver.answers = [answer(307, location=elsewhere.url)]
        came = await receivers.post(receiver.url, b"{}", HEADERS)
    assert came.status == 307
    assert elsewhere.received == []


async def test_answer_says_when_to_come_back(receiver: Receiver, receivers: Receivers) -> None:
    receiver.answers = [answer(503, b"busy\n\x1b[31m", Retry_After="7")]
    came = await receivers.post(receiver.url, b"{}", HEADERS)
    assert (came.status, came.retry_after, came.body) == (503, "7", "busy [31m")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2:{port}/",
        "http://[::1]:{port}/",
        "http://2130706434:{port}/",
        "http://0x7f.0.0.2:{port}/",
        "https://localhost.localdomain.invalid/",
        "https://169.254.169.254/latest/meta-data/",
        "http://192.0.2.1/",
    ],
)
async def test_internal_addresses_get_no_request(
    url: str, receiver: Receiver, receivers: Receivers
) -> None:
    url = url.format(port=receiver.port)
    with pytest.raises(ValueError, match="WEBHOOK_ALLOWED_NETWORKS"):
        await receivers.check(url)
    came = await receivers.post(url, b"{}", HEADERS)
    assert came.status is None
    assert "WEBHOOK_ALLOWED_NETWORKS" in came.error
    assert receiver.received == []


async def test_unknown_and_internal_names_look_the_same() -> None:
    receivers = Receivers(
        HERE,
        version="1",
        find=found(
            internal_example=["10.0.0.1"],
            mixed_example=["93.184.215.14", "10.0.0.1"],
            public_example=["93.184.215.14"],
        ),
    )
    try:
        for host in ("internal.example", "mixed.example", "unknown.example"):
            with pytest.raises(ValueError, match="has no address") as refused:
                await receivers.check(f"https://{host}/")
            assert str(refused.value) == UNREACHABLE
            came = await receivers.post(f"https://{host}/", b"{}", HEADERS)
            assert came.error == UNREACHABLE
        await receivers.check("https://public.example/")
        with pytest.raises(ValueError, match="Use https"):
            await receivers.check("http://public.example/")
    finally:
        await receivers.close()


async def test_connection_goes_to_the_checked_address_only(receiver: Receiver) -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    asked: list[str] = []

    def find(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return answers.pop(0)

    receivers = Receivers(HERE, version="1", find=find)
    url = f"http://changing.example:{receiver.port}/"
    try:
        first = await receivers.post(url, b"{}", HEADERS)
        second = await receivers.post(url, b"{}", HEADERS)
    finally:
        await receivers.close()
    assert first.status == 200
    assert second.error
    assert len(receiver.received) == 1
    # The name is looked up once per request, so that no other answer can be slipped in.
    assert asked == ["changing.example"] * 2


async def test_next_address_is_tried(receiver: Receiver) -> None:
    permitted = PermittedNetworks.parse(["127.0.0.0/8"])
    receivers = Receivers(
        permitted, version="1", find=found(two_example=["127.0.0.9", "127.0.0.1"])
    )
    try:
        came = await receivers.post(f"http://two.example:{receiver.port}/", b"{}", HEADERS)
    finally:
        await receivers.close()
    assert came.status == 200


async def test_tls_keeps_the_name(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path / "authority")
    certificate, key = authority.issue("hooks", hosts=("hooks.example",))
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certificate, key)
    trusted = ssl.create_default_context(cafile=str(authority.certificate))
    names = found(hooks_example=["127.0.0.1"], other_example=["127.0.0.1"])
    receivers = Receivers(HERE, version="1", find=names, tls=trusted)
    strangers = Receivers(HERE, version="1", find=names)
    try:
        async with receiving(served) as receiver:
            url = f"https://hooks.example:{receiver.port}/"
            assert (await receivers.post(url, b"{}", HEADERS)).status == 200
            other = await receivers.post(url.replace("hooks.", "other."), b"{}", HEADERS)
            unknown = await strangers.post(url, b"{}", HEADERS)
    finally:
        await receivers.close()
        await strangers.close()
    assert len(receiver.received) == 1
    for came in (other, unknown):
        assert (came.status, "certificate" in came.error) == (None, True)


async def test_silent_receivers_are_left(receiver: Receiver) -> None:
    receiver.silent = True
    receivers = Receivers(HERE, version="1", timeout=1.0)
    try:
        async with asyncio.timeout(60):
            came = await receivers.post(receiver.url, b"{}", HEADERS)
    finally:
        await receivers.close()
    assert came.error == "No answer within 1 seconds."


async def test_endless_answers_are_left(receiver: Receiver, receivers: Receivers) -> None:
    receiver.answers = [b"HTTP/1.1 200 OK\r\n\r\n"]
    receiver.rest = b"x" * MOST_ANSWER_BYTES
    async with asyncio.timeout(60):
        came = await receivers.post(receiver.url, b"{}", HEADERS)
    assert (came.status, came.body) == (200, "x" * 200)


async def test_status_counts_without_the_rest(receiver: Receiver, receivers: Receivers) -> None:
    receiver.answers = [b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"]
    came = await receivers.post(receiver.url, b"{}", HEADERS)
    assert (came.status, came.body) == (200, "half")


@pytest.mark.parametrize(
    "answered",
    [b"", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 100_000 + b"\r\n"],
)
async def test_other_answers_are_failures(
    answered: bytes, receiver: Receiver, receivers: Receivers
) -> None:
    receiver.answers = [answered]
    came = await receivers.post(receiver.url, b"{}", HEADERS)
    assert came.status is None
    assert came.error == "The connection broke off, or the answer is not HTTP."


async def test_closed_ports_are_failures(receivers: Receivers) -> None:
    async with receiving() as gone:
        pass
    came = await receivers.post(gone.url, b"{}", HEADERS)
    assert came.error == "The connection was refused, or broke off."


def test_names_are_resolved() -> None:
    assert "127.0.0.1" in resolve("localhost", 80)
    assert resolve("unknown.invalid", 80) == ()
    assert resolve("x" * 64 + ".example", 80) == ()
