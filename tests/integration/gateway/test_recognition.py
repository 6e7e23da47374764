"""WebSocket of live sessions over the network, in front of a fake LiveService."""

import asyncio
import base64
import contextlib
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from common.errors import LockedError, StateError, UnavailableError
from securetranscribe.v1 import speech_pb2, transcription_pb2
from tests.integration.gateway.conftest import MakeGateway, Running, until
from tests.integration.gateway.fake_live import CAPTURE_ID, FakeLive, serving
from tests.integration.gateway.test_websocket import address, bearer, receive, token_of

BEGIN = {"type": "begin", "encoding": "webm_opus"}
_PATHS = ["/ws/live", "/api/ws/live", "/api/v1/ws/live"]


@pytest.fixture(scope="module")
async def live() -> AsyncIterator[tuple[FakeLive, str]]:
    async with serving() as found:
        yield found


@pytest.fixture
def fake(live: tuple[FakeLive, str]) -> FakeLive:
    live[0].reset()
    return live[0]


@pytest.fixture(scope="module")
async def running(make_gateway: MakeGateway, live: tuple[FakeLive, str]) -> AsyncIterator[Running]:
    async with make_gateway(transcriber_grpc=live[1]) as gateway:
        yield gateway


@asynccontextmanager
async def opened(running: Running, path: str = "/ws/live") -> AsyncIterator[ClientConnection]:
    """Return a connection of a new session."""
    _, token = await token_of(running)
    async with connect(
        address(running, path), additional_headers=bearer(token), proxy=None
    ) as socket:
        yield socket


async def say(socket: ClientConnection, message: dict[str, Any]) -> None:
    await socket.send(json.dumps(message))


def chunk(number: int, data: bytes, flags: int = 0) -> bytes:
    return struct.pack(">QB", number, flags) + data


async def closed(socket: ClientConnection) -> tuple[int, list[Any]]:
    """Return the close code, and the messages before it."""
    before: list[Any] = []
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionClosed):
            while True:
                before.append(json.loads(await socket.recv()))
        await socket.wait_closed()
    assert socket.close_code is not None
    return socket.close_code, before


@pytest.mark.parametrize("path", _PATHS)
async def test_a_session(running: Running, fake: FakeLive, path: str) -> None:
    async with opened(running, path) as socket:
        await say(socket, {**BEGIN, "title": "Call", "language": "en", "channels": "mix"})
        begun = await receive(socket)
        assert begun["type"] == "begun"
        assert begun["data"]["transcription_id"] == 7
        assert begun["data"]["capture"]["capture_id"] == CAPTURE_ID
        await socket.send(chunk(0, b"abc", 1))
        data = base64.b64encode(b"def").decode()
        await say(socket, {"type": "chunk", "number": 1, "data": data})
        await say(socket, {"type": "finish", "chunk_count": 2})
        code, before = await closed(socket)
    assert code == 1000
    kinds = [message["type"] for message in before]
    assert kinds == ["acknowledged", "final", "acknowledged", "final", "ended"]
    assert before[1]["data"] == {
        "segment": 0,
        "sequence": 1,
        "text": "w0",
        "words": [{"text": "w0", "start_time": 0.0, "end_time": 0.5, "confidence": 0.5}],
        "start_time": 0.0,
        "end_time": 0.5,
        "language": "en",
        "channel": None,
        "speaker": None,
        "continues": False,
    }
    assert before[-1]["data"]["capture"]["state"] == "completed"
    first, *chunks, _ = fake.requests
    assert first.begin.title == "Call"
    assert first.begin.encoding == speech_pb2.AUDIO_ENCODING_WEBM_OPUS
    assert first.begin.config.channels == transcription_pb2.CHANNEL_MODE_MIX
    assert [(one.chunk.data, one.chunk.starts_stream) for one in chunks] == [
        (b"abc", True),
        (b"def", False),
    ]


