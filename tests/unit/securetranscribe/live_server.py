"""Server of live sessions whose messages a test decides."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from securetranscribe import AsyncSecureTranscribeClient
from tests import ports

_SECONDS = 120.0


@dataclass(kw_only=True)
class Connection:
    """A connection, and all messages of the client on it."""

    socket: ServerConnection
    number: int

    async def tell(self, kind: str, **data: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, "data": data}))

    async def begin(self, next_chunk: int = 0) -> None:
        capture = {"capture_id": "c1", "next_chunk": next_chunk, "state": "receiving"}
        await self.tell("begun", capture=capture, transcription_id=7, last_sequence=0)

    async def acknowledge(self, next_chunk: int, missing: tuple[int, ...] = ()) -> None:
        await self.tell("acknowledged", next_chunk=next_chunk, missing=missing)

    async def final(self, sequence: int, text: str) -> None:
        await self.tell("final", segment=sequence, sequence=sequence, text=text, start_time=0.0)

    async def end(self) -> None:
        await self.tell("ended", capture={"state": "completed"}, transcription_id=7)


Handle = Callable[[Connection, Any], Awaitable[None]]


@dataclass(kw_only=True)
class Server:
    """Everything that clients sent: texts as dictionaries, and binary messages."""

    client: AsyncSecureTranscribeClient
    firsts: list[dict[str, Any]] = field(default_factory=list)
    chunks: list[tuple[int, int, bytes]] = field(default_factory=list)
    finishes: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)


@contextlib.asynccontextmanager
async def server(
    handle: Handle, refuse: Callable[[ServerConnection], Response | None] = lambda _: None
) -> AsyncIterator[Server]:
    """Serve live sessions. `handle` gets each message of a connection."""
    port = ports.free_port()
    client = AsyncSecureTranscribeClient(f"http://127.0.0.1:{port}/api", "token")
    found, number = Server(client=client), 0

    async def serve_one(socket: ServerConnection) -> None:
        nonlocal number
        number += 1
        connection = Connection(socket=socket, number=number)
        async for message in socket:
            if isinstance(message, bytes):
                part: Any = (int.from_bytes(message[:8], "big"), message[8], message[9:])
                found.chunks.append(part)
            else:
                part = json.loads(message)
                seen = found.finishes if part["type"] == "finish" else found.firsts
                seen.append(part)
            await handle(connection, part)

    def admit(socket: ServerConnection, request: Request) -> Response | None:
        found.requests.append(request)
        return refuse(socket)

    async with (
        asyncio.timeout(_SECONDS),
        serve(serve_one, "127.0.0.1", port, process_request=admit),
        client,
    ):
        yield found


def is_kind(part: Any, kind: str) -> bool:
    """Whether a part of the client's messages is a text of a type."""
    return isinstance(part, dict) and part["type"] == kind
