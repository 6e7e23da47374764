"""Playback copies of parts of a recording, as they are stored until all parts are joined.

A copy has a header, and the packets of all channels side by side: each with its length in two
bytes, 0 where a channel has none. Peaks have a header, and those of the finest level side by side.
Packets and peaks of a part begin and end with its core, whose boundaries are whole seconds.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from common.audio.peaks import PEAK_BYTES, RATES
from common.audio.playback_opus import FRAME
from common.audio.resampling import SAMPLE_RATE

#: Type of the copy of a part.
PART_TYPE = "application/vnd.securetranscribe.playback-part"
PACKETS_PER_SECOND = SAMPLE_RATE // FRAME
PEAKS_PER_SECOND = RATES[0]

_COPY = struct.Struct("<8sHHI")
_COPY_MAGIC = b"STCOPY01"
_PEAKS = struct.Struct("<8sHI")
_PEAKS_MAGIC = b"STPEAKP1"
_LENGTH_BYTES = 2
#: Peaks that are copied at a time.
_BATCH = 10_000

#: A binary file, or its content in pieces.
Source = BinaryIO | Iterable[bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Core:
    """A part without its margins, in samples from where the heard sound begins.

    `length` is None for the last part, which ends with the sound.
    """

    first: int = 0
    length: int | None = None

    @property
    def packets(self) -> int | None:
        """The number of packets in the core."""
        return None if self.length is None else self.length // FRAME


def write_copy(
    file: BinaryIO, channels: Sequence[Iterator[bytes]], *, count: int, delay: int
) -> int:
    """Write the packets of all channels, `count` of the longest, and return the size in bytes."""
    size = file.write(_COPY.pack(_COPY_MAGIC, len(channels), delay, count))
    for _ in range(count):
        for channel in channels:
            packet = next(channel, b"")
            size += file.write(len(packet).to_bytes(_LENGTH_BYTES)) + file.write(packet)
    return size


def write_part_peaks(file: BinaryIO, channels: Sequence[BinaryIO | None]) -> int:
    """Write the peaks of all channels, and return the size in bytes."""
    length = max((one.seek(0, 2) // PEAK_BYTES for one in channels if one), default=0)
    size = file.write(_PEAKS.pack(_PEAKS_MAGIC, len(channels), length))
    for one in channels:
        if one is not None:
            one.seek(0)
    for first in range(0, length, _BATCH):
        count = min(_BATCH, length - first) * PEAK_BYTES
        pieces = [(one.read(count) if one else b"").ljust(count, b"\0") for one in channels]
        for place in range(0, count, PEAK_BYTES):
            size += file.write(b"".join(piece[place : place + PEAK_BYTES] for piece in pieces))
    return size


class PartCopyReader:
    """Packets of the copy of a part. Raises ValueError if it is damaged."""

    def __init__(self, source: Source) -> None:
        self._stream = _Stream(source)
        magic, self.channels, self.delay, self.count = _COPY.unpack(self._stream.read(_COPY.size))
        if magic != _COPY_MAGIC:
            raise ValueError("This is no playback copy of a part.")

    def packets(self) -> Iterator[list[bytes]]:
        """Yield the packets of all channels at each moment, empty ones where there is none."""
        for _ in range(self.count):
            yield [self._packet() for _ in range(self.channels)]

    def _packet(self) -> bytes:
        length = int.from_bytes(self._stream.read(_LENGTH_BYTES))
        return self._stream.read(length) if length else b""


class PartPeaksReader:
    """Peaks of a part. Raises ValueError if they are damaged."""

    def __init__(self, source: Source) -> None:
        self._stream = _Stream(source)
        magic, self.channels, self.count = _PEAKS.unpack(self._stream.read(_PEAKS.size))
        if magic != _PEAKS_MAGIC:
            raise ValueError("These are no peaks of a part.")

    def blocks(self) -> Iterator[bytes]:
        """Yield the peaks of all channels side by side, a number of moments at a time."""
        for first in range(0, self.count, _BATCH):
            count = min(_BATCH, self.count - first)
            yield self._stream.read(count * self.channels * PEAK_BYTES)


class _Stream:
    """Bytes of a source, in pieces of the wanted sizes."""

    def __init__(self, source: Source) -> None:
        self._chunks = _chunks(source)
        self._held = b""
        self._place = 0

    def read(self, size: int) -> bytes:
        """Return so many bytes. Raise ValueError if there are fewer."""
        while len(self._held) - self._place < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise ValueError("The playback copy of a part breaks off.")
            self._held, self._place = self._held[self._place :] + chunk, 0
        self._place += size
        return self._held[self._place - size : self._place]


def _chunks(source: Source) -> Iterator[bytes]:
    if not hasattr(source, "read"):
        yield from source
        return
    while chunk := source.read(65_536):
        yield chunk
