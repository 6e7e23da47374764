"""HTTP/1.1 connections with bounded headers, time and number."""

import asyncio
import resource
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from common.addresses import TrustedProxies, network_of


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionLimits:
    """Limits of connections. They are far from what clients and proxies need.

    `head_seconds` is the time for a request line with its headers, and `linger_seconds` the time
    for the rest of a body after the answer.
    """

    head_bytes: int = 64 * 1024
    headers: int = 128
    head_seconds: float = 15.0
    linger_seconds: float = 60.0
    total: int = 4096
    per_address: int = 1024


class Connections:
    """Counter of the open HTTP connections. Trusted proxies have no limit of their own."""

    def __init__(self, proxies: TrustedProxies, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._proxies = proxies
        # Half of the file descriptors are left for everything else.
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._total = limits.total if files < 0 else min(limits.total, files // 2)
        self._addresses: Counter[str] = Counter()

    def open(self, address: str, others: int) -> bool:
        """Count a connection. Return False when there are too many of them."""
        network = network_of(address)
        self._addresses[network] += 1
        if others >= self._total:
            return False
        return self._proxies.trusts(address) or (
            self._addresses[network] <= self.limits.per_address
        )

    def close(self, address: str) -> None:
        """Return the place of a connection."""
        network = network_of(address)
        self._addresses[network] -= 1
        if self._addresses[network] <= 0:
            del self._addresses[network]


class _HeadTooLargeError(Exception):
    """The request line or the headers exceed their limit."""


class BoundedConnection(HttpToolsProtocol):
    """One connection. httptools itself limits neither headers nor their time."""

    def __init__(self, *, counter: Connections, **options: Any) -> None:
        super().__init__(**options)
        self._counter = counter
        self._limits = counter.limits
        self._in_head = True
        self._begun = False
        self._head_bytes = 0
        self._parsed_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._counted = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse the connection if there are too many, or give it time for its first request."""
        super().connection_made(transport)
        self._counted = self.client[0] if self.client else "local"
        if self._counter.open(self._counted, len(self.connections) - 1):
            self._set_deadline(self._limits.head_seconds)
        else:
            self._refuse(503, b"Service Unavailable", "Too many connections. Try again later.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Return the place of the connection."""
        self._cancel_deadline()
        self._release()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse data. Headers over the limit are answered with 431."""
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._deadline is None and (self._head_bytes or self._begun):
            self._set_deadline(self._limits.head_seconds)
        if self._in_head and self._head_bytes > self._limits.head_bytes:
            self._refuse_head()

    def on_message_begin(self) -> None:
        """Begin to count the parsed bytes."""
        super().on_message_begin()
        self._begun, self._parsed_bytes = True, 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        self._count(len(name) + len(value) + 4)
        if len(self.headers) >= self._limits.headers:
            raise _HeadTooLargeError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the request."""
        self._in_head, self._begun, self._head_bytes = False, False, 0
        self._cancel_deadline()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note the end of a body. The next bytes are those of another request."""
        self._in_head = True
        self._cancel_deadline()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Limit the time for the unread rest of a body."""
        super().on_response_complete()
        if not self._in_head and not self.transport.is_closing():
            self._set_deadline(self._limits.linger_seconds)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over."""
        self._cancel_deadline()
        self._release()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Answer a malformed request."""
        if self._parsed_bytes > self._limits.head_bytes or (
            self.headers is not None and len(self.headers) >= self._limits.headers
        ):
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def _count(self, size: int) -> None:
        self._parsed_bytes += size
        if self._parsed_bytes > self._limits.head_bytes:
            raise _HeadTooLargeError

    def _refuse_head(self) -> None:
        self._refuse(431, b"Request Header Fields Too Large", "The headers are too large.")

    def _refuse(self, status: int, phrase: bytes, text: str) -> None:
        """Answer without the application, and close the connection."""
        if self.transport.is_closing():
            return
        body = text.encode()
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (status, phrase, len(body), body)
        )
        self.transport.close()

    def _set_deadline(self, seconds: float) -> None:
        self._cancel_deadline()
        self._deadline = self.loop.call_later(seconds, self._too_late)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self._in_head and self.cycle is not None and not self.cycle.response_complete:
            # The request before is still being answered.
            self._set_deadline(self._limits.head_seconds)
            return
        if self._head_bytes or self._begun:
            self._refuse(408, b"Request Timeout", "The headers took too long.")
        self.transport.close()

    def _release(self) -> None:
        if self._counted:
            self._counter.close(self._counted)
            self._counted = ""


def bounded(proxies: TrustedProxies, limits: ConnectionLimits) -> Callable[..., BoundedConnection]:
    """Return the factory of connections for uvicorn."""
    return partial(BoundedConnection, counter=Connections(proxies, limits))
