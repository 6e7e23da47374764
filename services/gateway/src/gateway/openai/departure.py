"""Departure of clients before their answer."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from common import cancellation

T = TypeVar("T")


class Departure:
    """Notices when the client of a request hangs up. Its body must have been read."""

    def __init__(self, request: Request) -> None:
        self._gone = asyncio.ensure_future(_hung_up(request))

    async def before(self, work: Awaitable[T], seconds: float | None = None) -> T:
        """Return the result of work. Cancel it when the client hangs up.

        Raises:
            ClientDisconnect: the client hung up.
            TimeoutError: the work takes longer. It goes on then if it is a future.
        """
        working = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait(
                {self._gone, working}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        except BaseException:
            await cancellation.end([working])
            raise
        if working in done:
            return working.result()
        if self._gone in done:
            await cancellation.end([working])
            raise ClientDisconnect
        raise TimeoutError

    def close(self) -> None:
        """Stop to wait for the client."""
        self._gone.cancel()


async def with_pauses(
    items: AsyncIterator[T], departure: Departure, seconds: float
) -> AsyncGenerator[T | None, None]:
    """Yield items, and None after each pause of so many seconds.

    Raises:
        ClientDisconnect: the client hung up.
    """
    while True:
        following = asyncio.ensure_future(_next(items))
        try:
            while True:
                try:
                    found = await departure.before(following, seconds)
                except TimeoutError:
                    yield None
                else:
                    break
        finally:
            # The caller may have ended this at a pause.
            await cancellation.end([following])
        if not found:
            return
        yield found[0]


async def _next(items: AsyncIterator[T]) -> tuple[T, ...]:
    try:
        return (await anext(items),)
    except StopAsyncIteration:
        return ()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
