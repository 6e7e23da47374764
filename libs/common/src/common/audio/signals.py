"""Signals of a recording: what is recognized by itself, made from its tracks and channels."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from os import PathLike

from common.audio.resampling import Samples
from common.audio.seekable import Seekable

#: A path, or an object that reads and seeks (such as an S3 object read by ranges).
AudioFile = str | PathLike[str] | Seekable
#: Takes the decoded blocks of a whole signal and yields them again.
Listener = Callable[[Iterator[Samples]], Iterator[Samples]]


class ChannelMode(StrEnum):
    """How the channels and tracks of a recording become signals."""

    AUTO = "auto"
    MIX = "mix"
    SEPARATE = "separate"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalPart:
    """Part of a signal: the channels of one track, each multiplied by its gain.

    `track` is the index of the stream in the container. A gain of 0 leaves a channel out, a
    negative one inverts it.
    """

    track: int
    gains: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """The sum of parts. Without parts it is the average of all channels of the default track.

    `title` is the title of its track, if the container has one.
    """

    parts: tuple[SignalPart, ...] = ()
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A stretch of a recording in seconds on its clock, to the recording's end if `end` is None."""

    start: float = 0.0
    end: float | None = None

    @property
    def limit(self) -> float:
        """The end, infinity for that of the recording."""
        return math.inf if self.end is None else self.end

    def within(self, start: float, end: float | None) -> "Span":
        """Return the span between two moments counted from the start of this one."""
        limit = self.limit if end is None else min(self.limit, self.start + max(0.0, end))
        return Span(start=self.start + max(0.0, start), end=limit if math.isfinite(limit) else None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sound:
    """One signal in a file, or a span of it, which is then read as a recording of its own.

    Second 0 is the start of the span. A listener hears the sound whenever it is decoded as a whole
    at 16 kHz.
    """

    file: AudioFile
    signal: Signal = Signal()
    span: Span = Span()
    listener: Listener | None = None


#: A recording to read: a file for the average of its default track, or one of its signals.
AudioSource = AudioFile | Sound


def sound_of(source: AudioSource) -> Sound:
    """Return the source as a sound."""
    return source if isinstance(source, Sound) else Sound(file=source)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedSignal:
    """A signal of a plan with its description for users, such as `left channel` or `track 2`."""

    signal: Signal
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelPlan:
    """How a recording is split into signals.

    `decided` is MIX with one signal, or SEPARATE. `reason` is a sentence for users.
    """

    requested: ChannelMode
    decided: ChannelMode
    reason: str
    signals: tuple[PlannedSignal, ...]


def dump_signals(signals: Sequence[Signal]) -> list[dict[str, object]]:
    """Return signals as JSON values."""
    return [
        {
            "title": signal.title,
            "parts": [{"track": part.track, "gains": list(part.gains)} for part in signal.parts],
        }
        for signal in signals
    ]
