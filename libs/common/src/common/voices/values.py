"""Turns of speakers and their voices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One stretch of speech of one speaker, in seconds from the start of the recording."""

    start: float
    end: float
    speaker: str

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A unit-length vector, computed from `seconds` of clean speech."""

    vector: FloatArray
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """Turns in order of start, and voices by label. Speakers without clean speech have no voice.

    `turns` overlap where people speak at once. `exclusive_turns` never overlap.
    """

    turns: tuple[Turn, ...]
    exclusive_turns: tuple[Turn, ...]
    voices: Mapping[str, Voice]


def unit(vector: npt.NDArray[np.floating]) -> FloatArray:
    """Scale a vector to length one."""
    norm = float(np.linalg.norm(vector))
    return (vector / norm if norm > 0 else vector).astype(np.float32)


def mean_voice(voices: Sequence[Voice]) -> Voice:
    """Return the mean of some voices of one person, weighted by their speech."""
    weighted = np.sum([voice.vector * voice.seconds for voice in voices], axis=0)
    return Voice(vector=unit(weighted), seconds=sum(voice.seconds for voice in voices))
