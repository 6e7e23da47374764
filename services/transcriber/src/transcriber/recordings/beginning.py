"""Beginnings of files on their way: whether they suffice for the first part of a recording."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

from common.audio.decoding import decode
from common.audio.errors import AudioError
from common.audio.resampling import SAMPLE_RATE
from common.audio.signals import AudioFile, ChannelMode, Signal, Sound, Span
from common.audio.survey import survey
from transcriber.domain.early_parts import EARLY, LEAST_SECONDS
from transcriber.queue.job_start import signals_of
from transcriber.recordings import channels

#: What a worker hears of the first part, in seconds.
_HEARD_SECONDS = EARLY.heard[1]
#: A beginning holds a little more, so that its end does not change what is heard.
NEEDED_SECONDS = _HEARD_SECONDS + 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """The signals of a beginning, and a digest of the sound that a worker hears of the part."""

    signals: tuple[Signal, ...]
    sound: str


def seconds_in(beginning: bytes) -> float:
    """Return how much sound can be decoded from a beginning, or enough of it.

    It is 0 if the file cannot be read from the front, or not yet.
    """
    samples = 0
    try:
        for block in decode(io.BytesIO(beginning), 0.0, LEAST_SECONDS):
            samples += len(block)
    except AudioError:
        return 0.0
    return samples / SAMPLE_RATE


def heard_in(beginning: bytes, mode: ChannelMode) -> Heard | None:
    """Return what the first part of a recording sounds like, given enough of its beginning.

    The signals are those that the beginning suggests. Return None if it cannot be judged.
    """
    file = io.BytesIO(beginning)
    try:
        plan = channels.plan(survey(file, duration=NEEDED_SECONDS), mode)
        if plan is None:
            return None
        signals = tuple(signals_of(plan))
        return Heard(signals=signals, sound=sound_of_part(file, signals))
    except AudioError:
        return None


def sound_of_part(file: AudioFile, signals: Sequence[Signal]) -> str:
    """Return the digest of what a worker hears of the first part of a recording.

    Raises the errors of common.audio.errors.
    """
    digest = hashlib.sha256()
    for signal in signals:
        for block in decode(Sound(file=file, signal=signal, span=Span(end=_HEARD_SECONDS))):
            digest.update(block.tobytes())
        digest.update(b"end of a signal")
    return digest.hexdigest()
