"""A receiver of webhooks on this machine."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return the bytes of an answer. Underscores in names of headers stand for hyphens."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status} Test", f"content-length: {len(body)}", *lines, "", ""])
    return head.encode() + body


@dataclass(frozen=True, kw_only=True)
class Received:
    """A request, with its headers in lower case."""

    line: str
    headers: dict[str, str]
    body: str

    def verified(self, secret: str) -> Any:
        """Return the body as JSON, checked by the official library."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Answers requests, and keeps them."""

    answers: list[bytes] = field(default_factory=list)
    """The next answers. Without one, it is OK."""

    silent: bool = False
    """Whether it takes requests without an answer."""

    rest: bytes = b""
    """Sent again and again behind an answer."""

    received: list[Received] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}/hooks?from=test"

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            self.at_once -= 1
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value
            for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers["content-length"]))
        self.received.append(Received(line=head[0], headers=headers, body=body.decode()))
        if self.silent:
            await reader.read()
            return
        writer.write(self.answers.pop(0) if self.answers else OK)
        while self.rest:
            writer.write(self.rest)
            await writer.drain()
        await writer.drain()


@contextlib.asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
