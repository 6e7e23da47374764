"""Decoding of signals to mono float samples, in constant memory and true to the timeline."""

import itertools
import math
from collections.abc import Iterator
from os import PathLike

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet

from common.audio.conditioning import SignalConditioner
from common.audio.container import DECODING_ERRORS, OpenAudio, open_audio, open_link
from common.audio.errors import UndecodableAudioError
from common.audio.kinds import AudioKind
from common.audio.resampling import NOTHING, SAMPLE_RATE, Downmix, Packer, Samples
from common.audio.seekable import View
from common.audio.signals import AudioSource, Signal, SignalPart, Sound, Span, sound_of
from common.audio.timeline import Timeline

#: Samples in a yielded block (the last one may be shorter): about four seconds at 16 kHz.
BLOCK = 65_536

#: Decoders need sound from before the wanted start (MP3's bit reservoir, Opus' pre-roll).
_PREROLL_SECONDS = 0.5
#: Containers in which FFmpeg finds moments by counting or by guessing, so that they are wrong in
#: files with damaged, joined or badly described frames. These are read from their beginning.
_GUESSING = frozenset(
    {
        *(AudioKind.AAC, AudioKind.AC3, AudioKind.AMR, AudioKind.DTS, AudioKind.EAC3),
        *(AudioKind.GSM, AudioKind.LATM, AudioKind.MP3, AudioKind.MPEG_PS),
    }
)
#: The longest silence before the first sound, in seconds.
_MOST_SILENCE_SECONDS = 3 * 3600.0
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
    """Yield the signal between `start` and `end` (seconds) as blocks of mono float32 in ±1.

    Channels are summed with their gains and resampled. Sample n is always second n / sample_rate
    on the recording's clock, or after the start of the sound's span: sound that is missing (dropped
    packets, a track that begins later) becomes silence. Broken packets are skipped. The blocks
    simply end where the recording does, and there are none if it ends before `start`.
    `conditioner` makes samples sane and counts the changes.

    Raises the errors of common.audio.errors. UndecodableAudioError is also raised if no part of the
    stream can be decoded from its beginning.
    """
    sound = sound_of(source)
    is_whole = (start or 0.0) <= 0 and end is None and sample_rate == SAMPLE_RATE
    span = sound.span.within(start or 0.0, end)
    blocks = _decode_signal(sound, span, sample_rate, conditioner or SignalConditioner())
    if sound.listener is not None and is_whole:
        blocks = sound.listener(blocks)
    yield from blocks


def _decode_signal(
    sound: Sound, span: Span, sample_rate: int, conditioner: SignalConditioner
) -> Iterator[Samples]:
    if span.end is not None and round((span.end - span.start) * sample_rate) <= 0:
        return
    if len(sound.signal.parts) <= 1:
        yield from _decode_part(sound, span, sample_rate, conditioner)
        return
    decoded = [_decode_part(part, span, sample_rate, conditioner) for part in _apart(sound)]
    yield from _summed(decoded)


def _apart(sound: Sound) -> list[Sound]:
    """Return each part of a signal as a sound of its own, with its own position in the file."""
    file = sound.file
    return [
        Sound(
            file=file if isinstance(file, (str, PathLike)) else View.of(file),
            signal=Signal(parts=(part,)),
        )
        for part in sound.signal.parts
    ]


def _summed(parts: list[Iterator[Samples]]) -> Iterator[Samples]:
    """Add signals up. All but the last blocks are equally long. Shorter signals end in silence."""
    for blocks in itertools.zip_longest(*parts, fillvalue=NOTHING):
        total = np.zeros(max(len(block) for block in blocks), dtype=np.float32)
        for block in blocks:
            total[: len(block)] += block
        yield np.clip(total, -1.0, 1.0, out=total)


