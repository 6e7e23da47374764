"""Reading of the next range while the last one is used."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future


class ReadAhead:
    """A function that reads ranges, and the next one in advance once two follow each other.

    It holds at most one range. It may be used by several threads.
    """

    def __init__(self, read: Callable[[int, int], bytes], size: int, threads: Executor) -> None:
        """`read` returns as many bytes as its second argument, from the offset in the first.

        `size` is that of all, and `threads` read in advance.
        """
        self._read = read
        self._size = size
        self._threads = threads
        self._lock = threading.Lock()
        self._end = -1
        self._next: tuple[int, int, Future[bytes]] | None = None

    def __call__(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`. Raise the errors of reading them."""
        with self._lock:
            kept, self._next = self._next, None
            follows, self._end = offset == self._end, offset + length
        data = self._kept(kept, offset, length)
        if data is None:
            data = self._read(offset, length)
        if follows:
            self._begin(offset + length, length)
        return data

    def _kept(
        self, kept: tuple[int, int, "Future[bytes]"] | None, offset: int, length: int
    ) -> bytes | None:
        """Return a range that was read in advance, None if it is another one or reading failed."""
        if kept is None:
            return None
        if kept[2].cancel() or kept[:2] != (offset, length):
            return None
        return None if kept[2].exception() else kept[2].result()

    def _begin(self, offset: int, length: int) -> None:
        """Begin to read a range, unless the last one was the end."""
        length = min(length, self._size - offset)
        if length <= 0:
            return
        # After the end of the process's work, its threads take nothing more.
        with contextlib.suppress(RuntimeError):
            future = self._threads.submit(self._read, offset, length)
            with self._lock:
                self._next = (offset, length, future)
