"""A file of the corpus as the product reads it."""

import functools
import io

import numpy as np

from common.audio.channel_plan import plan
from common.audio.decoding import decode, read_window
from common.audio.kinds import SNIFF_BYTES
from common.audio.probe import AudioInfo, probe
from common.audio.resampling import NOTHING, Samples
from common.audio.signals import ChannelMode, ChannelPlan, Signal, Sound
from common.audio.survey import Survey, survey
from tests.recordings.case import Case
from tests.recordings.speech import Match, Utterance, find
from transcriber.recordings.checks import judge


def examined(name: str, content: bytes, *, allow_truncated: bool = False) -> AudioInfo:
    """Return the properties of a file, found in the order of an upload."""
    judge(name, content[:SNIFF_BYTES])
    return probe(io.BytesIO(content), allow_truncated=allow_truncated)


class Reading:
    """A file, made, examined, surveyed and decoded once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.content = case.make()
        self._samples: dict[Signal, Samples] = {}
        self._matches: dict[tuple[Utterance, Signal], Match] = {}

    @functools.cached_property
    def info(self) -> AudioInfo:
        """Properties of the file. A truncated one is allowed where it is expected."""
        return examined(self.case.name, self.content, allow_truncated=self.case.truncated)

    @functools.cached_property
    def survey(self) -> Survey:
        """Tracks, and measurements of their channels, made after the examination as in uploads."""
        return survey(io.BytesIO(self.content), duration=self.info.duration)

    def plan(self, mode: ChannelMode) -> ChannelPlan:
        """Return the channel plan in a mode."""
        return plan(self.survey.tracks, self.survey.evidence, mode)

    def sound(self, signal: Signal) -> Sound:
        """Return a signal as models open it."""
        return Sound(file=io.BytesIO(self.content), signal=signal)

    def samples(self, signal: Signal) -> Samples:
        """Return all samples of a signal."""
        if signal not in self._samples:
            self._samples[signal] = np.concatenate([NOTHING, *decode(self.sound(signal))])
        return self._samples[signal]

    def find(self, utterance: Utterance, signal: Signal) -> Match:
        """Return the best match of an utterance in a signal."""
        key = utterance, signal
        if key not in self._matches:
            self._matches[key] = find(utterance, self.samples(signal))
        return self._matches[key]

    def window(self, signal: Signal, start: float, end: float) -> Samples:
        """Return the samples between two moments (seconds), read by themselves."""
        return read_window(self.sound(signal), start, end)