def _decode_part(
    sound: Sound, span: Span, sample_rate: int, conditioner: SignalConditioner
) -> Iterator[Samples]:
    part = sound.signal.parts[0] if sound.signal.parts else None
    limit = None if span.end is None else round((span.end - span.start) * sample_rate)
    with open_audio(sound) as opened:
        timed = _timed(opened, span.start, Downmix(sample_rate, _gains(part)), conditioner)
        yield from _blocks(_window(timed, span.start, sample_rate), limit)


def _gains(part: SignalPart | None) -> tuple[float, ...]:
    return () if part is None else part.gains


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
        with open_link(opened.file, link, track=opened.track) as part:
            for time, frame in _frames_of_one(part, start - link.start):
                yield None if time is None else link.start + time, frame


def _frames_of_one(opened: OpenAudio, start: float) -> Iterator[tuple[float | None, AudioFrame]]:
    earliest = start - _PREROLL_SECONDS
    skipped = _Skipped(opened, earliest) if earliest > 0 and opened.kind in _GUESSING else None
    if skipped is not None:
        _rewind(opened)
    elif start > 0:
        _seek(opened, start)
    broken = 0
    packer = Packer()
    try:
        for packet in opened.container.demux(opened.stream):
            if skipped is not None and skipped.includes(packet):
                continue
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
                    yield _time_of(frame, opened), packer.packed(frame)
    except DECODING_ERRORS:
        # The container is broken from here on. Earlier sound is still valid.
        opened.file.raise_failure()


class _Skipped:
    """The packets before a moment, in order of time. They need not be decoded."""

    def __init__(self, opened: OpenAudio, moment: float) -> None:
        self._opened = opened
        self._moment = moment
        self._over = False

    def includes(self, packet: "Packet[AudioStream]") -> bool:
        """Return whether a packet ends before the moment. Those without a time do not."""
        if self._over:
            return False
        time = None
        if packet.pts is not None and packet.time_base is not None and packet.size:
            end = packet.pts + (packet.duration or 0)
            time = self._opened.on_clock(float(end * packet.time_base))
        self._over = time is None or time >= self._moment
        return not self._over


def _is_sane(frame: AudioFrame) -> bool:
    return frame.samples > 0 and frame.sample_rate in _SANE_RATES


def _seek(opened: OpenAudio, start: float) -> None:
    time_base = opened.stream.time_base
    if time_base is None:
        return
    if opened.on_clock(opened.start + opened.zero) is None:
        # Where the container gives a wrong time for its beginning, it does not find others.
        _rewind(opened)
        return
    target = max(opened.start, start - _PREROLL_SECONDS) + opened.zero
    try:
        opened.container.seek(math.floor(target / time_base), stream=opened.stream)
    except DECODING_ERRORS:
        opened.file.raise_failure()
        _rewind(opened)


def _rewind(opened: OpenAudio) -> None:
    """Read from the beginning, the only way without an index."""
    try:
        opened.container.seek(0)
    except DECODING_ERRORS:
        # Some containers only go ahead. Those just opened are at their beginning.
        opened.file.raise_failure()


def _time_of(frame: AudioFrame, opened: OpenAudio) -> float | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return opened.on_clock(float(frame.pts * frame.time_base))


def _timed(
    opened: OpenAudio, start: float, downmix: Downmix, conditioner: SignalConditioner
) -> Iterator[tuple[float, Samples]]:
    """Yield resampled stretches with their start times. Gaps are filled with silence."""
    timeline = Timeline(opened, start)
    for time, frame in conditioner.condition(frames(opened, start)):
        before = timeline.clock
        gap = timeline.place(time)
        if gap:
            yield before, downmix.flush()
            yield from _silence(gap, before, downmix.sample_rate)
        yield timeline.clock, downmix.push(frame)
        timeline.advance(frame.samples / frame.sample_rate)
    if not timeline.begun and start <= 0:
        raise UndecodableAudioError("Nothing in the audio stream can be decoded.")
    yield timeline.clock, downmix.flush()


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
