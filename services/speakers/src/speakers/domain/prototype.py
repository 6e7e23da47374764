"""What a profile's observations amount to: one point a model, and how far it can be relied on.

The same observations give the same bits in whatever order they are taken: sums are exact
(math.fsum) and rounded once. So a profile from which a mistake was taken back equals one in which
it was never made.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speakers.domain.voice_space import Place, VoiceSpace
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

    `place` is None when they contradict each other so much that nothing is left in common;
    `confidence` is the chance (0 to 1) that a later recording of the person is recognised.
    """

    place: Place | None
    confidence: float


def summarise(samples: Sequence[Sample], space: VoiceSpace) -> VoiceData:
    """The prototype of a profile and its confidence, from all its samples of one model."""
    places = [space.place(sample.vector) for sample in samples]
    weights = [min(sample.seconds, ENOUGH_SECONDS) for sample in samples]
    total = _weighted_sum(places, weights)
    place = unit(total)
    if place is None:
        return VoiceData(place=None, confidence=0.0)
    seconds = math.fsum(sample.seconds for sample in samples)
    confidence = space.recall(seconds) * _agreement(places, weights, total, space)
    return VoiceData(place=place, confidence=min(1.0, max(0.0, confidence)))


def unit(vector: Place) -> Place | None:
    """The same direction at length one; None for a vector without direction."""
    norm = math.sqrt(math.fsum(float(value) ** 2 for value in vector))
    if norm < 1e-9:
        return None
    return vector / norm


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
        if others is None:
            agreements.append(0.0)
            continue
        similarity = math.fsum((place * others).tolist())
        agreements.append(weight * space.probability(similarity))
    return math.fsum(agreements) / math.fsum(weights)
