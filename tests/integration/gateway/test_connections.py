"""Connections to the gateway without a proxy: size and time of headers, and their number."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse

from common.addresses import TrustedProxies
from gateway.settings import GatewaySettings
from gateway.web.connection import ConnectionLimits, Connections
from gateway.web.server import HttpServer
from tests.integration.gateway.conftest import SECRET, until

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
MIB = 1024 * 1024


@asynccontextmanager
async def serving(**limits: float) -> AsyncIterator[int]:
    """Serve an application that does not read bodies. Yield the port."""
    settings = GatewaySettings(
        secret_key=SECRET, grpc_port=0, port=0, database_url="unused", trusted_proxies=()
    )
    chosen = ConnectionLimits(**limits)  # type: ignore[arg-type]
    server = HttpServer(PlainTextResponse("here"), settings, chosen)
    server.bind()
    running = asyncio.create_task(server.serve())
    try:
        yield server.port
    finally:
        server.stop()
        await running


async def send(port: int, *pieces: bytes) -> bytes:
    """Send pieces, and return everything that comes back until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
        with contextlib.suppress(ConnectionError):
            return await asyncio.wait_for(reader.read(), 30)
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def peak_bytes() -> int:
    found = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    return int(found) * 1024


@pytest.mark.parametrize(
    "head",
    [
        REQUEST + b"X-Long: " + b"x" * 60_000 + b"\r\nX-Longer: " + b"x" * 60_000 + b"\r\n\r\n",
        REQUEST + b"X-Endless: " + b"x" * 70_000,
        b"GET /" + b"x" * 70_000,
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        REQUEST + b"".join(b"X-%d: x\r\n" % number for number in range(200)) + b"\r\n",
    ],
    ids=["large", "endless header", "endless address", "large address", "many"],
)
async def test_large_headers_are_refused(head: bytes) -> None:
    async with serving() as port:
        assert (await send(port, head)).startswith(b"HTTP/1.1 431 ")
        assert b" 200 OK" in await send(port, REQUEST + b"Connection: close\r\n\r\n")


async def test_endless_headers_take_no_memory() -> None:
    async with serving(head_seconds=5) as port:
        await send(port, REQUEST)
        before = peak_bytes()
        await send(port, REQUEST, b"X-Endless: ", *[b"x" * 65_536] * 640)
        assert peak_bytes() - before < 20 * MIB


@pytest.mark.parametrize("sent", [REQUEST, b"GET /"])
async def test_slow_headers_are_ended(sent: bytes) -> None:
    async with serving(head_seconds=0.3) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        answering = asyncio.create_task(reader.readline())
        while not answering.done():
            writer.write(b"x")
            await asyncio.wait([answering], timeout=0.05)
        assert (await answering).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_second_request_has_its_time_too() -> None:
    async with serving(head_seconds=0.3) as port:
        assert (await send(port, REQUEST + b"\r\n", REQUEST)).count(b"HTTP/1.1 ") == 2


async def test_idle_connections_are_closed_and_stop_nobody() -> None:
    async with serving(head_seconds=3, per_address=2000) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(400)]
        assert b" 200 OK" in await send(port, REQUEST + b"Connection: close\r\n\r\n")
        async with asyncio.timeout(30):
            assert {await reader.read() for reader, _ in idle} == {b""}
        for _, writer in idle:
            writer.close()


@pytest.mark.parametrize("limit", ["total", "per_address"])
async def test_connections_are_limited_and_their_places_return(limit: str) -> None:
    async with serving(**{limit: 2}) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        assert (await send(port, b"")).startswith(b"HTTP/1.1 503 ")
        for _, writer in held:
            writer.close()
            await writer.wait_closed()

        async def free() -> bool:
            answer = await send(port, REQUEST + b"Connection: close\r\n\r\n")
            return b" 200 OK" in answer

        await until(free)


async def test_rest_of_a_body_is_not_awaited_for_long() -> None:
    async with serving(linger_seconds=0.3) as port:
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
        assert b" 200 OK" in await send(port, head, b"x")


async def test_keep_alive_and_pipelining_work() -> None:
    async with serving(head_seconds=5) as port:
        body = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n"
        body += b"x" * 200_000
        last = REQUEST + b"Connection: close\r\n\r\n"
        assert (await send(port, body, body + last)).count(b" 200 OK") == 3


def test_proxies_have_no_limit_of_their_own() -> None:
    counter = Connections(TrustedProxies(["10.0.0.0/8"]), ConnectionLimits(per_address=1))
    assert [counter.open("10.0.0.1", 0) for _ in range(3)] == [True] * 3
    assert [counter.open("192.0.2.1", 0) for _ in range(2)] == [True, False]
    counter.close("192.0.2.1")
    counter.close("192.0.2.1")
    assert counter.open("192.0.2.1", 0)
