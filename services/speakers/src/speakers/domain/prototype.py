"""Prototypes: one position per profile and model, with the confidence in it.

The same observations give the same bits in any order, because sums are exact (math.fsum) and
rounded once. Undoing a mistake therefore restores a profile exactly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speakers.domain.voice_space import Place, VoiceSpace, similarity
from speakers.domain.voiceprint import Vector

#: Speech of one recording beyond this adds no information about a voice.
ENOUGH_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """Voiceprint of one observation and the seconds of clean speech behind it."""

    vector: Vector
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceData:
    """Summary of a profile's samples of one model.

    `place` is the position of the voice, None when the samples cancel each other out. `confidence`
    (0 to 1) is the probability of recognizing the person later.
    """

    place: Place | None
    confidence: float


def summarize(samples: Sequence[Sample], space: VoiceSpace) -> VoiceData:
    """Summarize a profile's samples of one model in that model's space."""
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
    """Return the vector scaled to length one, None for a zero vector."""
    norm = math.sqrt(math.fsum(value * value for value in vector.tolist()))
    return None if norm < 1e-9 else vector / norm


def _weighted_sum(places: Sequence[Place], weights: Sequence[float]) -> Place:
    weighted = np.array(places) * np.array(weights)[:, None]
    return np.array([math.fsum(column) for column in weighted.T.tolist()])


def _agreement(
    places: Sequence[Place], weights: Sequence[float], total: Place, space: VoiceSpace
) -> float:
    """Return the mean probability of a sample being of the same person as all the others."""
    if len(places) < 2:
        return 1.0
    agreements = []
    for place, weight in zip(places, weights, strict=True):
        others = unit(total - weight * place)
        if others is not None:
            agreements.append(weight * space.probability(similarity(place, others)))
    return math.fsum(agreements) / math.fsum(weights)
