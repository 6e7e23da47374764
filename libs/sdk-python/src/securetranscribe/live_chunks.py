"""Chunks of a live session that the server has not stored durably yet."""

import struct
from dataclasses import dataclass

#: Most bytes of a chunk, so that a message has at most 64 KiB. Whole samples of any kind fit.
_MOST_BYTES = 65_520
#: In front of the bytes of a chunk: its number, and flags.
_HEADER = struct.Struct(">QB")


@dataclass(frozen=True, kw_only=True)
class _Kept:
    data: bytes
    starts_stream: bool


class Chunks:
    """Chunks in order. They are kept until they are acknowledged."""

    def __init__(self) -> None:
        self.bytes = 0
        #: Number of the first chunk of this process, once the server has told it.
        self._base: int | None = None
        self._kept: list[_Kept] = []
        self._dropped = 0
        #: Chunks that were sent on the current connection, counted from the first one of all.
        self._sent = 0

    @property
    def count(self) -> int:
        """Number of chunks of the whole session."""
        return (self._base or 0) + self._dropped + len(self._kept)

    @property
    def all_sent(self) -> bool:
        """Whether all chunks were sent on the current connection."""
        return self._sent == self._dropped + len(self._kept)

    def add(self, sound: bytes, *, starts_stream: bool = False) -> None:
        """Add sound. It is divided if it is too large for a message."""
        for start in range(0, len(sound), _MOST_BYTES):
            data = bytes(sound[start : start + _MOST_BYTES])
            self._kept.append(_Kept(data=data, starts_stream=starts_stream and start == 0))
            self.bytes += len(data)

    def begin(self, next_chunk: int) -> None:
        """Begin a connection, on which chunks are sent from a number on."""
        if self._base is None:
            self._base = next_chunk
        self.acknowledge(next_chunk)
        self.repeat()

    def acknowledge(self, next_chunk: int) -> None:
        """Drop chunks below a number, which are durable."""
        stored = next_chunk - (self._base or 0) - self._dropped
        gone = self._kept[: max(0, stored)]
        del self._kept[: len(gone)]
        self.bytes -= sum(len(chunk.data) for chunk in gone)
        self._dropped += len(gone)
        self._sent = max(self._sent, self._dropped)

    def repeat(self) -> None:
        """Send all chunks again that are kept."""
        self._sent = self._dropped

    def has(self, number: int) -> bool:
        """Whether a chunk can be sent again."""
        return (self._base or 0) + self._dropped <= number < self.count

    def next_message(self, most: int) -> bytes | None:
        """Return the next chunk as a message, if fewer than `most` are on their way."""
        place = self._sent - self._dropped
        if place >= min(most, len(self._kept)):
            return None
        chunk = self._kept[place]
        header = _HEADER.pack((self._base or 0) + self._sent, chunk.starts_stream)
        self._sent += 1
        return header + chunk.data
