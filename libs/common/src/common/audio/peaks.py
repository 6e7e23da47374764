"""Peaks of a waveform at three zoom levels, as waveform views draw them.

A peak is the lowest and the highest sample of a stretch, as two signed bytes. The peaks of all
channels at one moment lie side by side: lowest and highest of channel 1, of channel 2, and so on.
Data of a level is that of an 8-bit data file of `audiowaveform`, version 2, without its header.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from common.audio.resampling import NOTHING, SAMPLE_RATE, Samples

#: Peaks per second of each level, the finest first. Each is a tenth of the one before.
RATES = (200, 20, 2)
_FACTOR = 10
#: Samples in a peak of the finest level: 5 ms.
_FINEST = SAMPLE_RATE // RATES[0]
#: Peaks of the finest level that are joined at a time. Whole peaks of all levels.
_BATCH = _FACTOR**2 * 500

_MAGIC = b"STPEAKS1"
_HEADER = struct.Struct("<8sBBHI")
_LEVEL = struct.Struct("<IIQ")
#: Bytes of the header.
HEADER_BYTES = _HEADER.size + len(RATES) * _LEVEL.size
#: Bytes of one peak of one channel.
PEAK_BYTES = 2

Peaks = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True, slots=True)
class PeakLevel:
    """A zoom level in a file: `length` peaks of `samples_per_peak`, from byte `offset` on."""

    samples_per_peak: int
    length: int
    offset: int

    @property
    def rate(self) -> int:
        """Peaks per second."""
        return SAMPLE_RATE // self.samples_per_peak

    def between(self, start: float, end: float | None) -> range:
        """Return the numbers of the peaks between two times in seconds."""
        last = self.length if end is None else min(self.length, -int(-end * self.rate // 1))
        return range(min(last, int(max(0.0, start) * self.rate)), last)


@dataclass(frozen=True, kw_only=True, slots=True)
class PeakIndex:
    """Beginning of a file of peaks. Levels are in order, the finest first."""

    channels: int
    levels: tuple[PeakLevel, ...]

    def level(self, rate: int) -> PeakLevel | None:
        """Return the level with a number of peaks per second."""
        return next((level for level in self.levels if level.rate == rate), None)


class PeakMeter:
    """Peaks of the finest level of one channel, written to a file as the samples come."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._rest: Samples = NOTHING

    def push(self, samples: Samples) -> None:
        """Add samples in ±1."""
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) - len(samples) % _FINEST
        self._rest = samples[whole:]
        self._write(samples[:whole].reshape(-1, _FINEST))

    def flush(self) -> None:
        """Write the peak of a last, shorter stretch."""
        if len(self._rest):
            self._write(self._rest[None])
            self._rest = NOTHING

    def _write(self, stretches: Samples) -> None:
        if len(stretches):
            peaks = np.stack([stretches.min(axis=1), stretches.max(axis=1)], axis=1)
            self._file.write(np.clip(np.rint(peaks * 128), -128, 127).astype(np.int8).tobytes())


def write_peaks(file: BinaryIO, channels: Sequence[BinaryIO | None]) -> int:
    """Write the peaks of channels, each in a file by PeakMeter, and return the size in bytes.

    A channel without a file, and the end of a shorter one, is silent.
    """
    length = max((_size(channel) // PEAK_BYTES for channel in channels if channel), default=0)
    for channel in channels:
        if channel is not None:
            channel.seek(0)
    blocks = (
        np.stack([_read(channel, min(_BATCH, length - first)) for channel in channels], axis=1)
        for first in range(0, length, _BATCH)
    )
    joined = (block.tobytes() for block in blocks)
    return write_peak_levels(file, joined, channels=len(channels), length=length)


def write_peak_levels(
    file: BinaryIO, blocks: Iterator[bytes], *, channels: int, length: int
) -> int:
    """Write all levels from `length` peaks of the finest, and return the size in bytes.

    The blocks have the peaks of all channels side by side. What they lack is silent.
    """
    levels: list[PeakLevel] = []
    offset, samples, count = HEADER_BYTES, _FINEST, length
    for _ in RATES:
        levels.append(PeakLevel(samples_per_peak=samples, length=count, offset=offset))
        offset += count * PEAK_BYTES * channels
        count, samples = -(-count // _FACTOR), samples * _FACTOR
    file.seek(0)
    file.write(_HEADER.pack(_MAGIC, channels, len(levels), 0, SAMPLE_RATE))
    for level in levels:
        file.write(_LEVEL.pack(level.samples_per_peak, level.length, level.offset))
    held = b""
    for first in range(0, length, _BATCH):
        size = min(_BATCH, length - first) * PEAK_BYTES * channels
        while len(held) < size and (block := next(blocks, None)) is not None:
            held += block
        taken, held = held[:size].ljust(size, b"\0"), held[size:]
        peaks = np.frombuffer(taken, dtype=np.int8).reshape(-1, channels, 2)
        for number, level in enumerate(levels):
            place = first // _FACTOR**number
            file.seek(level.offset + place * PEAK_BYTES * channels)
            file.write(peaks.tobytes())
            peaks = _coarser(peaks)
    return offset


def read_index(header: bytes) -> PeakIndex:
    """Return the index in the first HEADER_BYTES of a file.

    Raises:
        ValueError: this is no file of peaks.
    """
    try:
        magic, channels, count, _, _ = _HEADER.unpack_from(header)
        levels = [
            _LEVEL.unpack_from(header, _HEADER.size + number * _LEVEL.size)
            for number in range(count)
        ]
    except struct.error as error:
        raise ValueError("This is no file of peaks.") from error
    if magic != _MAGIC:
        raise ValueError("This is no file of peaks.")
    return PeakIndex(
        channels=channels,
        levels=tuple(
            PeakLevel(samples_per_peak=samples, length=length, offset=offset)
            for samples, length, offset in levels
        ),
    )


def _read(channel: BinaryIO | None, count: int) -> Peaks:
    """Return the next peaks with the shape (count, 2)."""
    data = b"" if channel is None else channel.read(count * PEAK_BYTES)
    return np.frombuffer(data.ljust(count * PEAK_BYTES, b"\0"), dtype=np.int8).reshape(-1, 2)


def _coarser(peaks: Peaks) -> Peaks:
    """Join each ten peaks, with the shape (peaks, channels, 2)."""
    surplus = -len(peaks) % _FACTOR
    padded = np.concatenate([peaks, np.repeat(peaks[-1:], surplus, axis=0)])
    grouped = padded.reshape(-1, _FACTOR, *peaks.shape[1:])
    return np.stack([grouped[..., 0].min(axis=1), grouped[..., 1].max(axis=1)], axis=-1)


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)
