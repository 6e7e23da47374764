"""Embeds each voice of each overlapping chunk, reusing what was embedded a moment ago.

Chunks of ten seconds that start one second apart show the same speech up to ten times. A voice
whose speech overlaps that of a recently embedded one well enough (intersection over union) takes
over its embedding, which saves about two thirds of the work.
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

#: Reuse above this overlap; measured to leave the diarization error as it is.
REUSE_IOU = 0.5
#: Voices are cut or repeated to a multiple of so many frames, so that they can share a batch.
LENGTH_STEP = 50


class FeatureEmbedder(Protocol):
    """What embeds equally long features (see diarizer.engines.campplus)."""

    def embed(self, batch: Sequence[torch.Tensor]) -> FloatArray:
        """(n, frames, 80) to (n, dimension)."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Which voices to embed, and which embedding each (chunk, voice) takes.

    `frames[i]` are the feature frames of the i-th voice to embed; `source[chunk, voice]` is the
    index into it, or -1 where nobody speaks.
    """

    frames: tuple[npt.NDArray[np.int64], ...]
    source: npt.NDArray[np.int64]


def plan(masks: BoolArray, starts: Sequence[int], *, reuse_iou: float = REUSE_IOU) -> Plan:
    """Decide what is embedded.

    `masks` is (chunks, voices, frames): who speaks in which feature frame of the chunk; `starts`
    is each chunk's first feature frame within the recording.
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
        # A voice is never given that of another one in the same chunk.
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
    """Embed what `chosen` names: (chunks, voices, dimension), NaN where nobody speaks.

    `features` are those of the whole recording; `on_batch` hears (done, total) after each batch.
    """
    chunks, voices = chosen.source.shape
    vectors = np.full((len(chosen.frames) + 1, DIMENSION), np.nan, dtype=np.float32)
    done = 0
    for indices in _batches(chosen.frames, batch_size):
        batch = [select(features, chosen.frames[index]) for index in indices]
        vectors[indices] = embedder.embed(batch)
        done += len(indices)
        on_batch(done, len(chosen.frames))
    # The last row stays NaN: index -1 finds it.
    return vectors[chosen.source].reshape(chunks, voices, DIMENSION)


def _batches(frames: Sequence[npt.NDArray[np.int64]], batch_size: int) -> Iterator[list[int]]:
    """Indices of voices of one rounded length, `batch_size` at a time, in order of length."""
    waiting: dict[int, list[int]] = {}
    for index, voice in enumerate(frames):
        group = waiting.setdefault(_rounded(len(voice)), [])
        group.append(index)
        if len(group) == batch_size:
            yield waiting.pop(_rounded(len(voice)))
    yield from (group for _, group in sorted(waiting.items()))


def select(features: torch.Tensor, frames: npt.NDArray[np.int64]) -> torch.Tensor:
    """Take these feature frames, cut or repeated to a length that batches well."""
    wanted = _rounded(len(frames))
    return features[torch.from_numpy(np.resize(frames, wanted))]


def _rounded(length: int) -> int:
    return max(MIN_FRAMES, LENGTH_STEP * round(length / LENGTH_STEP))
