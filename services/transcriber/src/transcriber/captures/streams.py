"""Media streams of a capture: their chunks, and their bytes as one file."""

import bisect
import io
import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from transcriber.store.captures import Chunk

#: Chunks that are held in memory, of 3 MiB at most.
_HELD = 3


def split(chunks: Sequence[Chunk]) -> list[list[Chunk]]:
    """Return the chunks of each stream. The first chunk always begins one."""
    streams: list[list[Chunk]] = []
    for chunk in chunks:
        if chunk.starts_stream or not streams:
            streams.append([])
        streams[-1].append(chunk)
    return streams


class StreamFile(io.RawIOBase):
    """The chunks of a stream as one file, with a deadline for reading it."""

    def __init__(
        self, chunks: Sequence[Chunk], read: Callable[[Chunk], bytes], *, until: float
    ) -> None:
        """`read` returns the bytes of a chunk. `until` is a time of the monotonic clock."""
        super().__init__()
        self._chunks = chunks
        self._read = read
        self._until = until
        self._ends = list(itertools.accumulate(chunk.size for chunk in chunks))
        self._position = 0
        self._held: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position and return it. Reads past the end return nothing."""
        end = self._ends[-1] if self._ends else 0
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: end}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer up to the end of the current chunk. Return the number of bytes.

        Raises:
            TimeoutError: the deadline is over.
        """
        if time.monotonic() > self._until:
            raise TimeoutError("the capture took too long to put together")
        index = bisect.bisect_right(self._ends, self._position)
        if index == len(self._chunks):
            return 0
        within = self._position - (self._ends[index] - self._chunks[index].size)
        data = self._bytes(index)[within : within + len(buffer)]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _bytes(self, index: int) -> bytes:
        if index not in self._held:
            self._held[index] = self._read(self._chunks[index])
            if len(self._held) > _HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(index)
        return self._held[index]
