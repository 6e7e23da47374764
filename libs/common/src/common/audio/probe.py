"""Examination of a recording before it is accepted: decodability, length and completeness."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from av.audio.frame import AudioFrame

from common.audio.container import DECODING_ERRORS, OpenAudio, open_audio
from common.audio.decoding import frames
from common.audio.errors import EmptyAudioError, TruncatedAudioError, UndecodableAudioError
from common.audio.extent import Extent, measure
from common.audio.kinds import AudioKind
from common.audio.signals import AudioSource, Span, sound_of
from common.audio.tracks import audio_streams

#: Sound that must decode at the beginning.
_HEAD_SECONDS = 3.0
#: Frames at the beginning that are tried before giving up.
_HEAD_FRAMES = 5_000


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioInfo:
    """Properties of a recording.

    `duration` is in seconds, `sample_rate` in Hz, `bit_rate` in bits per second (None if the
    container does not give it). `container` and `codec` are FFmpeg's short names. `declared` is the
    length that a truncated recording states, otherwise None.
    """

    duration: float
    kind: AudioKind
    container: str
    codec: str
    sample_rate: int
    channels: int
    bit_rate: int | None
    declared: float | None = None

    @property
    def truncated(self) -> bool:
        """Whether the recording breaks off before its declared length."""
        return self.declared is not None


def probe(
    source: AudioSource, *, allow_truncated: bool = False, enough: float = math.inf
) -> AudioInfo:
    """Examine a recording by decoding its beginning and its end.

    Files up to 200 MB are read through (never held), unless their size tells the length. Of larger
    ones only the head, the index and the tail are read if the container states a length. `duration`
    is what is there: the end of the last sound of any track. Measuring stops after `enough`
    seconds. A truncated recording raises unless `allow_truncated`. Of a span, all of this is said
    as of a recording that begins with it and ends with it at the latest.

    Raises EmptyAudioError, UndecodableAudioError, NoAudioStreamError or TruncatedAudioError.
    """
    with open_audio(source) as opened:
        track, sample_rate, channels = _decode_head(opened)
        codec = track.stream.codec_context
        index = None if track.links else track.stream.index
        kind, container = track.kind, track.container.format.name
        bit_rate = codec.bit_rate or track.container.bit_rate or None
        codec_name = codec.name
    # Not every container can be set back to its beginning.
    extent = _extent(source, index, sound_of(source).span.within(0.0, enough))
    if extent.stated is not None and not allow_truncated:
        raise TruncatedAudioError(declared=extent.stated, found=extent.end)
    return AudioInfo(
        duration=extent.end,
        kind=kind,
        container=container,
        codec=codec_name,
        sample_rate=sample_rate,
        channels=channels,
        bit_rate=bit_rate,
        declared=extent.stated,
    )


def _extent(source: AudioSource, track: int | None, span: Span) -> Extent:
    """Return the extent of a span on its own clock."""
    if span.start and span.end is not None:
        # Most parts of a recording need not be read through from its beginning.
        with open_audio(source, track=track) as opened:
            if any(time is not None and time >= span.end for time, _ in _near(opened, span.end)):
                return Extent(end=span.end - span.start)
    with open_audio(source, track=track) as opened:
        return _within(span, measure(opened, enough=span.limit))


def _near(opened: OpenAudio, moment: float) -> Iterator[tuple[float | None, AudioFrame]]:
    return itertools.islice(frames(opened, moment), _HEAD_FRAMES)


def _within(span: Span, extent: Extent) -> Extent:
    """Return the extent of a recording on the clock of a span of it."""
    end = max(0.0, min(span.limit, extent.end) - span.start)
    stated = max(0.0, min(span.limit, extent.stated or 0.0) - span.start)
    return Extent(end=end, stated=stated if stated > end else None)


def _decode_head(opened: OpenAudio) -> tuple[OpenAudio, int, int]:
    """Decode the first seconds of the first decodable track.

    Return the recording with this track, and its actual sample rate and number of channels.
    """
    for track in _tracks(opened):
        decoded, found = 0.0, None
        for _, frame in itertools.islice(frames(track), _HEAD_FRAMES):
            found = found or (frame.sample_rate, frame.layout.nb_channels)
            decoded += frame.samples / frame.sample_rate
            if decoded >= _HEAD_SECONDS:
                break
        if found is not None:
            return track, *found
    if opened.stream.duration == 0 or _without_packets(opened):
        raise EmptyAudioError("The recording holds no sound.")
    raise UndecodableAudioError("Nothing in the audio stream can be decoded.")


def _tracks(opened: OpenAudio) -> list[OpenAudio]:
    """Return the recording with each of its tracks, the chosen one first."""
    if opened.links:
        return [opened]
    streams = [one for one in audio_streams(opened.container) if one.codec_context is not None]
    others = (one for one in streams if one.index != opened.stream.index)
    return [opened, *(replace(opened, stream=stream) for stream in others)]


def _without_packets(opened: OpenAudio) -> bool:
    try:
        opened.container.seek(0)
        return not any(packet.size for packet in opened.container.demux(opened.stream))
    except DECODING_ERRORS:
        opened.file.raise_failure()
        return False
