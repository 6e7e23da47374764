"""Least rate of incoming streams, so that slow senders do not hold resources for hours."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from common.errors import ApplicationError
from common.settings import UploadSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class LeastRate:
    """Bytes per second that a stream must bring on average.

    A stream may fall behind by `patience_seconds`. So that is also how long it may bring nothing.
    """

    bytes_per_second: float
    patience_seconds: float

    @classmethod
    def of(cls, settings: UploadSettings) -> Self:
        """Return the rate of the settings."""
        return cls(
            bytes_per_second=settings.upload_least_rate,
            patience_seconds=settings.upload_idle_seconds,
        )

    def text(self) -> str:
        """Return the rate for messages, such as `1.0 KiB per second`."""
        return f"{self.bytes_per_second / 1024:.1f} KiB per second"


async def with_least_rate(
    chunks: AsyncIterator[bytes], rate: LeastRate, error: ApplicationError
) -> AsyncIterator[bytes]:
    """Yield chunks as they arrive. Raise `error` when they arrive more slowly than the rate.

    Only time spent waiting for the sender counts. A fast start does not allow a longer pause.
    """
    left = rate.patience_seconds
    while True:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(left):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as timeout:
            raise error from timeout
        left -= time.monotonic() - begun
        if left < 0:
            raise error
        left = min(left + len(chunk) / rate.bytes_per_second, rate.patience_seconds)
        yield chunk
