"""Live sessions of the asynchronous client, against a server whose messages a test decides."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Response

from securetranscribe import ApiError, SecureTranscribeError
from securetranscribe.errors import AuthenticationError, LockedError
from tests.unit.securetranscribe.live_server import Connection, is_kind, server


async def test_sound_is_sent_and_messages_arrive() -> None:
    async def handle(connection: Connection, part: Any) -> None:
        if is_kind(part, "finish"):
            await connection.end()
        elif isinstance(part, dict):
            await connection.begin()
        else:
            await connection.acknowledge(part[0] + 1)
            await connection.tell("draft", segment=1, text="hello")
            await connection.final(part[0] + 1, "hello there")

    async with server(handle) as found:
        async with found.client.live(
            "linear16", sample_rate=16_000, title=None, num_speakers=2
        ) as session:
            await session.send(b"\1\2")
            ended = await session.finish()
            messages = [message async for message in session]
        assert ended["transcription_id"] == session.transcription_id == 7
        assert [message["type"] for message in messages] == [
            "state",
            "begun",
            "draft",
            "final",
            "ended",
        ]
        first = dict(found.firsts[0])
        assert len(first.pop("request_id")) == 32
        assert first == {
            "type": "begin",
            "encoding": "linear16",
            "sample_rate": 16_000,
            "num_speakers": 2,
        }
        assert found.chunks == [(0, 0, b"\1\2")]
        assert found.finishes == [{"type": "finish", "chunk_count": 1, "allow_gaps": False}]
        assert found.requests[0].path == "/api/ws/live"
        assert found.requests[0].headers["Authorization"] == "Bearer token"
        with pytest.raises(SecureTranscribeError, match="has ended"):
            await session.send(b"\3")


async def test_after_a_loss_nothing_is_missing_and_nothing_comes_twice() -> None:
    async def handle(connection: Connection, part: Any) -> None:
        if is_kind(part, "finish"):
            await connection.end()
        elif isinstance(part, dict):
            await connection.begin(0 if connection.number == 1 else 1)
            if connection.number == 2:
                await connection.final(1, "one")
                await connection.final(2, "two")
        elif connection.number == 2:
            await connection.acknowledge(part[0] + 1)
        elif part[0] == 2:
            await connection.final(1, "one")
            await connection.acknowledge(1)
            # The messages before arrive, unlike those after.
            await asyncio.sleep(0.05)
            connection.socket.transport.abort()

    async with server(handle) as found, found.client.live("webm_opus") as session:
        for byte in b"\0\1\2":
            await session.send(bytes([byte]))
        seen = []
        async for message in session:
            seen.append(message)
            if message == {"type": "state", "data": "lost"}:
                await session.send(b"\3", starts_stream=True)
                finishing = asyncio.create_task(session.finish())
        await finishing
        assert [one["data"]["text"] for one in seen if one["type"] == "final"] == ["one", "two"]
        assert [one["data"] for one in seen if one["type"] == "state"] == ["open", "lost", "open"]
        assert [chunk[:2] for chunk in found.chunks] == [
            (0, 0),
            (1, 0),
            (2, 0),
            (1, 0),
            (2, 0),
            (3, 1),
        ]
        assert found.firsts[1] == {"type": "resume", "capture_id": "c1", "after_sequence": 1}
        assert [one["chunk_count"] for one in found.finishes] == [4]


async def test_another_process_goes_on_with_the_id() -> None:
    async def handle(connection: Connection, part: Any) -> None:
        if is_kind(part, "finish") and not part["allow_gaps"]:
            await connection.acknowledge(6, (3,))
            await connection.tell("notice", code="chunks_missing", message="Missing.")
        elif is_kind(part, "finish"):
            await connection.end()
        elif isinstance(part, dict):
            await connection.begin(5)
        else:
            await connection.acknowledge(6)

    async with server(handle) as found:
        async with found.client.live(capture_id="c1", after_sequence=4) as session:
            await session.send(b"x")
            await session.finish()
        assert found.firsts == [{"type": "resume", "capture_id": "c1", "after_sequence": 4}]
        assert found.chunks == [(5, 0, b"x")]
        # Chunk 3 was of the first process, and is lost with it.
        assert [(one["chunk_count"], one["allow_gaps"]) for one in found.finishes] == [
            (6, False),
            (6, True),
        ]


async def test_large_sound_is_divided_and_sending_waits() -> None:
    full, durable = asyncio.Event(), asyncio.Event()

    async def handle(connection: Connection, part: Any) -> None:
        if is_kind(part, "finish"):
            await connection.end()
        elif isinstance(part, dict):
            await connection.begin()
        elif durable.is_set() or part[0] == 31:
            full.set()
            await durable.wait()
            await connection.acknowledge(part[0] + 1)

    size = 6 * 1024 * 1024
    async with server(handle) as found, found.client.live("float32", sample_rate=8000) as session:
        sending = asyncio.create_task(session.send(bytes(size), starts_stream=True))
        await full.wait()
        await asyncio.sleep(0.1)
        assert len(found.chunks) == 32
        assert not sending.done()
        durable.set()
        await sending
        await session.finish()
        sizes = [len(data) for _, _, data in found.chunks]
        assert sum(sizes) == size
        assert max(sizes) + 9 <= 65_536
        assert all(one % 8 == 0 for one in sizes[:-1])
        assert [flags for _, flags, _ in found.chunks[:2]] == [1, 0]


@pytest.mark.parametrize(
    ("code", "reported", "kind"),
    [(4409, "LOCKED", LockedError), (1008, "NEWER_CODE", ApiError)],
)
async def test_refusals_end_the_session(code: int, reported: str, kind: type[ApiError]) -> None:
    async def handle(connection: Connection, _: Any) -> None:
        await connection.tell("error", code=reported, message="No.", details={"field": "x"})
        await connection.socket.close(code)

    async with server(handle) as found, found.client.live("linear16") as session:
        with pytest.raises(kind) as caught:
            await anext(session)
        assert (caught.value.code, caught.value.details) == (reported, {"field": "x"})
        with pytest.raises(kind):
            await session.send(b"x")
        with pytest.raises(kind):
            await session.finish()
        assert len(found.firsts) == 1


async def test_refused_handshakes_have_their_reason() -> None:
    body = {"success": False, "error": {"code": "AUTHENTICATION_ERROR", "message": "Sign in."}}

    async def handle(connection: Connection, _: Any) -> None:
        await connection.end()

    def refuse(socket: ServerConnection) -> Response:
        return socket.respond(401, json.dumps(body))

    async with server(handle, refuse) as found, found.client.live("linear16") as session:
        with pytest.raises(AuthenticationError, match="Sign in"):
            await anext(session)


async def test_leaving_disconnects() -> None:
    closed = asyncio.Event()

    async def handle(connection: Connection, _: Any) -> None:
        await connection.begin()
        await connection.socket.wait_closed()
        closed.set()

    async with server(handle) as found:
        async with found.client.live("linear16") as session:
            await anext(session)
            with pytest.raises(SecureTranscribeError, match="no sound"):
                await session.finish()
        await closed.wait()
        assert session.capture_id == "c1"
