"""Survey of a recording: its tracks, and measurements of their channels."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from common.audio import tracks
from common.audio.conditioning import SignalConditioner
from common.audio.container import OpenAudio, open_audio
from common.audio.decoding import frames
from common.audio.errors import AudioError, UndecodableAudioError
from common.audio.evidence import Evidence, Excerpts
from common.audio.probe import probe
from common.audio.resampling import SAMPLE_RATE, Resampler, channels_of
from common.audio.seekable import View
from common.audio.signals import AudioFile
from common.audio.timeline import Timeline
from common.audio.tracks import Track

#: Sound measured of all channels together, in seconds, but at least so much of each.
_MEASURED_SECONDS = 600.0
_LEAST_SECONDS = 40.0
_EXCERPT_SECONDS = 20.0
#: A track that has no sound within so many frames cannot be decoded.
_FIRST_FRAMES = 1_000
#: More tracks than this are not examined.
_MOST_TRACKS = 32

#: Start and end in seconds.
_Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """The tracks of a recording, and evidence about the channels of those that decode."""

    tracks: tuple[Track, ...]
    evidence: Evidence

    def to_json(self) -> dict[str, Any]:
        """Return the survey as JSON values."""
        return {
            "tracks": [track.to_json() for track in self.tracks],
            "evidence": self.evidence.to_json(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the survey from its JSON values."""
        return cls(
            tracks=tuple(Track.from_json(track) for track in values["tracks"]),
            evidence=Evidence.from_json(values["evidence"]),
        )


def survey(file: AudioFile, *, duration: float | None = None) -> Survey:
    """Examine all tracks of a recording, the whole of it if it is short, otherwise excerpts.

    `duration` is its length in seconds if it is known. Reads and decodes about ten minutes of sound
    at most, and holds seconds.

    Raises UndecodableAudioError, EmptyAudioError or NoAudioStreamError, the first one also if no
    track can be decoded.
    """
    found = _tracks(file)
    decodable = [track for track in found if track.decodes]
    if not decodable:
        raise UndecodableAudioError("Nothing in the audio streams can be decoded.")
    if duration is None:
        duration = probe(file, allow_truncated=True).duration
    channels = [track.channels for track in decodable]
    spans = _spans(duration, sum(channels))
    excerpts = Excerpts(sum(channels), tracks=channels)
    for pieces in zip(*(_pieces(file, track, spans) for track in decodable), strict=True):
        excerpts.add(np.concatenate(pieces))
    measured = sum(end - start for start, end in spans)
    return Survey(tracks=tuple(found), evidence=excerpts.finish(complete=measured >= duration))


def _tracks(file: AudioFile) -> list[Track]:
    """Return the tracks as they decode. Raise if there are none."""
    with open_audio(_view(file)) as opened:
        listed = [
            Track(
                index=stream.index,
                channels=0,
                title=tracks.title_of(stream),
                language=tracks.language_of(stream),
                default=tracks.is_default(stream),
                decodes=False,
            )
            for stream in tracks.audio_streams(opened.container)[:_MOST_TRACKS]
        ]
    return [_decoded(file, track) for track in listed]


def _decoded(file: AudioFile, track: Track) -> Track:
    """Return the track with the properties of its first sound, if it has any."""
    try:
        with open_audio(_view(file), track=track.index) as opened:
            first = next(itertools.islice(frames(opened), _FIRST_FRAMES), None)
    except AudioError:
        return track
    if first is None:
        return track
    time, frame = first
    channels = frame.layout.channels
    return replace(
        track,
        channels=len(channels),
        lfe=tuple(n for n, channel in enumerate(channels) if channel.name.startswith("LFE")),
        start=max(0.0, time or 0.0),
        decodes=True,
    )


def _spans(duration: float, channels: int) -> list[_Span]:
    """Return the excerpts to measure: the whole recording, or pieces spread evenly over it."""
    budget = max(_LEAST_SECONDS, _MEASURED_SECONDS / channels)
    whole = duration <= budget
    count = int(np.ceil(min(duration, budget) / _EXCERPT_SECONDS)) or 1
    length = max(duration, 1.0) / count if whole else _EXCERPT_SECONDS
    places = np.linspace(0.0, max(0.0, duration - length), count) if count > 1 else [0.0]
    return [(float(place), float(place) + length) for place in places]


def _pieces(
    file: AudioFile, track: Track, spans: Sequence[_Span]
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the channels of a track in each span, with the shape (channels, samples) at 16 kHz."""
    with open_audio(_view(file), track=track.index) as opened:
        for span in spans:
            yield _piece(opened, track.channels, span)


def _piece(opened: OpenAudio, channels: int, span: _Span) -> npt.NDArray[np.float32]:
    """Return one span. Sound in another number of channels or at another rate is left out."""
    start, end = span
    sound: npt.NDArray[np.float32] | None = None
    rate = SAMPLE_RATE
    timeline = Timeline(opened)
    for time, frame in SignalConditioner().condition(frames(opened, start)):
        timeline.place(time)
        if timeline.clock >= end:
            break
        if sound is None:
            rate = frame.sample_rate
            sound = np.zeros((channels, round((end - start) * rate)), dtype=np.float32)
        values = channels_of(frame)
        if len(values) == channels and frame.sample_rate == rate:
            _place(sound, values, round((timeline.clock - start) * rate))
        timeline.advance(frame.samples / frame.sample_rate)
    if sound is None:
        return np.zeros((channels, round((end - start) * SAMPLE_RATE)), dtype=np.float32)
    return np.stack([_resampled(channel, rate, end - start) for channel in sound])


def _place(sound: npt.NDArray[np.float32], values: npt.NDArray[np.float32], position: int) -> None:
    """Write values into the sound from a position, possibly outside of it."""
    first, last = max(0, position), min(sound.shape[1], position + values.shape[1])
    if first < last:
        sound[:, first:last] = values[:, first - position : last - position]


def _resampled(
    channel: npt.NDArray[np.float32], rate: int, seconds: float
) -> npt.NDArray[np.float32]:
    resampler = Resampler(SAMPLE_RATE)
    samples = np.concatenate([resampler.push(channel, rate), resampler.flush()])
    wanted = round(seconds * SAMPLE_RATE)
    return np.pad(samples[:wanted], (0, max(0, wanted - len(samples))))


def _view(file: AudioFile) -> AudioFile:
    """Return the file with a position of its own, as several tracks are read by turns."""
    return file if isinstance(file, (str, PathLike)) else View.of(file)
