"""Followers of live sessions, against a server whose messages a test decides."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from securetranscribe import AsyncSecureTranscribeClient, SecureTranscribeClient
from securetranscribe.errors import NotFoundError
from tests import ports

_SECONDS = 120.0
Handle = Callable[[ServerConnection, int], Awaitable[None]]


async def tell(socket: ServerConnection, kind: str, **data: Any) -> None:
    await socket.send(json.dumps({"type": kind, "data": data}))


async def final(socket: ServerConnection, sequence: int) -> None:
    await tell(socket, "final", segment=sequence, sequence=sequence, text=f"w{sequence}")


@contextlib.asynccontextmanager
async def followed(handle: Handle) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve a session. Yield the address of the API, and the paths of connections."""
    port = ports.free_port()
    paths: list[str] = []

    async def serve_one(socket: ServerConnection) -> None:
        assert socket.request is not None
        assert socket.request.headers["Authorization"] == "Bearer token"
        paths.append(socket.request.path)
        await tell(socket, "begun", transcription_id=7, last_sequence=3)
        await handle(socket, len(paths))

    async with asyncio.timeout(_SECONDS), serve(serve_one, "127.0.0.1", port):
        yield f"http://127.0.0.1:{port}/api", paths


async def lossy(socket: ServerConnection, number: int) -> None:
    """Lose the first connection behind the second result."""
    await final(socket, 1)
    await final(socket, 2)
    if number == 1:
        await asyncio.sleep(0.05)
        socket.transport.abort()
        return
    await tell(socket, "speaker", segment=1, sequence=3, speaker="A")
    await tell(socket, "ended", transcription_id=7)


SEEN = ["state", "begun", "final", "final", "state", "state", "begun", "speaker", "ended"]
PATHS = [
    "/api/ws/live/follow?transcription_id=7&after_sequence=0",
    "/api/ws/live/follow?transcription_id=7&after_sequence=2",
]


async def test_after_a_loss_every_result_comes_once() -> None:
    async with followed(lossy) as (url, paths):
        async with AsyncSecureTranscribeClient(url, "token") as client:
            seen = [message async for message in client.follow(7)]
        assert [message["type"] for message in seen] == SEEN
        assert [one["data"] for one in seen if one["type"] == "state"] == ["open", "lost", "open"]
        assert paths == PATHS


async def test_blocking_client() -> None:
    def follow(url: str) -> list[Any]:
        with SecureTranscribeClient(url, "token") as client:
            return list(client.follow(7))

    async with followed(lossy) as (url, paths):
        seen = await asyncio.to_thread(follow, url)
        assert [message["type"] for message in seen] == SEEN
        assert paths == PATHS


async def test_end_of_the_access() -> None:
    async def handle(socket: ServerConnection, _number: int) -> None:
        await final(socket, 1)
        error = {"code": "NOT_FOUND", "message": "There is no such transcription.", "details": {}}
        await tell(socket, "error", **error)
        await socket.close(1008)

    async with followed(handle) as (url, _), AsyncSecureTranscribeClient(url, "token") as client:
        follower = client.follow(7, after_sequence=0)
        with pytest.raises(NotFoundError, match="no such transcription"):
            async for _ in follower:
                pass
        assert follower.sequence == 1


async def test_leaving_a_blocking_follower_disconnects() -> None:
    left = asyncio.Event()

    async def handle(socket: ServerConnection, _number: int) -> None:
        await socket.wait_closed()
        left.set()

    def first(url: str) -> Any:
        with SecureTranscribeClient(url, "token") as client:
            messages = client.follow(7)
            found = [next(messages), next(messages)]
            messages.close()  # type: ignore[attr-defined]
            return found

    async with followed(handle) as (url, _):
        seen = await asyncio.to_thread(first, url)
        assert [message["type"] for message in seen] == ["state", "begun"]
        await left.wait()
