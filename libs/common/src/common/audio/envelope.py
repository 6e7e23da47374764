"""Envelope of a recording: its level over time, small enough to keep for many hours."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from common.audio.resampling import NOTHING, SAMPLE_RATE, Samples

#: Length of a frame, in seconds.
FRAME_SECONDS = 0.01
#: Level of silence, in decibels of full scale.
FLOOR = -100

_FRAME = round(FRAME_SECONDS * SAMPLE_RATE)

Levels = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """Levels of the frames of a recording, in decibels of full scale.

    A frame lasts 10 ms and a level takes one byte, so that an hour takes 360 kB.
    """

    levels: npt.NDArray[np.int8]

    def between(self, first: int, last: int) -> Levels:
        """Return the levels from frame `first` to before `last`. Outside is silence."""
        found = np.full(max(0, last - first), FLOOR, dtype=np.float32)
        inside = self.levels[max(0, first) : max(0, last)]
        offset = max(0, -first)
        found[offset : offset + len(inside)] = inside
        return found


def envelope_of(blocks: Iterable[Samples]) -> Envelope:
    """Return the envelope of mono sound at 16 kHz, in blocks of any length."""
    levels: list[npt.NDArray[np.int8]] = []
    rest = NOTHING
    for block in blocks:
        sound = np.concatenate([rest, block])
        whole = len(sound) - len(sound) % _FRAME
        levels.append(_levels(sound[:whole]))
        rest = sound[whole:]
    if len(rest):
        levels.append(_levels(np.pad(rest, (0, _FRAME - len(rest)))))
    return Envelope(levels=np.concatenate(levels) if levels else np.empty(0, dtype=np.int8))


def _levels(samples: Samples) -> npt.NDArray[np.int8]:
    power = np.square(samples.reshape(-1, _FRAME), dtype=np.float32).mean(axis=1)
    decibels = 10 * np.log10(np.maximum(power, 10 ** (FLOOR / 10)))
    rounded: npt.NDArray[np.int8] = np.round(decibels).astype(np.int8)
    return rounded
