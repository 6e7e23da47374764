"""Files of the corpus as the product reads them, made and surveyed once for all modes."""

import functools
import io

import numpy as np

from common.audio.channel_plan import plan
from common.audio.decoding import decode
from common.audio.resampling import NOTHING, Samples
from common.audio.signals import ChannelMode, ChannelPlan, Signal, Sound
from common.audio.survey import Survey, survey
from tests.recordings.corpus import CASES

#: Files are read one after the other, each in all modes.
_KEPT = 4


@functools.lru_cache(maxsize=_KEPT)
def content(name: str) -> bytes:
    """Return the bytes of a file."""
    return CASES[name].make()


@functools.lru_cache(maxsize=_KEPT)
def surveyed(name: str) -> Survey:
    """Return the survey of a file."""
    return survey(io.BytesIO(content(name)))


def planned(name: str, mode: ChannelMode) -> ChannelPlan:
    """Return the channel plan of a file."""
    found = surveyed(name)
    return plan(found.tracks, found.evidence, mode)


@functools.lru_cache(maxsize=_KEPT)
def signal_of(name: str, signal: Signal) -> Samples:
    """Return a signal of a file as models hear it."""
    sound = Sound(file=io.BytesIO(content(name)), signal=signal)
    return np.concatenate([NOTHING, *decode(sound)])
