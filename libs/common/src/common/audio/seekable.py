"""Files readable at any position."""

import io
from typing import Protocol, Self


class Seekable(Protocol):
    """The part of a binary file's interface needed for reading at any position."""

    def read(self, size: int = -1, /) -> bytes: ...  # noqa: D102
    def seek(self, offset: int, whence: int = 0, /) -> int: ...  # noqa: D102
    def tell(self) -> int: ...  # noqa: D102


class View(io.RawIOBase):
    """The bytes from `begin` to `end` of a file, as a file with a position of its own."""

    def __init__(self, file: Seekable, begin: int, end: int) -> None:
        super().__init__()
        self._file = file
        self._begin = begin
        self._size = end - begin
        self._position = 0

    @classmethod
    def of(cls, file: Seekable) -> Self:
        """Return a view of a whole file. Several views can be read by turns."""
        return cls(file, 0, file.seek(0, io.SEEK_END))

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read `size` bytes, fewer only at the end of the view."""
        left = max(0, self._size - self._position)
        self._file.seek(self._begin + self._position)
        data = self._file.read(left if size < 0 else min(size, left))
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position
