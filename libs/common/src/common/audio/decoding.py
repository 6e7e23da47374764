"""Decoding of recordings to mono float samples, in constant memory and true to the timeline."""

import math
from collections.abc import Iterator

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame

from common.audio.conditioning import SignalConditioner
from common.audio.container import (
    DECODING_ERRORS,
    AudioSource,
    OpenAudio,
    open_audio,
    open_link,
)
from common.audio.errors import UndecodableAudioError

Samples = npt.NDArray[np.float32]

SAMPLE_RATE = 16_000
#: Samples in a yielded block (the last one may be shorter): about four seconds at 16 kHz.
BLOCK = 65_536

#: Decoders need sound from before the wanted start (MP3's bit reservoir, Opus' pre-roll).
_PREROLL_SECONDS = 0.5
#: Time stamps further ahead than this mean missing sound. Smaller gaps are rounding errors.
_GAP_SECONDS = 0.1
#: Jumps that add up to more than this are not missing sound but broken time stamps.
_MOST_SILENCE_SECONDS = 3 * 3600.0
#: Time stamps later than this after the declared length are not credible.
_BEYOND_SECONDS = 1.0
#: Sample rates outside this range, in Hz, come from broken headers.
_SANE_RATES = range(1_000, 768_001)
#: Most broken packets in a row before decoding stops.
_BROKEN_IN_A_ROW = 2_000


def decode(
    source: AudioSource,
    start: float | None = None,
    end: float | None = None,
    *,
    sample_rate: int = SAMPLE_RATE,
    conditioner: SignalConditioner | None = None,
) -> Iterator[Samples]:
    """Yield the sound between `start` and `end` (seconds) as blocks of mono float32 in ±1.

    Channels are mixed down and resampled. Missing sound within the recording (dropped packets)
    becomes silence, so sample n is always second n / sample_rate. Broken packets are skipped. The
    blocks simply end where the recording does. `conditioner` makes samples sane and counts the
    changes.

    Raises the errors of common.audio.errors. UndecodableAudioError is also raised if no part of the
    stream can be decoded.
    """
    begin = max(0.0, start or 0.0)
    limit = None if end is None else max(0, round((end - begin) * sample_rate))
    if limit == 0:
        return
    with open_audio(source) as opened:
        timed = _timed(opened, begin, sample_rate, conditioner or SignalConditioner())
        yield from _blocks(_window(timed, begin, sample_rate), limit)


def read_window(
    source: AudioSource, start: float, end: float, *, sample_rate: int = SAMPLE_RATE
) -> Samples:
    """Return the sound between two moments (seconds), or less if the recording ends earlier."""
    blocks = list(decode(source, start, end, sample_rate=sample_rate))
    return np.concatenate(blocks) if blocks else np.empty(0, dtype=np.float32)


def frames(opened: OpenAudio, start: float = 0.0) -> Iterator[tuple[float | None, AudioFrame]]:
    """Decode from `start` or a little before: (seconds on the recording's timeline, frame).

    The time is None if the container does not give one. Broken packets are skipped. The links of a
    chained file follow one another.
    """
    if not opened.links:
        yield from _frames_of_one(opened, start)
        return
    for link in opened.links:
        if link.end <= start - _PREROLL_SECONDS:
            continue
        with open_link(opened.file, link) as part:
            for time, frame in _frames_of_one(part, start - link.start):
                yield None if time is None else link.start + time, frame


def _frames_of_one(opened: OpenAudio, start: float) -> Iterator[tuple[float | None, AudioFrame]]:
    if start > 0:
        _seek(opened, start)
    broken = 0
    try:
        for packet in opened.container.demux(opened.stream):
            try:
                decoded = packet.decode()
            except DECODING_ERRORS:
                opened.file.raise_failure()
                broken += 1
                if broken > _BROKEN_IN_A_ROW:
                    return
                continue
            for frame in decoded:
                if isinstance(frame, AudioFrame) and _is_sane(frame):
                    broken = 0
                    yield _time_of(frame, opened), frame
    except DECODING_ERRORS:
        # The container is broken from here on. Earlier sound is still valid.
        opened.file.raise_failure()


def _is_sane(frame: AudioFrame) -> bool:
    return frame.samples > 0 and frame.sample_rate in _SANE_RATES


def _seek(opened: OpenAudio, start: float) -> None:
    time_base = opened.stream.time_base
    if time_base is None:
        return
    target = max(0.0, start - _PREROLL_SECONDS) + opened.start
    try:
        opened.container.seek(math.floor(target / time_base), stream=opened.stream)
    except DECODING_ERRORS:
        opened.file.raise_failure()
        # Without an index the only way is to read from the beginning.
        opened.container.seek(0)


def _time_of(frame: AudioFrame, opened: OpenAudio) -> float | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return float(frame.pts * frame.time_base) - opened.start


class Timeline:
    """Position of sound in a recording, in seconds, from time stamps as far as they are credible.

    `clock` is the position of the next sound.
    """

    def __init__(self, opened: OpenAudio) -> None:
        self.clock = 0.0
        self._latest = math.inf if opened.duration is None else opened.duration + _BEYOND_SECONDS
        self._seams = [link.start for link in opened.links]
        self._silence_left = _MOST_SILENCE_SECONDS
        self._begun = False

    @property
    def begun(self) -> bool:
        """Whether any sound has been placed."""
        return self._begun

    def place(self, time: float | None) -> float:
        """Move to the time stamp of the next sound. Return the seconds missing before it."""
        credible = time is not None and time <= self._latest
        first, self._begun = not self._begun, True
        if time is None or not credible:
            return 0.0
        gap = time - self.clock
        if first:
            self.clock = time
            return 0.0
        # Small shortfalls of links against their declared lengths would add up otherwise.
        at_seam = any(self.clock < seam <= time for seam in self._seams)
        if not (0.0 if at_seam else _GAP_SECONDS) < gap <= self._silence_left:
            return 0.0
        self._silence_left -= gap
        self.clock = time
        return gap

    def advance(self, seconds: float) -> None:
        """Move past sound of the given length."""
        self.clock += seconds


