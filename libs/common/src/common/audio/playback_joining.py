"""The playback copy of a recording, joined from those of its parts in bounded memory."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from common.audio.peaks import PEAK_BYTES, write_peak_levels
from common.audio.playback import PlaybackError, PlaybackFiles
from common.audio.playback_opus import (
    FRAME,
    joined_packet,
    opus_head,
    places_of,
    silent_packet,
    width_of,
)
from common.audio.playback_parts import (
    PACKETS_PER_SECOND,
    PEAKS_PER_SECOND,
    PartCopyReader,
    PartPeaksReader,
    Source,
)
from common.audio.playback_webm import write_webm
from common.audio.resampling import SAMPLE_RATE


@dataclass(frozen=True, kw_only=True)
class PartCopy:
    """The stored copy of a part.

    `start` is the second of the recording at which the part begins without its margins, and
    `seconds` the length of its sound, as stated in the result of its task.
    """

    start: int
    seconds: float
    copy: Source
    peaks: Source

    @property
    def end(self) -> int:
        """The end of its sound in samples of the recording."""
        return self.start * SAMPLE_RATE + round(self.seconds * SAMPLE_RATE)


def join_copies(
    parts: Sequence[PartCopy | None], *, copy: BinaryIO, peaks: BinaryIO
) -> PlaybackFiles:
    """Join the copies of all parts, in order, into two empty files that can seek.

    Each source is read once, from its beginning to its end, and only while it is needed.

    Raises:
        PlaybackError: a part has no copy, or one that is damaged.
    """
    present = [part for part in parts if part is not None]
    if not present or len(present) < len(parts):
        raise PlaybackError("A part of the recording has no copy.")
    samples = max(part.end if part.seconds else 0 for part in present)
    if not samples:
        raise PlaybackError("No part of the recording has sound.")
    try:
        first = PartCopyReader(present[0].copy)
        count = -(-(samples + first.delay) // FRAME)
        packets = itertools.islice(_packets(present, first), count)
        copy_bytes = write_webm(
            copy,
            packets,
            count=count,
            head=opus_head(first.channels, first.delay),
            samples=samples,
            delay=first.delay,
        )
        length = -(-samples * PEAKS_PER_SECOND // SAMPLE_RATE)
        peaks_bytes = write_peak_levels(
            peaks, _peaks(present, first.channels), channels=first.channels, length=length
        )
    except ValueError as error:
        raise PlaybackError(str(error)) from error
    return PlaybackFiles(
        copy=copy,
        copy_bytes=copy_bytes,
        peaks=peaks,
        peaks_bytes=peaks_bytes,
        channels=first.channels,
        samples=samples,
    )


def _packets(parts: Sequence[PartCopy], first: PartCopyReader) -> Iterator[bytes]:
    """Yield packets with all channels without end. Channels without one are silent."""
    silence = silent_packet()
    width, places = width_of(first.channels), places_of(first.channels)

    def together(packets: Sequence[bytes]) -> bytes:
        spread = [silence] * width
        for place, packet in zip(places, packets, strict=True):
            spread[place] = packet or silence
        return joined_packet(spread)

    position = 0
    for part in parts:
        reader = first if part is parts[0] else PartCopyReader(part.copy)
        if (reader.channels, reader.delay) != (first.channels, first.delay):
            raise ValueError("The copies of the parts do not fit together.")
        while position < part.start * PACKETS_PER_SECOND:
            yield together([b""] * first.channels)
            position += 1
        for packets in reader.packets():
            yield together(packets)
            position += 1
    while True:
        yield together([b""] * first.channels)


def _peaks(parts: Sequence[PartCopy], channels: int) -> Iterator[bytes]:
    """Yield peaks of the finest level, all channels side by side."""
    position = 0
    for part in parts:
        reader = PartPeaksReader(part.peaks)
        if reader.channels != channels:
            raise ValueError("The peaks of the parts do not fit together.")
        missing = max(0, part.start * PEAKS_PER_SECOND - position)
        yield bytes(missing * channels * PEAK_BYTES)
        yield from reader.blocks()
        position += missing + reader.count
