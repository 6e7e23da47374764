"""Embeddings of stretches of speech, in batches of a few lengths."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from diarizer.engines.campplus import DIMENSION, MIN_FRAMES
from diarizer.engines.torch_runtime import torch

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

#: Stretches are cut or repeated to a multiple of this number of frames, to share batches.
LENGTH_STEP = 50


class FeatureEmbedder(Protocol):
    """Embedding of equally long features, as in diarizer.engines.campplus."""

    def embed(self, batch: Sequence[torch.Tensor]) -> FloatArray:
        """Embed features: (n, frames, 80) to (n, dimension)."""
        ...


def embed_frames(
    stretches: Sequence[IntArray],
    features: torch.Tensor,
    embedder: FeatureEmbedder,
    *,
    batch_size: int,
    on_batch: Callable[[int, int], None],
) -> FloatArray:
    """Embed stretches, each given by its feature frames: (stretches, dimension).

    `features` are those of the whole recording. `on_batch` is called with (done, total) after each
    batch.
    """
    vectors = np.empty((len(stretches), DIMENSION), dtype=np.float32)
    done = 0
    for indices in _batches(stretches, batch_size):
        batch = [select(features, stretches[index]) for index in indices]
        vectors[indices] = embedder.embed(batch)
        done += len(indices)
        on_batch(done, len(stretches))
    return vectors


def _batches(stretches: Sequence[IntArray], batch_size: int) -> Iterator[list[int]]:
    """Yield indices of stretches of one rounded length, at most `batch_size` at a time."""
    waiting: dict[int, list[int]] = {}
    for index, frames in enumerate(stretches):
        group = waiting.setdefault(_rounded(len(frames)), [])
        group.append(index)
        if len(group) == batch_size:
            yield waiting.pop(_rounded(len(frames)))
    yield from (group for _, group in sorted(waiting.items()))


def select(features: torch.Tensor, frames: IntArray) -> torch.Tensor:
    """Select these feature frames, cut or repeated to a length suited to batches."""
    return features[torch.from_numpy(np.resize(frames, _rounded(len(frames))))]


def _rounded(length: int) -> int:
    return max(MIN_FRAMES, LENGTH_STEP * round(length / LENGTH_STEP))
