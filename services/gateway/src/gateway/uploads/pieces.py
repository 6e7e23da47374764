"""The body of a request, piece by piece."""

import asyncio
from collections.abc import AsyncIterator

from common.errors import FileUploadError


async def arriving(pieces: AsyncIterator[bytes], idle_seconds: float) -> AsyncIterator[bytes]:
    """The pieces as they come.

    Raises:
        FileUploadError: nothing came for `idle_seconds`.
    """
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise FileUploadError("The upload stalled; nothing was stored.") from None
        yield piece