def _timed(
    opened: OpenAudio, start: float, sample_rate: int, conditioner: SignalConditioner
) -> Iterator[tuple[float, Samples]]:
    """Yield resampled stretches with their start times. Gaps are filled with silence."""
    resampler = _Resampler(sample_rate)
    timeline = Timeline(opened)
    for time, frame in conditioner.condition(frames(opened, start)):
        before = timeline.clock
        gap = timeline.place(time)
        if gap:
            yield before, resampler.flush()
            yield from _silence(gap, before, sample_rate)
        yield timeline.clock, resampler.push(frame)
        timeline.advance(frame.samples / frame.sample_rate)
    if not timeline.begun and start <= 0:
        raise UndecodableAudioError("Nothing in the audio stream can be decoded.")
    yield timeline.clock, resampler.flush()


def _silence(seconds: float, start: float, sample_rate: int) -> Iterator[tuple[float, Samples]]:
    samples = round(seconds * sample_rate)
    for done in range(0, samples, BLOCK):
        size = min(BLOCK, samples - done)
        yield start + done / sample_rate, np.zeros(size, dtype=np.float32)


def _window(
    stretches: Iterator[tuple[float, Samples]], start: float, sample_rate: int
) -> Iterator[Samples]:
    """Drop the sound before `start`. If it begins later, put silence before it."""
    to_drop: int | None = None
    for time, samples in stretches:
        if to_drop is None:
            to_drop = round((start - time) * sample_rate)
            if 0 < -to_drop / sample_rate <= _MOST_SILENCE_SECONDS:
                for _, silence in _silence(time - start, start, sample_rate):
                    yield silence
            to_drop = max(0, to_drop)
        if to_drop >= len(samples):
            to_drop -= len(samples)
            continue
        yield samples[to_drop:]
        to_drop = 0


def _blocks(stretches: Iterator[Samples], limit: int | None) -> Iterator[Samples]:
    """Regroup into blocks of equal size, `limit` samples in total."""
    pending: list[Samples] = []
    held = 0
    left = limit
    for stretch in stretches:
        samples = stretch if left is None else stretch[:left]
        if left is not None:
            left -= len(samples)
        pending.append(samples)
        held += len(samples)
        if held >= BLOCK:
            joined = np.concatenate(pending)
            whole = held - held % BLOCK
            yield from np.split(joined[:whole], whole // BLOCK)
            pending, held = [joined[whole:]], held - whole
        if left == 0:
            break
    if held:
        yield np.concatenate(pending)


class _Resampler:
    """PyAV's resampler to mono float, replaced when the stream changes its format."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._resampler: av.AudioResampler | None = None
        self._format: tuple[str, str, int] | None = None

    def push(self, frame: AudioFrame) -> Samples:
        """Return the samples ready now. Some stay inside the filter."""
        if _is_multitrack(frame):
            frame = _averaged(frame)
        current = (frame.format.name, frame.layout.name, frame.sample_rate)
        before = self.flush() if self._format not in {None, current} else _NOTHING
        if self._resampler is None:
            self._resampler = av.AudioResampler("flt", "mono", self._sample_rate)
            self._format = current
        frame.pts = None
        try:
            ready = self._resampler.resample(frame)
        except DECODING_ERRORS:
            # An impossible layout. The next frame starts with a new filter.
            self._resampler = self._format = None
            return before
        return _joined([before, *_arrays(ready)])

    def flush(self) -> Samples:
        """Return the rest inside the filter."""
        if self._resampler is None:
            return _NOTHING
        rest = _joined(_arrays(self._resampler.resample(None)))
        self._resampler = self._format = None
        return rest


_NOTHING = np.empty(0, dtype=np.float32)


def _is_multitrack(frame: AudioFrame) -> bool:
    """Return whether the channels have no positions, as the tracks of a recorder.

    FFmpeg would take them for surround sound and drop the third as a subwoofer, or fail.
    """
    channels = frame.layout.channels
    return len(channels) > 2 and all(channel.name == "NONE" for channel in channels)


def _averaged(frame: AudioFrame) -> AudioFrame:
    """Return the average of all channels as a mono frame of the same format."""
    values = frame.to_ndarray()
    tracks = values if frame.format.is_planar else values.reshape(frame.samples, -1).T
    mono = tracks.mean(axis=0, keepdims=True).astype(values.dtype)
    mixed = av.AudioFrame.from_ndarray(mono, format=frame.format.name, layout="mono")
    mixed.sample_rate = frame.sample_rate
    return mixed


def _arrays(resampled: list[AudioFrame]) -> list[Samples]:
    """Return the samples, clipped because filters overshoot a little."""
    arrays = (frame.to_ndarray().reshape(-1) for frame in resampled)
    return [np.clip(array, -1.0, 1.0).astype(np.float32, copy=False) for array in arrays]


def _joined(parts: list[Samples]) -> Samples:
    return np.concatenate(parts) if parts else _NOTHING
