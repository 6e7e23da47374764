"""Signals of a recording, processed by a worker one after the other."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from common import lengths
from common.audio.channel_plan import plan
from common.audio.errors import AudioError
from common.audio.probe import probe
from common.audio.signals import AudioFile, AudioSource, ChannelMode, Signal, SignalPart, Sound
from common.audio.survey import survey
from common.engines import Progress
from common.errors import ValidationError
from common.tasks.parts import heard_span
from securetranscribe.v1 import queue_pb2, speech_pb2

Result = TypeVar("Result")
#: How far beyond the limit a recording is measured, so that one of just that length is accepted.
_BEYOND_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalResults(Generic[Result]):
    """Results by the number of the signal, and warnings about signals without one."""

    results: dict[int, Result]
    warnings: tuple[str, ...] = ()


def sounds_of(task: queue_pb2.Task, file: AudioFile) -> list[AudioSource]:
    """Return the signals of a task in its recording, with its part and the margins of that.

    Without any, the recording is processed as it is.
    """
    span = heard_span(task)
    signals = [_signal(message) for message in task.signals] or [Signal()]
    return [Sound(file=file, signal=signal, span=span) for signal in signals]


def planned_sounds(file: AudioFile, *, longest: float = math.inf) -> list[AudioSource]:
    """Return the signals of a recording without a task, decided by measurement.

    Raises:
        AudioError: nothing in the recording can be decoded.
        ValidationError: the signals have more than `longest` seconds of sound in all.
    """
    duration = probe(file, allow_truncated=True, enough=longest + _BEYOND_SECONDS).duration
    if duration > longest:
        raise _too_long(longest)
    found = survey(file, duration=duration)
    decided = plan(found.tracks, found.evidence, ChannelMode.AUTO)
    if duration * len(decided.signals) > longest:
        raise _too_long(longest, len(decided.signals))
    return [Sound(file=file, signal=planned.signal) for planned in decided.signals]


def process_each(
    sounds: Sequence[AudioSource],
    work: Callable[[AudioSource, Progress], Result],
    on_progress: Progress,
) -> SignalResults[Result]:
    """Process each signal with `work`, which gets the signal and its own progress from 0 to 1.

    A signal that cannot be decoded is left out with a warning.

    Raises:
        AudioError: no signal can be decoded.
    """
    results: dict[int, Result] = {}
    failures: dict[int, AudioError] = {}
    for number, sound in enumerate(sounds):
        progress = part_of(on_progress, number / len(sounds), 1 / len(sounds))
        try:
            results[number] = work(sound, progress)
        except AudioError as error:
            failures[number] = error
    if failures and not results:
        raise failures[min(failures)]
    return SignalResults(
        results=results,
        warnings=tuple(
            f"Channel {number + 1} was left out. {error.message}"
            for number, error in failures.items()
        ),
    )


def part_of(on_progress: Progress, first: float, share: float) -> Progress:
    """Return the progress of a part of the work that begins at `first`."""
    return lambda fraction, step: on_progress(min(1.0, first + share * fraction), step)


def joined_warnings(warnings: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Join the warnings of several signals, each once."""
    return tuple(dict.fromkeys(warning for one in warnings for warning in one))


def _too_long(longest: float, signals: int = 1) -> ValidationError:
    parties = f", all {signals} parties together" if signals > 1 else ""
    return ValidationError.of(
        "content",
        f"A recording in a request may have at most {lengths.compact(longest)} of sound{parties}. "
        "Upload longer ones.",
    )


def _signal(message: speech_pb2.Signal) -> Signal:
    return Signal(
        parts=tuple(
            SignalPart(track=part.track, gains=tuple(part.gains)) for part in message.parts
        ),
        title=message.title,
    )
