"""Voiceprints, computed from speech of one speaker alone."""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from common.voices.turns import clean_stretches
from common.voices.values import FloatArray, Turn, Voice, unit

#: More speech (seconds) hardly improves a voiceprint.
ENOUGH_SECONDS = 60.0
#: Less speech (seconds) gives no voiceprint.
LEAST_SECONDS = 0.5
#: Speech is embedded in pieces of about this length, as in the clustering.
_PIECE_SECONDS = 5.0
#: Less similar pieces belong to somebody else, assigned to this speaker by mistake.
_LEAST_LIKENESS = 0.5


class VoiceEmbedder(Protocol):
    """Speaker embedding: from sound to voice vectors."""

    @property
    def sample_rate(self) -> int:
        """Sample rate of its input, in Hz."""
        ...

    def embed_sound(self, pieces: Sequence[FloatArray]) -> FloatArray:
        """Embed equally long pieces of mono sound in ±1: (n, dimension), any norm."""
        ...


def take_voices(
    samples: FloatArray, turns: Sequence[Turn], embedder: VoiceEmbedder
) -> dict[str, Voice]:
    """Compute the voices of the speakers in `turns`. Times count from the beginning of `samples`.

    Speakers without enough speech of their own are left out.
    """
    voices = {}
    for speaker, stretches in clean_stretches(turns).items():
        speech = _gather(samples, stretches, embedder.sample_rate)
        seconds = len(speech) / embedder.sample_rate
        if seconds < LEAST_SECONDS:
            continue
        vector = average(embedder.embed_sound(_pieces(speech, embedder.sample_rate)))
        if vector is not None:
            voices[speaker] = Voice(vector=vector, seconds=seconds)
    return voices


def average(vectors: FloatArray) -> FloatArray | None:
    """Return the unit-length mean direction of (n, dimension) vectors, without outliers."""
    units = vectors[np.isfinite(vectors).all(axis=1)]
    norms = np.linalg.norm(units, axis=1, keepdims=True)
    units = units[norms[:, 0] > 0] / norms[norms[:, 0] > 0]
    if not len(units):
        return None
    mean = unit(units.sum(axis=0))
    fitting = units[units @ mean >= _LEAST_LIKENESS]
    return unit(fitting.sum(axis=0)) if 2 * len(fitting) > len(units) else mean


def _gather(
    samples: FloatArray, stretches: Sequence[tuple[float, float]], sample_rate: int
) -> FloatArray:
    """Join the longest stretches, up to ENOUGH_SECONDS, in order of time."""
    left = round(ENOUGH_SECONDS * sample_rate)
    chosen = []
    for start, end in sorted(stretches, key=lambda stretch: stretch[0] - stretch[1]):
        if left <= 0:
            break
        first, last = round(start * sample_rate), min(round(end * sample_rate), len(samples))
        last = min(last, first + left)
        if last > first:
            chosen.append((first, last))
            left -= last - first
    parts = [samples[first:last] for first, last in sorted(chosen)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


def _pieces(speech: FloatArray, sample_rate: int) -> list[FloatArray]:
    """Split into equal pieces. A few samples at the end may be lost."""
    count = max(1, math.floor(len(speech) / (_PIECE_SECONDS * sample_rate)))
    size = len(speech) // count
    return [speech[number * size : (number + 1) * size] for number in range(count)]
