"""Departure of clients, and cancellation of requests."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import pytest
from starlette.requests import ClientDisconnect, Request

from gateway.openai.departure import Departure, with_pauses


class Client:
    """A request whose client stays until it is told to leave."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}


class Work:
    """Work that takes a while to end when it is cancelled."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ended = False

    async def run(self) -> None:
        try:
            self.begun.set()
            await asyncio.Event().wait()
        finally:
            for _ in range(3):
                await asyncio.sleep(0)
            self.ended = True

    async def items(self) -> AsyncGenerator[str, None]:
        await self.run()
        yield "never"


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
async def departure(client: Client) -> AsyncIterator[Departure]:
    made = Departure(cast(Request, client))
    yield made
    made.close()


async def test_cancellation_waits_for_the_work(departure: Departure) -> None:
    work = Work()
    waiting = asyncio.create_task(departure.before(work.run()))
    await work.begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert work.ended


async def test_departure_waits_for_the_work(client: Client, departure: Departure) -> None:
    work = Work()
    waiting = asyncio.create_task(departure.before(work.run()))
    await work.begun.wait()
    client.leaves.set()
    with pytest.raises(ClientDisconnect):
        await waiting
    assert work.ended


async def test_end_at_a_pause_waits_for_the_next_item(departure: Departure) -> None:
    work = Work()
    async with aclosing(work.items()) as items, aclosing(with_pauses(items, departure, 0)) as found:
        assert await anext(found) is None
    assert work.ended
