"""How long a recording is: by what is there, not by what its header states."""

import math
from dataclasses import dataclass, replace
from typing import Any

from av.packet import Packet

from common.audio.completeness import stated_end
from common.audio.container import DECODING_ERRORS, OpenAudio, open_link
from common.audio.decoding import frames
from common.audio.kinds import AudioKind
from common.audio.stated import file_size, stated_length
from common.audio.timeline import Timeline
from common.audio.tracks import audio_streams

#: Files up to this size are read through. Of larger ones the stated end is looked at.
_READ_THROUGH = 200_000_000
#: How far before the end decoding begins to find it.
_TAIL_SECONDS = 5.0
#: A recording may end so much earlier than stated: the larger of seconds and a part of it.
_TOLERANCE_SECONDS = 1.5
_TOLERANCE_RATIO = 0.002
#: Decoded sound ends so near the last packet.
_PADDING_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """The end of a recording's last sound, in seconds on its clock.

    `stated` is the end stated by the file if that is not there.
    """

    end: float
    stated: float | None = None


def measure(opened: OpenAudio, *, enough: float = math.inf) -> Extent:
    """Measure a recording, up to `enough` seconds if it is longer than that.

    Files of usual sizes are read through, but not decoded. Of others the stated end is verified if
    there is one.
    """
    if opened.links:
        last = opened.links[-1]
        with open_link(opened.file, last, track=opened.track) as part:
            extent = measure(part, enough=max(0.0, enough - last.start))
        return Extent(
            end=last.start + extent.end,
            stated=None if extent.stated is None else last.start + extent.stated,
        )
    size, stated_size = file_size(opened.file), stated_end(opened.file, opened.kind)
    stated = stated_length(opened)
    extent = _measure_one(opened, stated, enough)
    if stated_size is None:
        return extent
    if stated_size <= size:
        # Nothing is missing. The length that is stated may be wrong.
        return Extent(end=extent.end)
    if stated is None and extent.end < enough:
        return _compared(extent.end, extent.end * stated_size / size, extent.end)
    return extent


def _measure_one(opened: OpenAudio, stated: float | None, enough: float) -> Extent:
    if _is_exact(opened) and opened.duration is not None:
        return _compared(opened.duration, stated, opened.duration)
    if stated is not None and file_size(opened.file) > _READ_THROUGH:
        end = last_moment(opened, max(0.0, stated - _TAIL_SECONDS))
        if end is not None and end >= stated - _tolerance(stated):
            return Extent(end=end)
    return _read_through(opened, stated, enough)


def _is_exact(opened: OpenAudio) -> bool:
    """Return whether the length follows from the number of bytes."""
    is_linear = opened.stream.codec_context.name.startswith("pcm_")
    return is_linear and opened.kind in {AudioKind.WAV, AudioKind.W64}


def _compared(end: float, stated: float | None, reached: float) -> Extent:
    """Return the extent, with the stated length if the recording breaks off before that."""
    if stated is None or reached >= stated - _tolerance(stated):
        return Extent(end=end)
    return Extent(end=end, stated=stated)


def _tolerance(stated: float) -> float:
    return max(_TOLERANCE_SECONDS, stated * _TOLERANCE_RATIO)


def last_moment(opened: OpenAudio, start: float) -> float | None:
    """Return the end of the last decodable sound after `start`, in seconds, None without any."""
    clock = None
    # Time 0 would be read without seeking, and the clock would be that of the beginning.
    for time, frame in frames(opened, max(start, 1e-3)):
        if time is not None:
            # Not all containers count the time.
            clock = max(clock or 0.0, time)
        if clock is not None:
            clock += frame.samples / frame.sample_rate
    return clock


def _read_through(opened: OpenAudio, stated: float | None, enough: float) -> Extent:
    """Measure by the packets of all tracks, and find the end of the longest by decoding it."""
    reading = _Reading(opened)
    reading.follow(enough)
    ends = reading.ends
    if not ends:
        return _compared(0.0, stated, 0.0)
    index = max(ends, key=lambda one: ends[one])
    if ends[index] >= enough:
        return Extent(end=ends[index])
    end = _decoded_end(reading.tracks[index], ends[index], reading.last[index])
    # In a film the sound may end before the pictures.
    is_own = opened.stream.duration is not None
    reached = max(end, ends.get(opened.stream.index, 0.0) if is_own else reading.reached)
    # Lengths are counted from the beginning of the recording, or from zero in its own time.
    return _compared(end, stated, reached + max(0.0, opened.zero))


class _Reading:
    """The tracks of a recording while their packets are read.

    `reached` is the last moment of any stream, and `last` the length of each track's last packet, 0
    if it does not state it, in seconds.
    """

    def __init__(self, opened: OpenAudio) -> None:
        streams = [one for one in audio_streams(opened.container) if one.codec_context is not None]
        self.tracks = {stream.index: replace(opened, stream=stream) for stream in streams}
        self.reached = 0.0
        self.last: dict[int, float] = {}
        self._opened = opened
        self._timelines = {index: Timeline(track) for index, track in self.tracks.items()}

    @property
    def ends(self) -> dict[int, float]:
        """The end of each track with packets, in seconds."""
        return {index: line.clock for index, line in self._timelines.items() if line.begun}

    def follow(self, enough: float) -> None:
        """Read all packets, or those of so many seconds."""
        container = self._opened.container
        bases = {stream.index: float(stream.time_base or 0) for stream in container.streams}
        try:
            for packet in container.demux():
                base = bases.get(packet.stream_index)
                if packet.size and base:
                    self._place(packet, base)
                    timeline = self._timelines.get(packet.stream_index)
                    if timeline is not None and timeline.clock > enough:
                        return
        except DECODING_ERRORS:
            self._opened.file.raise_failure()

    def _place(self, packet: "Packet[Any]", base: float) -> None:
        time = None if packet.pts is None else self._opened.on_clock(packet.pts * base)
        length = (packet.duration or 0) * base
        if time is not None:
            self.reached = max(self.reached, time + length)
        timeline = self._timelines.get(packet.stream_index)
        if timeline is not None:
            timeline.place(time)
            timeline.advance(length)
            self.last[packet.stream_index] = length


def _decoded_end(track: OpenAudio, end: float, packet: float) -> float:
    """Return where decoded sound ends, near the end of the last packet with its length in seconds.

    The last packets may be padded, or cut.
    """
    decoded = last_moment(track, end - _TAIL_SECONDS)
    if decoded is None:
        return end
    # Far from the packets, the time after seeking is wrong.
    least = end - 2 * packet - _PADDING_SECONDS
    most = end + _PADDING_SECONDS if packet else math.inf
    return decoded if least <= decoded <= most else end
