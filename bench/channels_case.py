"""A constructed recording and the right decision about its channels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.channels_rooms import Samples
from bench.channels_voices import Conversations


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A recording and the right number of signals.

    `sounds` are the channels of all tracks (n, samples) at 16 kHz. `tracks` has the number of
    channels of each track. `lfe` are channels that the file names as low-frequency effects.
    """

    family: str
    name: str
    sounds: Samples
    signals: int
    tracks: tuple[int, ...]
    lfe: tuple[int, ...] = ()


Builder = Callable[[Conversations], Iterator[Case]]


def case(
    family: str,
    name: str,
    sounds: npt.NDArray[np.floating],
    signals: int,
    *,
    tracks: tuple[int, ...] = (),
    lfe: tuple[int, ...] = (),
) -> Case:
    """Return a case with its sounds within full scale."""
    peak = max(1.0, float(np.abs(sounds).max()))
    return Case(
        family=family,
        name=name,
        sounds=(sounds / peak).astype(np.float32),
        signals=signals,
        tracks=tracks or (len(sounds),),
        lfe=lfe,
    )
