"""How long a recording is: by what is there, not by what its header states."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

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
#: Decoded sound does not go on longer behind the last packet. Its time would be wrong.
_PADDING_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """The end of a recording's last sound, in seconds on its clock.

    `stated` is the end that the file states if that is not there.
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
        begin = clock if time is None else time
        clock = None if begin is None else begin + frame.samples / frame.sample_rate
    return clock


def _read_through(opened: OpenAudio, stated: float | None, enough: float) -> Extent:
    """Measure by the packets of all tracks, and find the end of the longest by decoding it."""
    streams = [one for one in audio_streams(opened.container) if one.codec_context is not None]
    tracks = {stream.index: replace(opened, stream=stream) for stream in streams}
    timelines = {index: Timeline(track) for index, track in tracks.items()}
    reached = _follow(opened, timelines, enough)
    ends = {index: timeline.clock for index, timeline in timelines.items() if timeline.begun}
    if not ends:
        return _compared(0.0, stated, 0.0)
    index = max(ends, key=lambda one: ends[one])
    end = ends[index]
    if end < enough:
        end = _decoded_end(tracks[index], end)
    if opened.stream.duration is not None:
        # In a film the sound may end before the pictures.
        reached = ends.get(opened.stream.index, 0.0)
    # Lengths are counted from the beginning of the recording, or from zero in its own time.
    return _compared(end, stated, reached + max(0.0, opened.zero) if end < enough else math.inf)


def _follow(opened: OpenAudio, timelines: Mapping[int, Timeline], enough: float) -> float:
    """Place all packets on the timelines of their tracks. Return the last moment of any stream."""
    bases = {stream.index: float(stream.time_base or 0) for stream in opened.container.streams}
    reached = 0.0
    try:
        for packet in opened.container.demux():
            base = bases.get(packet.stream_index)
            if not packet.size or not base:
                continue
            time = None if packet.pts is None else packet.pts * base - opened.zero
            length = (packet.duration or 0) * base
            if time is not None:
                reached = max(reached, time + length)
            timeline = timelines.get(packet.stream_index)
            if timeline is not None:
                timeline.place(time)
                timeline.advance(length)
                if timeline.clock > enough:
                    break
    except DECODING_ERRORS:
        opened.file.raise_failure()
    return reached


def _decoded_end(track: OpenAudio, end: float) -> float:
    """Return where decoded sound ends. The last packets may be padded, or cut."""
    decoded = last_moment(track, end - _TAIL_SECONDS)
    if decoded is None or not -_TAIL_SECONDS <= decoded - end <= _PADDING_SECONDS:
        return end
    return decoded
