from collections.abc import Sequence

import numpy as np
import pytest

from diarizer.engines.campplus import DIMENSION, MIN_FRAMES
from diarizer.engines.embedding_batches import (
    LENGTH_STEP,
    FloatArray,
    embed_frames,
    select,
)
from diarizer.engines.torch_runtime import torch


class FakeEmbedder:
    """Embedding by the mean of the features. Records the batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def embed(self, batch: Sequence[torch.Tensor]) -> FloatArray:
        assert len({len(feature) for feature in batch}) == 1
        self.batches.append([len(feature) for feature in batch])
        means = [float(feature.mean()) for feature in batch]
        return np.repeat(np.array(means, dtype=np.float32)[:, None], DIMENSION, axis=1)


def test_each_stretch_gets_the_embedding_of_its_frames() -> None:
    features = torch.arange(2_000, dtype=torch.float32)[:, None].repeat(1, 80)
    stretches = [np.arange(100), np.arange(600, 800), np.arange(300, 400)]
    embedder = FakeEmbedder()
    reports: list[tuple[int, int]] = []
    found = embed_frames(
        stretches, features, embedder, batch_size=4, on_batch=lambda *step: reports.append(step)
    )
    assert found.shape == (3, DIMENSION)
    assert found[:, 0] == pytest.approx([49.5, 699.5, 349.5])
    assert sorted(embedder.batches) == [[100, 100], [200]]
    assert reports[-1] == (3, 3)


def test_batches_are_of_one_length_and_not_too_large() -> None:
    features = torch.zeros((5_000, 80))
    stretches = [np.arange(length) for length in (100, 200) for _ in range(7)]
    embedder = FakeEmbedder()
    embed_frames(stretches, features, embedder, batch_size=4, on_batch=lambda *_: None)
    assert [len(batch) for batch in embedder.batches] == [4, 4, 3, 3]


def test_without_stretches_there_are_no_embeddings() -> None:
    found = embed_frames(
        [], torch.zeros((100, 80)), FakeEmbedder(), batch_size=4, on_batch=lambda *_: None
    )
    assert found.shape == (0, DIMENSION)


@pytest.mark.parametrize(
    ("length", "wanted"),
    [(3, MIN_FRAMES), (60, LENGTH_STEP), (80, 2 * LENGTH_STEP), (210, 4 * LENGTH_STEP)],
)
def test_stretches_are_cut_or_repeated_to_few_lengths(length: int, wanted: int) -> None:
    features = torch.arange(1_000, dtype=torch.float32)[:, None]
    chosen = select(features, np.arange(length))
    assert len(chosen) == wanted
    assert chosen[0] == 0
    assert chosen[-1] == (wanted - 1) % length
