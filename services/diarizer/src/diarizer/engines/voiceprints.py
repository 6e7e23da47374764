"""Voiceprints, computed from speech of one speaker alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from diarizer.engines.protocol import Turn

FloatArray = npt.NDArray[np.float32]

#: More speech (seconds) hardly improves a voiceprint.
ENOUGH_SECONDS = 60.0
#: Less speech (seconds) gives no voiceprint.
LEAST_SECONDS = 0.5
#: Shorter stretches (seconds) are mostly breath and edges.
_LEAST_STRETCH = 0.3
#: Seconds skipped at both ends of a stretch, where another voice may still be audible.
_MARGIN = 0.05
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


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceEmbedding:
    """A unit-length vector, computed from `seconds` of clean speech."""

    vector: FloatArray
    seconds: float


def clean_stretches(turns: Sequence[Turn]) -> dict[str, list[tuple[float, float]]]:
    """Return the stretches in which each speaker is alone, in seconds and in order of time.

    Speakers who are never alone are left out.
    """
    edges = sorted({turn.start for turn in turns} | {turn.end for turn in turns})
    speakers: list[set[str]] = [set() for _ in edges]
    index = {edge: number for number, edge in enumerate(edges)}
    for turn in turns:
        for number in range(index[turn.start], index[turn.end]):
            speakers[number].add(turn.speaker)
    found: dict[str, list[tuple[float, float]]] = {}
    for number, active in enumerate(speakers[:-1]):
        if len(active) != 1:
            continue
        stretches = found.setdefault(next(iter(active)), [])
        if stretches and stretches[-1][1] == edges[number]:
            stretches[-1] = (stretches[-1][0], edges[number + 1])
        else:
            stretches.append((edges[number], edges[number + 1]))
    trimmed = {
        speaker: [(s + _MARGIN, e - _MARGIN) for s, e in stretches if e - s >= _LEAST_STRETCH]
        for speaker, stretches in found.items()
    }
    return {speaker: stretches for speaker, stretches in trimmed.items() if stretches}


def take_voices(
    samples: FloatArray, turns: Sequence[Turn], embedder: VoiceEmbedder
) -> dict[str, VoiceEmbedding]:
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
            voices[speaker] = VoiceEmbedding(vector=vector, seconds=seconds)
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


def unit(vector: FloatArray) -> FloatArray:
    """Scale a vector to length one."""
    norm = float(np.linalg.norm(vector))
    return (vector / norm if norm > 0 else vector).astype(np.float32)


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
