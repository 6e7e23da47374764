"""What is checked of an upload before anything decodes it: first bytes, pace, and size."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from typing import Any

from common.audio.kinds import name_contradicts, sniff
from common.errors import FileUploadError, TimedOutError
from common.objects import RangedObject


class Hurried(io.RawIOBase):
    """An object that stops being readable after a while, so that nobody reads it for ever."""

    def __init__(self, inner: RangedObject, seconds: float) -> None:
        super().__init__()
        self._inner = inner
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Position in bytes."""
        return self._inner.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves the position."""
        return self._inner.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer. Raises TimeoutError when the time is over."""
        if time.monotonic() > self._until:
            raise TimeoutError("the recording took too long to examine")
        return self._inner.readinto(buffer)


def judge(filename: str, head: bytes) -> None:
    """Refuses what does not look like audio, or not like what it is named.

    Raises:
        FileUploadError: the first bytes (SNIFF_BYTES, or all there are) tell so.
    """
    if not head:
        raise FileUploadError("The file is empty.", {"file_name": filename})
    kind = sniff(head)
    if kind is None:
        raise FileUploadError(
            "The file is not a kind of audio or video that can be read.", {"file_name": filename}
        )
    contradiction = name_contradicts(filename, kind)
    if contradiction is not None:
        raise FileUploadError(f"The file is {contradiction}.", {"file_name": filename})


async def without_long_waits(chunks: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    """The chunks, unless one keeps us waiting.

    Raises:
        TimedOutError: none came for so many seconds.
    """
    while True:
        try:
            async with asyncio.timeout(seconds):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise TimedOutError(
                f"No bytes arrived for {seconds:.0f} seconds; upload the file again."
            ) from error
        yield chunk
