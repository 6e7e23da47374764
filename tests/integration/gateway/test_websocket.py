"""WebSocket endpoint over the network."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nats.aio.client import Client
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from common import events, times
from common.events import EventPublisher
from common.postgres import Database
from gateway import app
from gateway.live.feed import QUEUE_SECONDS
from securetranscribe.v1 import event_pb2
from tests.integration.gateway.conftest import MakeGateway, Running, until
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.sounds import BEGUN


async def token_of(running: Running) -> tuple[str, str]:
    """Return the id of a new session and its token."""
    async with running.client() as client:
        data = (await client.post("/api/sessions/create")).json()["data"]
    return data["session_id"], data["session_token"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def address(running: Running, path: str = "/ws") -> str:
    return running.base_url.replace("http", "ws", 1) + path


@asynccontextmanager
async def connected(
    running: Running, token: str, **options: Any
) -> AsyncIterator[ClientConnection]:
    """Return a connection after its initial queue state."""
    async with connect(
        address(running), additional_headers=bearer(token), proxy=None, **options
    ) as socket:
        assert (await receive(socket))["type"] == "queue_update"
        yield socket


async def receive(socket: ClientConnection, seconds: float = 30) -> Any:
    async with asyncio.timeout(seconds):
        return json.loads(await socket.recv())


async def silent(socket: ClientConnection, seconds: float = 0.3) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await socket.recv()
    except TimeoutError:
        return True
    return False


def progress(session: str, job: str, percent: float) -> event_pb2.Event:
    return event_pb2.Event(
        session_id=session,
        job_progress=event_pb2.JobProgress(
            job_id=job, transcription_id=1, progress_percent=percent, current_step="Working"
        ),
    )


def completed(session: str, job: str) -> event_pb2.Event:
    return event_pb2.Event(
        session_id=session,
        job_completed=event_pb2.JobCompleted(
            job_id=job, transcription_id=1, complete_time=times.timestamp(BEGUN)
        ),
    )


@pytest.fixture
def publisher(nats: Client) -> EventPublisher:
    return EventPublisher(nats, nats.jetstream(), source="transcriber")


@pytest.mark.parametrize("path", ["/ws", "/api/ws", "/api/v1/ws"])
@pytest.mark.parametrize("shown_by", ["bearer", "cookie", "query"])
async def test_ways_to_authenticate(running: Running, path: str, shown_by: str) -> None:
    _, token = await token_of(running)
    url = address(running, path)
    headers = {
        "bearer": bearer(token),
        "cookie": {"Cookie": f"session_token={token}"},
        "query": {},
    }[shown_by]
    if shown_by == "query":
        url += f"?token={token}"
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        first = await receive(socket)
    assert first["type"] == "queue_update"
    assert first["data"].keys() == {
        "queued_jobs", "processing_jobs", "user_position", "estimated_wait_time",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, ""),
        (bearer("nonsense"), ""),
        ({"Cookie": "session_token=" + "A" * 43}, ""),
        ({}, "?token=nonsense"),
        ({}, "?token="),
    ],
)
async def test_handshakes_without_a_valid_token_are_rejected(
    running: Running, headers: dict[str, str], query: str
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with connect(address(running) + query, additional_headers=headers, proxy=None):
            pass
    assert caught.value.response.status_code == 401
    body = json.loads(caught.value.response.body or b"")
    assert body["error"]["code"] == "AUTHENTICATION_ERROR"


async def test_pages_of_other_origins_are_rejected(running: Running) -> None:
    _, token = await token_of(running)
    cookie = {"Cookie": f"session_token={token}"}
    with pytest.raises(InvalidStatus) as caught:
        async with connect(
            address(running),
            additional_headers=cookie,
            origin=Origin("https://evil.example"),
            proxy=None,
        ):
            pass
    assert caught.value.response.status_code == 403
    own = running.base_url
    async with connect(
        address(running), additional_headers=cookie, origin=Origin(own), proxy=None
    ) as it:
        assert (await receive(it))["type"] == "queue_update"


async def test_tokens_are_never_logged(
    running: Running, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    _, token = await token_of(running)
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.INFO, logger="uvicorn.error"):
        async with connect(address(running) + f"?token={token}", proxy=None) as socket:
            await receive(socket)
        async with running.client() as client:
            await client.get("/api/queue/status", headers=bearer(token))
            await client.get(f"/api/queue/status?token={token}")
    lines = [
        record.getMessage() for record in caplog.records
        if not record.name.startswith(("websockets.client", "httpx", "httpcore"))
    ]  # fmt: skip
    lines += capfd.readouterr().out.splitlines()
    assert [line for line in lines if "[accepted]" in line]
    assert [line for line in lines if "/api/queue/status" in line]
    assert not [line for line in lines if token in line]


async def test_clients_only_receive_events_of_their_session(
    running: Running, publisher: EventPublisher
) -> None:
    (mine, my_token), (theirs, their_token) = await token_of(running), await token_of(running)
    async with connected(running, my_token) as me, connected(running, their_token) as they:
        await publisher.publish(progress(mine, "job_mine", 10))
        await publisher.publish(progress(theirs, "job_theirs", 20))
        await publisher.publish(completed(mine, "job_mine"))
        first, second = await receive(me), await receive(me)
        assert (first["type"], first["data"]["job_id"]) == ("job_progress", "job_mine")
        assert (second["type"], second["data"]["job_id"]) == ("job_completed", "job_mine")
        other = await receive(they)
        assert other["data"]["job_id"] == "job_theirs"
        assert await silent(me)
        assert await silent(they)


async def test_queue_changes_are_sent_at_most_once_per_second(
    running: Running, publisher: EventPublisher
) -> None:
    session, token = await token_of(running)
    async with connected(running, token) as socket:
        begun = time.monotonic()
        for number in range(100, 120):
            await asyncio.sleep(0.02)
            change = event_pb2.QueueChanged(
                queued_jobs=number,
                processing_jobs=2,
                estimated_wait=times.duration(300),
                places=[event_pb2.QueuePlace(session_id=session, position=number)],
            )
            await publisher.publish(event_pb2.Event(queue_changed=change))
        told = [await receive(socket)]
        while told[-1]["data"]["queued_jobs"] < 119:
            told.append(await receive(socket))
        assert time.monotonic() - begun >= (len(told) - 1) * QUEUE_SECONDS * 0.8
        assert len(told) < 20
        assert told[-1]["data"]["user_position"] == 119
        assert await silent(socket, QUEUE_SECONDS * 1.2)


async def test_revocation_closes_the_connection(running: Running) -> None:
    """The connection closes at once, not only at the next keep-alive minutes later."""
    _, token = await token_of(running)
    async with connected(running, token) as socket:
        async with running.client() as client:
            await client.delete("/api/sessions/current", headers=bearer(token))
        with pytest.raises(ConnectionClosed) as caught:
            await receive(socket)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 4401


async def test_revocation_by_another_gateway_closes_the_connection(
    running: Running, make_gateway: MakeGateway
) -> None:
    _, token = await token_of(running)
    async with make_gateway() as other, connected(running, token) as socket:
        async with other.client() as client:
            await client.delete("/api/sessions/current", headers=bearer(token))
        with pytest.raises(ConnectionClosed):
            await receive(socket)


async def test_a_connection_keeps_its_session_alive(
    make_gateway: MakeGateway, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_KEEP_ALIVE_SECONDS", 0.1)
    query = "SELECT expires_at FROM sessions WHERE session_id = %s"
    async with make_gateway(session_touch_seconds=0.05) as eager:
        session, token = await token_of(eager)

        async def expiry() -> Any:
            row = await database.fetch_one(query, (session,))
            assert row is not None
            return row["expires_at"]

        async with connected(eager, token):
            first = await expiry()

            async def moved() -> bool:
                return bool(await expiry() > first)

            await until(moved)


async def test_pings_are_answered_and_other_messages_ignored(running: Running) -> None:
    _, token = await token_of(running)
    async with connected(running, token) as socket:
        for word in ("not json", "[]", '{"type": "other"}', "\x00"):
            await socket.send(word)
        await socket.send(b"bytes")
        await socket.send('{"type": "ping"}')
        assert (await receive(socket))["type"] == "pong"
        pong = await socket.ping()
        async with asyncio.timeout(30):
            await pong


async def test_oversized_messages_close_the_connection(running: Running) -> None:
    _, token = await token_of(running)
    async with connected(running, token) as socket:
        await socket.send("x" * 100_000)
        with pytest.raises(ConnectionClosed) as caught:
            await receive(socket)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1009


async def test_connections_per_session_are_limited(make_gateway: MakeGateway) -> None:
    async with make_gateway(websockets_per_session=2) as few:
        _, token = await token_of(few)
        async with connected(few, token), connected(few, token):
            with pytest.raises(InvalidStatus) as caught:
                async with connected(few, token):
                    pass
            assert caught.value.response.status_code == 503


async def test_a_connection_opens_without_the_transcriber(
    running: Running, publisher: EventPublisher, peers: Peers
) -> None:
    session, token = await token_of(running)
    peers.transcriber.failure = RuntimeError("broken")
    try:
        async with connect(
            address(running), additional_headers=bearer(token), proxy=None
        ) as socket:
            await publisher.publish(completed(session, f"job_{session}"))
            assert (await receive(socket))["type"] == "job_completed"
    finally:
        peers.transcriber.failure = None


async def test_invalid_messages_on_the_subject_are_ignored(
    running: Running, nats: Client, publisher: EventPublisher
) -> None:
    session, token = await token_of(running)
    async with connected(running, token) as socket:
        job = f"job_{session}"
        subject = events.envelope(progress(session, job, 1), source="x").subject
        await nats.publish(subject, b"\xff\xff not an event")
        await publisher.publish(progress(session, job, 50))
        assert (await receive(socket))["data"]["progress_percentage"] == 50


async def test_stopping_the_gateway_closes_connections(make_gateway: MakeGateway) -> None:
    async with make_gateway() as ending:
        _, token = await token_of(ending)
        async with connected(ending, token) as socket:
            ending.supervisor.stop()
            with pytest.raises(ConnectionClosed) as caught:
                await receive(socket)
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1012
