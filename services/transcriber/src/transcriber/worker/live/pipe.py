"""Bytes from the event loop to a thread that reads them like a file."""

import threading
from collections import deque
from collections.abc import Callable


class Pipe:
    """Unseekable file. `on_read` is called on the thread after each read."""

    def __init__(self, on_read: Callable[[], None]) -> None:
        self._on_read = on_read
        self._changed = threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._closed = False
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add bytes. Never blocks: look at `size` before."""
        with self._changed:
            self._pieces.append(data)
            self.size += len(data)
            self._changed.notify()

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes as soon as there are some, and none after the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._closed)
            if not self._pieces:
                return b""
            piece = self._pieces.popleft()
            if len(piece) > count:
                self._pieces.appendleft(piece[count:])
                piece = piece[:count]
            self.size -= len(piece)
        self._on_read()
        return piece

    def close(self) -> None:
        """End the file. Bytes written before can still be read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """End the file and drop its unread bytes."""
        with self._changed:
            self._pieces.clear()
        self.close()
