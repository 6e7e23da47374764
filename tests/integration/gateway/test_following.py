"""WebSocket of followers over the network, in front of a fake LiveService."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from common.errors import NotFoundError, StateError, UnavailableError
from tests.integration.gateway.conftest import MakeGateway, Running, until
from tests.integration.gateway.fake_live import FakeLive, serving
from tests.integration.gateway.test_recognition import closed
from tests.integration.gateway.test_websocket import address, bearer, receive, token_of

_PATHS = ["/ws/live/follow", "/api/ws/live/follow", "/api/v1/ws/live/follow"]


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
async def following(
    running: Running, query: str, path: str = "/ws/live/follow"
) -> AsyncIterator[ClientConnection]:
    """Return a connection of a new session."""
    _, token = await token_of(running)
    url = f"{address(running, path)}?{query}"
    async with connect(url, additional_headers=bearer(token), proxy=None) as socket:
        yield socket


@pytest.mark.parametrize("path", _PATHS)
async def test_a_session_is_followed(running: Running, fake: FakeLive, path: str) -> None:
    session_id, token = await token_of(running)
    url = f"{address(running, path)}?transcription_id=7&after_sequence=4&token={token}"
    async with connect(url, proxy=None) as socket:
        code, messages = await closed(socket)

    assert code == 1000
    assert [message["type"] for message in messages] == ["begun", "final", "speaker", "ended"]
    assert messages[0]["data"] == {"transcription_id": 7, "last_sequence": 5}
    assert messages[1]["data"]["text"] == "w4"
    assert messages[2]["data"] == {"segment": 4, "sequence": 6, "speaker": "A"}
    assert messages[-1]["data"] == {"transcription_id": 7}
    [request], [caller] = fake.followers, fake.callers
    assert (request.transcription_id, request.after_sequence) == (7, 4)
    assert (caller.session_id, caller.service) == (session_id, "gateway")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "transcription_id"),
        ("transcription_id=seven", "transcription_id"),
        ("transcription_id=0", "transcription_id"),
        ("transcription_id=7&after_sequence=-1", "after_sequence"),
        ("transcription_id=7&after=1", "after"),
    ],
)
async def test_wrong_addresses(running: Running, fake: FakeLive, query: str, field: str) -> None:
    async with following(running, query) as socket:
        code, (error,) = await closed(socket)
    assert (code, error["data"]["code"]) == (1008, "VALIDATION_ERROR")
    assert error["data"]["details"]["field"] == field
    assert not fake.followers


async def test_followers_send_pings_only(running: Running, fake: FakeLive) -> None:
    async with following(running, "transcription_id=8") as socket:
        for _ in range(3):
            await receive(socket)
        await socket.send(json.dumps({"type": "ping"}))
        assert (await receive(socket))["type"] == "pong"
        await socket.send(json.dumps({"type": "finish", "chunk_count": 1}))
        code, (error,) = await closed(socket)
    assert (code, error["data"]["code"]) == (1008, "VALIDATION_ERROR")
    await until(lambda: fake.open == 0)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFoundError("There is no such transcription."), 1008),
        (StateError("Not live.", {"reason": "NOT_LIVE"}), 1008),
        (UnavailableError("Away."), 1012),
    ],
)
async def test_refusals_of_the_service(
    running: Running, fake: FakeLive, error: Any, code: int
) -> None:
    fake.fails = error
    async with following(running, "transcription_id=7") as socket:
        found, messages = await closed(socket)
    assert found == code
    assert messages[-1]["data"]["message"] == error.message


async def test_ended_sessions_are_closed(running: Running, fake: FakeLive) -> None:
    _, token = await token_of(running)
    url = f"{address(running, '/ws/live/follow')}?transcription_id=8"
    async with connect(url, additional_headers=bearer(token), proxy=None) as socket:
        await receive(socket)
        async with running.client(headers=bearer(token)) as client:
            (await client.delete("/api/sessions/current")).raise_for_status()
        code, _ = await closed(socket)
    assert code == 4401
    await until(lambda: fake.open == 0)


async def test_followers_without_a_session_are_refused(running: Running) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with connect(address(running, "/ws/live/follow?transcription_id=7"), proxy=None):
            pass
    assert caught.value.response.status_code == 401