async def test_calls_are_made_for_the_session(running: Running, fake: FakeLive) -> None:
    session_id, token = await token_of(running)
    async with connect(
        address(running, "/ws/live"), additional_headers=bearer(token), proxy=None
    ) as socket:
        resume = {"type": "resume", "capture_id": CAPTURE_ID, "after_sequence": 5}
        await say(socket, resume)
        await receive(socket)
        await say(socket, {"type": "ping"})
        assert (await receive(socket))["type"] == "pong"
    caller = fake.callers[0]
    assert (caller.session_id, caller.service) == (session_id, "gateway")
    assert caller.client_address == "127.0.0.1"
    assert fake.requests[0].resume.after_sequence == 5
    await until(lambda: fake.open == 0)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("no json", None),
        ('"text"', None),
        ('{"type": "chunk", "number": 0, "data": ""}', "type"),
        ('{"type": "begin", "encoding": "mp3"}', "encoding"),
        ('{"type": "begin", "encoding": "linear16", "sample_rate": "many"}', "sample_rate"),
        ('{"type": "begin", "encoding": "webm_opus", "shape": 1}', "shape"),
        ('{"type": "begin", "encoding": "webm_opus", "priority": 6}', "priority"),
        (b"\0" * 20, "type"),
    ],
)
async def test_wrong_first_messages(
    running: Running, fake: FakeLive, message: str | bytes, field: str | None
) -> None:
    async with opened(running) as socket:
        await socket.send(message)
        code, (error,) = await closed(socket)
    assert code == 1008
    assert (error["type"], error["data"]["code"]) == ("error", "VALIDATION_ERROR")
    assert error["data"]["details"].get("field") == field
    assert not fake.requests


@pytest.mark.parametrize(
    "message",
    [
        b"short",
        struct.pack(">QB", 2**40, 0) + b"x",
        struct.pack(">QB", 0, 7) + b"x",
        '{"type": "chunk", "number": 0, "data": "?"}',
        '{"type": "finish", "chunk_count": 0}',
        '{"type": "begin", "encoding": "webm_opus"}',
    ],
)
async def test_wrong_later_messages(running: Running, message: str | bytes) -> None:
    async with opened(running) as socket:
        await say(socket, BEGIN)
        await receive(socket)
        await socket.send(message)
        code, (error,) = await closed(socket)
    assert (code, error["data"]["code"]) == (1008, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LockedError("Another one."), 4409),
        (StateError("Ended.", {"state": "completed"}), 1008),
        (UnavailableError("Away."), 1012),
    ],
)
async def test_refusals_of_the_service(
    running: Running, fake: FakeLive, error: Any, code: int
) -> None:
    fake.fails = error
    async with opened(running) as socket:
        await say(socket, BEGIN)
        await receive(socket)
        await socket.send(chunk(0, b"x"))
        found, before = await closed(socket)
    assert found == code
    assert before[-1]["data"]["message"] == error.message
    assert before[-1]["data"]["details"] == error.details


async def test_too_large_messages(running: Running) -> None:
    async with opened(running) as socket:
        await say(socket, BEGIN)
        await receive(socket)
        await socket.send(chunk(0, b"x" * 64 * 1024))
        code, _ = await closed(socket)
    assert code == 1009


@pytest.mark.parametrize("begins", [True, False])
async def test_ended_sessions_are_closed(running: Running, fake: FakeLive, begins: bool) -> None:
    _, token = await token_of(running)
    async with connect(
        address(running, "/ws/live"), additional_headers=bearer(token), proxy=None
    ) as socket:
        if begins:
            await say(socket, BEGIN)
            await receive(socket)
        async with running.client(headers=bearer(token)) as client:
            (await client.delete("/api/sessions/current")).raise_for_status()
        async with asyncio.timeout(10):
            code, _ = await closed(socket)
    assert code == 4401
    await until(lambda: fake.open == 0)


async def test_handshakes_are_refused(running: Running) -> None:
    _, token = await token_of(running)
    url = address(running, "/ws/live")
    for headers, origin, status in (
        ({}, None, 401),
        ({"Cookie": f"session_token={token}"}, Origin("https://evil.example"), 403),
    ):
        with pytest.raises(InvalidStatus) as caught:
            async with connect(url, additional_headers=headers, origin=origin, proxy=None):
                pass
        assert caught.value.response.status_code == status


async def test_new_sessions_count_as_uploads(
    make_gateway: MakeGateway, live: tuple[FakeLive, str]
) -> None:
    async with make_gateway(transcriber_grpc=live[1], rate_limit_upload="1/minute") as limited:
        _, token = await token_of(limited)
        codes = []
        for _ in range(2):
            async with connect(
                address(limited, "/ws/live"), additional_headers=bearer(token), proxy=None
            ) as socket:
                await say(socket, BEGIN)
                codes.append((await receive(socket))["type"])
    assert codes == ["begun", "error"]


async def test_api_that_is_away(make_gateway: MakeGateway) -> None:
    async with make_gateway(transcriber_grpc="127.0.0.1:9") as alone, opened(alone) as socket:
        await say(socket, BEGIN)
        code, _ = await closed(socket)
    assert code == 1012
