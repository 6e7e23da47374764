"""Files put together from bytes and pieces of another file."""

import io
from collections.abc import Mapping, Sequence

from common.audio.seekable import Seekable

#: Bytes, or where a piece of the other file begins and ends.
Piece = bytes | tuple[int, int]


class SplicedFile(io.RawIOBase):
    """Bytes and pieces of a file in a row, as a file. Nothing is copied in advance."""

    def __init__(self, file: Seekable, pieces: Sequence[Piece]) -> None:
        super().__init__()
        self._file = file
        self._pieces = [piece for piece in pieces if _length(piece)]
        self._size = sum(map(_length, self._pieces))
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read `size` bytes, fewer only at the end."""
        left = max(0, self._size - self._position)
        wanted = left if size < 0 else min(size, left)
        parts: list[bytes] = []
        start = 0
        for piece in self._pieces:
            length = _length(piece)
            inside = self._position - start
            if wanted and 0 <= inside < length:
                part = self._part(piece, inside, min(wanted, length - inside))
                parts.append(part)
                self._position += len(part)
                wanted -= len(part)
            start += length
        return b"".join(parts)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def _part(self, piece: Piece, begin: int, size: int) -> bytes:
        if isinstance(piece, bytes):
            return piece[begin : begin + size]
        self._file.seek(piece[0] + begin)
        return self._file.read(size)


def patched(file: Seekable, changes: Mapping[int, bytes]) -> SplicedFile:
    """Return the file with other bytes at some places. The position in the file changes."""
    pieces: list[Piece] = []
    place = 0
    for begin, data in sorted(changes.items()):
        pieces += [(place, begin), data]
        place = begin + len(data)
    return SplicedFile(file, (*pieces, (place, file.seek(0, io.SEEK_END))))


def _length(piece: Piece) -> int:
    return len(piece) if isinstance(piece, bytes) else max(0, piece[1] - piece[0])
