"""Idle timeout of request bodies."""

import asyncio
from collections.abc import AsyncIterator

from common.errors import FileUploadError


async def arriving(pieces: AsyncIterator[bytes], idle_seconds: float) -> AsyncIterator[bytes]:
    """Yield chunks as they arrive.

    Raises:
        FileUploadError: no chunk arrived for `idle_seconds`.
    """
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise FileUploadError("The upload stalled. Nothing was stored.") from None
        yield piece
