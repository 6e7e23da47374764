"""Idle timeout of incoming streams."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from common.errors import ApplicationError

Chunk = TypeVar("Chunk")


async def with_idle_timeout(
    chunks: AsyncIterator[Chunk], *, idle_seconds: float, error: ApplicationError
) -> AsyncIterator[Chunk]:
    """Yield chunks as they arrive. Raise `error` when none arrives for `idle_seconds`."""
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as timeout:
            raise error from timeout
        yield chunk
