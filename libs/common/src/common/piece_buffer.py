"""Buffer of bytes that arrive in pieces and leave in larger ones, copied once."""

#: Shorter pieces are collected in one object, because each object takes memory of its own.
_SMALL_BYTES = 4096


class PieceBuffer:
    """Bytes that have arrived and not left yet, in order."""

    def __init__(self) -> None:
        self._pieces: list[bytes | bytearray | memoryview] = []
        self._size = 0

    def __len__(self) -> int:
        """Return the number of bytes."""
        return self._size

    def add(self, data: bytes) -> None:
        """Add bytes at the end. They are not copied unless there are few of them."""
        self._size += len(data)
        if len(data) >= _SMALL_BYTES:
            self._pieces.append(data)
            return
        last = self._pieces[-1] if self._pieces else None
        if isinstance(last, bytearray):
            last += data
        else:
            self._pieces.append(bytearray(data))

    def take(self, most: int, *, head: bytes = b"") -> bytes:
        """Remove the first bytes, at most `most`, and return them behind a head."""
        taken: list[bytes | bytearray | memoryview] = [head] if head else []
        wanted = min(most, self._size)
        self._size -= wanted
        kept = 0
        while wanted:
            piece = self._pieces[kept]
            if len(piece) > wanted:
                whole = memoryview(piece)
                taken.append(whole[:wanted])
                self._pieces[kept] = whole[wanted:]
                break
            taken.append(piece)
            wanted -= len(piece)
            kept += 1
        del self._pieces[:kept]
        return b"".join(taken)
