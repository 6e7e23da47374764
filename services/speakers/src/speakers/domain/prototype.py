"""What a profile's observations amount to: one place a model, and how far it can be relied on.

The same observations give the same bits in whatever order they are taken: sums are exact
(math.fsum) and rounded once. So a profile from which a mistake was taken back equals one in which
it was never made.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speakers.domain.voice_space import Place, VoiceSpace, similarity
from speakers.domain.voiceprint import Vector

#: More speech of one recording than this says nothing new about a voice.
ENOUGH_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One observation's voiceprint and the seconds of clean speech behind it."""

    vector: Vector
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceData:
    """What the samples of one model amount to.

    `place` is where the voice lies; None when the samples contradict each other so much that
    nothing is left in common. `confidence` (0 to 1) is the chance that the person is recognised
    later on.
    """

    place: Place | None
    confidence: float


def summarise(samples: Sequence[Sample], space: VoiceSpace) -> VoiceData:
    """What a profile's samples of one model amount to, in that model's space."""
    places = [space.place(sample.vector) for sample in samples]
    weights = [min(sample.seconds, ENOUGH_SECONDS) for sample in samples]
    total = _weighted_sum(places, weights)
    place = unit(total)
    if place is None:
        return VoiceData(place=None, confidence=0.0)
    seconds = math.fsum(sample.seconds for sample in samples)
    confidence = space.recall(seconds) * _agreement(places, weights, total, space)
    return VoiceData(place=place, confidence=min(1.0, confidence))


def unit(vector: Place) -> Place | None:
    """The same direction at length one; None for a vector without direction."""
    norm = math.sqrt(math.fsum(value * value for value in vector.tolist()))
    return None if norm < 1e-9 else vector / norm


def _weighted_sum(places: Sequence[Place], weights: Sequence[float]) -> Place:
    weighted = np.array(places) * np.array(weights)[:, None]
    return np.array([math.fsum(column) for column in weighted.T.tolist()])


def _agreement(
    places: Sequence[Place], weights: Sequence[float], total: Place, space: VoiceSpace
) -> float:
    """How probable it is that each sample is of the same person as all the others, on average."""
    if len(places) < 2:
        return 1.0
    agreements = []
    for place, weight in zip(places, weights, strict=True):
        others = unit(total - weight * place)
        if others is not None:
            agreements.append(weight * space.probability(similarity(place, others)))
    return math.fsum(agreements) / math.fsum(weights)
