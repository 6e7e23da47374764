"""Embeddings of each voice in overlapping chunks, reused from recent chunks.

Chunks of ten seconds starting one second apart contain the same speech up to ten times. If the
speech of a voice sufficiently overlaps a recently embedded one (intersection over union), its
embedding is reused. This saves about two thirds of the work.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from diarizer.engines.campplus import DIMENSION, MIN_FRAMES
from diarizer.engines.torch_runtime import torch

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

#: Least overlap for reuse. Measured not to change the diarization error.
REUSE_IOU = 0.5
#: More frames of a voice than these, in the middle of its speech, do not change the diarization
#: error either: four seconds.
MOST_FRAMES = 400
#: Voices are cut or repeated to a multiple of this number of frames, to share batches.
LENGTH_STEP = 50


class FeatureEmbedder(Protocol):
    """Embedding of equally long features, as in diarizer.engines.campplus."""

    def embed(self, batch: Sequence[torch.Tensor]) -> FloatArray:
        """Embed features: (n, frames, 80) to (n, dimension)."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Voices to embed, and the embedding of each (chunk, voice).

    `frames[i]` are the feature frames of the i-th voice to embed. `source[chunk, voice]` is the
    index into it, or -1 for silence.
    """

    frames: tuple[npt.NDArray[np.int64], ...]
    source: npt.NDArray[np.int64]


def plan(masks: BoolArray, starts: Sequence[int], *, reuse_iou: float = REUSE_IOU) -> Plan:
    """Plan the embeddings.

    `masks` is the activity of voices in the feature frames of each chunk: (chunks, voices, frames).
    `starts` is the first feature frame of each chunk within the recording.
    """
    chunks, voices, length = masks.shape
    source = np.full((chunks, voices), -1, dtype=np.int64)
    embedded: list[npt.NDArray[np.int64]] = []
    recent: deque[tuple[int, npt.NDArray[np.int64]]] = deque()
    for chunk, start in enumerate(starts):
        while recent and recent[0][1][-1] < start:
            recent.popleft()
        fresh: list[tuple[int, npt.NDArray[np.int64]]] = []
        for voice in range(voices):
            frames = np.flatnonzero(masks[chunk, voice]) + start
            if not len(frames):
                continue
            match = _best_match(frames, recent, start, length, reuse_iou)
            if match is None:
                match = len(embedded)
                embedded.append(frames)
                fresh.append((match, frames))
            source[chunk, voice] = match
        # Voices of one chunk never share an embedding.
        recent.extend(fresh)
    return Plan(frames=tuple(embedded), source=source)


def _best_match(
    frames: npt.NDArray[np.int64],
    recent: deque[tuple[int, npt.NDArray[np.int64]]],
    start: int,
    length: int,
    reuse_iou: float,
) -> int | None:
    best, best_iou = None, reuse_iou
    present = np.zeros(length, dtype=np.bool_)
    present[frames - start] = True
    for index, other in recent:
        inside = other[other >= start] - start
        common = int(np.count_nonzero(present[inside[inside < length]]))
        iou = common / (len(frames) + len(other) - common)
        if iou >= best_iou:
            best, best_iou = index, iou
    return best


def embed_plan(
    chosen: Plan,
    features: torch.Tensor,
    embedder: FeatureEmbedder,
    *,
    batch_size: int,
    on_batch: Callable[[int, int], None],
) -> FloatArray:
    """Embed the voices of a plan: (chunks, voices, dimension), NaN for silence.

    `features` are those of the whole recording. `on_batch` is called with (done, total) after each
    batch.
    """
    chunks, voices = chosen.source.shape
    vectors = np.full((len(chosen.frames) + 1, DIMENSION), np.nan, dtype=np.float32)
    done = 0
    for indices in _batches(chosen.frames, batch_size):
        batch = [select(features, chosen.frames[index]) for index in indices]
        vectors[indices] = embedder.embed(batch)
        done += len(indices)
        on_batch(done, len(chosen.frames))
    # The last row stays NaN, for index -1.
    return vectors[chosen.source].reshape(chunks, voices, DIMENSION)


def _batches(frames: Sequence[npt.NDArray[np.int64]], batch_size: int) -> Iterator[list[int]]:
    """Yield indices of voices of one rounded length, at most `batch_size` at a time."""
    waiting: dict[int, list[int]] = {}
    for index, voice in enumerate(frames):
        group = waiting.setdefault(_rounded(len(voice)), [])
        group.append(index)
        if len(group) == batch_size:
            yield waiting.pop(_rounded(len(voice)))
    yield from (group for _, group in sorted(waiting.items()))


def select(features: torch.Tensor, frames: npt.NDArray[np.int64]) -> torch.Tensor:
    """Select these feature frames, cut or repeated to a length suited to batches."""
    spare = max(0, len(frames) - MOST_FRAMES) // 2
    wanted = _rounded(len(frames))
    return features[torch.from_numpy(np.resize(frames[spare:], wanted))]


def _rounded(length: int) -> int:
    return max(MIN_FRAMES, LENGTH_STEP * round(min(length, MOST_FRAMES) / LENGTH_STEP))
