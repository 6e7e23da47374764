import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.chaos.proxy import Link

SECONDS = 30
#: Long enough to see that nothing arrives on any machine, since nothing ever would.
QUIET_SECONDS = 0.3


class Echo:
    """A server that repeats lines."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while line := await reader.readline():
                writer.write(line)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    one = Echo()
    server = await asyncio.start_server(one, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    yield one
    server.close()


@pytest.fixture
async def link(echo: Echo) -> AsyncIterator[Link]:
    one = Link(lambda: ("127.0.0.1", echo.port))
    await one.listen()
    yield one
    await one.close()


class Client:
    """One connection through the link."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, line: bytes = b"hello\n") -> bytes:
        self.writer.write(line)
        return await asyncio.wait_for(self.reader.readline(), SECONDS)

    async def gone(self) -> bool:
        """Return whether the connection ends."""
        try:
            return await asyncio.wait_for(self.reader.read(), SECONDS) == b""
        except ConnectionError:
            return True


Connect = Callable[[], Awaitable[Client]]


@pytest.fixture
async def connect(link: Link) -> AsyncIterator[Connect]:
    made: list[Client] = []

    async def connect() -> Client:
        made.append(Client(*await asyncio.open_connection("127.0.0.1", link.port)))
        return made[-1]

    yield connect
    for one in made:
        one.writer.close()


async def test_bytes_are_carried_both_ways(link: Link, connect: Connect) -> None:
    client = await connect()
    assert await client.ask() == b"hello\n"
    long = b"x" * 60_000 + b"\n"
    assert await client.ask(long) == long
    assert link.carried == 2 * (6 + 60_001)


async def test_end_of_one_direction_leaves_the_other(connect: Connect) -> None:
    client = await connect()
    client.writer.write(b"last\n")
    client.writer.write_eof()
    assert await asyncio.wait_for(client.reader.read(), SECONDS) == b"last\n"


async def test_cut(link: Link, echo: Echo, connect: Connect) -> None:
    client = await connect()
    await client.ask()
    link.cut()
    assert await client.gone()
    assert await (await connect()).gone()
    assert echo.connections == 1
    link.heal()
    assert await (await connect()).ask() == b"hello\n"


async def test_half_open(link: Link, connect: Connect) -> None:
    client = await connect()
    await client.ask()
    link.half_open()
    late = await connect()
    for one in (client, late):
        one.writer.write(b"late\n")
    await asyncio.sleep(QUIET_SECONDS)
    assert link.carried == 2 * 6
    link.heal()
    for one in (client, late):
        assert await asyncio.wait_for(one.reader.readline(), SECONDS) == b"late\n"


async def test_cut_ends_half_open_connections(link: Link, connect: Connect) -> None:
    link.half_open()
    client = await connect()
    client.writer.write(b"never\n")
    await asyncio.sleep(QUIET_SECONDS)
    link.cut()
    assert await client.gone()


async def test_reset(link: Link, connect: Connect) -> None:
    client = await connect()
    await client.ask()
    link.reset()
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(client.reader.read(), SECONDS)
    assert await (await connect()).ask() == b"hello\n"


async def test_slow(link: Link, connect: Connect) -> None:
    client = await connect()
    link.slow(QUIET_SECONDS)
    begun = asyncio.get_running_loop().time()
    assert await client.ask() == b"hello\n"
    assert asyncio.get_running_loop().time() - begun >= 2 * QUIET_SECONDS


async def test_target_that_is_not_there() -> None:
    link = Link(lambda: None)
    await link.listen()
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    assert await asyncio.wait_for(reader.read(), SECONDS) == b""
    writer.close()
    await link.close()
