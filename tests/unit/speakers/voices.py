"""Synthetic voices for tests: directions in a low-dimensional space."""

import numpy as np

from speakers.domain.voice_space import LogOdds, Place, VoiceSpace
from speakers.domain.voiceprint import Vector

DIMENSION = 16
ODDS = LogOdds(offset=-8.0, similarity=25.0)
RECALL = ((2.0, 0.6), (5.0, 0.8), (20.0, 0.9))


def plain_space() -> VoiceSpace:
    """Return a space in which positions equal the voiceprints."""
    return VoiceSpace(digest="test", log_odds=ODDS, recall_points=RECALL)


def random_places(seed: int, count: int, dimension: int = DIMENSION) -> Place:
    """Return unit vectors (count, dimension)."""
    vectors = np.random.default_rng(seed).standard_normal((count, dimension))
    unit: Place = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def random_vectors(seed: int, count: int, dimension: int = DIMENSION) -> list[Vector]:
    """Return `random_places` as voiceprint vectors."""
    return [row.astype(np.float32) for row in random_places(seed, count, dimension)]
