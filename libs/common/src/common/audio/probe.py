"""Examination of a recording before it is accepted: decodability, length and completeness."""

import itertools
from dataclasses import dataclass

from common.audio.container import DECODING_ERRORS, OpenAudio, open_audio
from common.audio.decoding import frames
from common.audio.errors import EmptyAudioError, TruncatedAudioError, UndecodableAudioError
from common.audio.kinds import AudioKind
from common.audio.signals import AudioSource
from common.audio.timeline import Timeline
from common.audio.wav import declared_wav_duration

#: Sound that must decode at the beginning.
_HEAD_SECONDS = 3.0
#: How far before the declared end decoding is tried.
_TAIL_SECONDS = 5.0
#: A recording may end so much earlier than declared: the larger of seconds and a part of it.
_TOLERANCE_SECONDS = 1.5
_TOLERANCE_RATIO = 0.002
#: Frames at the beginning that are tried before giving up.
_HEAD_FRAMES = 5_000

#: Containers that declare no length of their own. FFmpeg would guess it from the bit rate.
_GUESSED = frozenset({AudioKind.AAC, AudioKind.AMR, AudioKind.MPEG_PS, AudioKind.MPEG_TS})
_VBR_HEADERS = (b"Xing", b"Info", b"VBRI")


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioInfo:
    """Properties of a recording.

    `duration` is in seconds, `sample_rate` in Hz, `bit_rate` in bits per second (None if the
    container does not give it). `container` and `codec` are FFmpeg's short names. `truncated` is
    True if the container declares more than the actual `duration`.
    """

    duration: float
    kind: AudioKind
    container: str
    codec: str
    sample_rate: int
    channels: int
    bit_rate: int | None
    truncated: bool = False


def probe(source: AudioSource, *, allow_truncated: bool = False) -> AudioInfo:
    """Examine a recording by decoding its beginning and its end.

    Reads the head, the index and the tail. The whole file is read (never held) only if the
    container declares no length or, like MP3, has no index. A truncated recording raises unless
    `allow_truncated`.

    Raises EmptyAudioError, UndecodableAudioError, NoAudioStreamError or TruncatedAudioError.
    """
    with open_audio(source) as opened:
        sample_rate, channels = _decode_head(opened)
        declared = _declared_duration(opened)
        codec = opened.stream.codec_context.name
        bit_rate = opened.stream.codec_context.bit_rate or opened.container.bit_rate or None
        container = opened.container.format.name
        kind = opened.kind
        whole = declared is not None and _reaches(opened, declared)
    duration = declared if whole and declared is not None else _measure(source)
    truncated = declared is not None and not whole and duration < declared - _tolerance(declared)
    if truncated and declared is not None and not allow_truncated:
        raise TruncatedAudioError(declared=declared, found=duration)
    return AudioInfo(
        duration=duration,
        kind=kind,
        container=container,
        codec=codec,
        sample_rate=sample_rate,
        channels=channels,
        bit_rate=bit_rate,
        truncated=truncated,
    )


def _tolerance(declared: float) -> float:
    return max(_TOLERANCE_SECONDS, declared * _TOLERANCE_RATIO)


def _decode_head(opened: OpenAudio) -> tuple[int, int]:
    """Decode the first seconds and return the actual sample rate and number of channels."""
    decoded, found = 0.0, None
    for _, frame in itertools.islice(frames(opened), _HEAD_FRAMES):
        found = found or (frame.sample_rate, frame.layout.nb_channels)
        decoded += frame.samples / frame.sample_rate
        if decoded >= _HEAD_SECONDS:
            break
    if found is None:
        if opened.stream.duration == 0 or _without_packets(opened):
            raise EmptyAudioError("The recording holds no sound.")
        raise UndecodableAudioError("Nothing in the audio stream can be decoded.")
    return found


def _without_packets(opened: OpenAudio) -> bool:
    try:
        opened.container.seek(0)
        return not any(packet.size for packet in opened.container.demux(opened.stream))
    except DECODING_ERRORS:
        opened.file.raise_failure()
        return False


def _declared_duration(opened: OpenAudio) -> float | None:
    """Return the container's own figure of its length in seconds, if it has one."""
    if opened.kind in _GUESSED or (opened.kind is AudioKind.MP3 and not _has_vbr_header(opened)):
        return None
    if opened.kind is AudioKind.WAV and (declared := declared_wav_duration(opened.file)):
        return declared
    return opened.duration


def _has_vbr_header(opened: OpenAudio) -> bool:
    """Return whether an MP3's first frame counts the frames. Otherwise the length is a guess."""
    file = opened.file
    position = file.tell()
    try:
        file.seek(0)
        head = file.read(4096)
    finally:
        file.seek(position)
    return any(header in head for header in _VBR_HEADERS)


def _reaches(opened: OpenAudio, declared: float) -> bool:
    """Return whether sound (or, with several streams, anything) is at the declared end."""
    goal = declared - _tolerance(declared)
    if goal <= 0:
        return True
    end = _last_moment(opened, max(0.0, declared - _TAIL_SECONDS))
    if end >= goal:
        return True
    # In a film the sound may end before the pictures.
    others = len(opened.container.streams) > 1 and opened.stream.duration is None
    return others and _last_packet(opened, declared) >= goal


def _last_moment(opened: OpenAudio, start: float) -> float:
    """Return the end of the last decodable frame after `start`, in seconds."""
    clock = 0.0
    for time, frame in frames(opened, max(start, 1e-3)):
        clock = (clock if time is None else time) + frame.samples / frame.sample_rate
    return clock


def _last_packet(opened: OpenAudio, declared: float) -> float:
    """Return the beginning of the last packet of any stream, in seconds."""
    latest = 0.0
    try:
        opened.container.seek(int(max(0.0, declared - _TAIL_SECONDS) * 1_000_000))
        for packet in opened.container.demux():
            if packet.pts is not None and packet.time_base is not None:
                latest = max(latest, float(packet.pts * packet.time_base))
    except DECODING_ERRORS:
        opened.file.raise_failure()
    return latest - opened.zero


def _measure(source: AudioSource) -> float:
    """Find the length in seconds by reading through, without decoding."""
    with open_audio(source) as opened:
        timeline = Timeline(opened)
        try:
            for packet in opened.container.demux(opened.stream):
                if packet.size == 0 or packet.time_base is None:
                    continue
                pts, length = packet.pts, float((packet.duration or 0) * packet.time_base)
                time = None if pts is None else float(pts * packet.time_base) - opened.zero
                timeline.place(time)
                timeline.advance(length)
        except DECODING_ERRORS:
            opened.file.raise_failure()
    return timeline.clock
