from collections.abc import Sequence

import numpy as np
import pytest

from diarizer.engines.campplus import DIMENSION, MIN_FRAMES
from diarizer.engines.embedding_reuse import (
    LENGTH_STEP,
    MOST_FRAMES,
    BoolArray,
    FloatArray,
    embed_plan,
    plan,
    select,
)
from diarizer.engines.torch_runtime import torch

FRAMES = 1_000  # Ten seconds.
STEP = 100  # A second.


def masks(chunks: int, *voices: tuple[int, int, int]) -> BoolArray:
    """Return the activity of voices: (local number, first frame, last frame) of the recording."""
    found = np.zeros((chunks, 3, FRAMES), dtype=np.bool_)
    for chunk in range(chunks):
        for voice, start, end in voices:
            first, last = start - chunk * STEP, end - chunk * STEP
            found[chunk, voice, max(first, 0) : max(last, 0)] = True
    return found


def starts(chunks: int) -> list[int]:
    return [chunk * STEP for chunk in range(chunks)]


def test_continuous_speech_is_embedded_every_few_chunks() -> None:
    everything = masks(20, (0, 0, 10_000))
    found = plan(everything, starts(20))
    assert (found.source[:, 0] >= 0).all()
    assert (found.source[:, 1:] == -1).all()
    # A second later 9 of 11 seconds are common, three seconds later 7 of 13, four later 6 of 14.
    assert [len(np.flatnonzero(found.source[:, 0] == n)) for n in range(5)] == [4] * 5


def test_without_reuse_every_voice_is_embedded() -> None:
    found = plan(masks(8, (0, 0, 10_000)), starts(8), reuse_iou=1.01)
    assert len(found.frames) == 8
    assert found.source[:, 0].tolist() == list(range(8))


def test_other_speech_is_not_reused() -> None:
    found = plan(masks(2, (0, 0, 500), (1, 500, 1_000)), starts(2))
    assert found.source[0].tolist() == [0, 1, -1]
    assert found.source[1].tolist() == [0, 1, -1]


def test_voices_of_one_chunk_share_no_embedding() -> None:
    both = masks(1, (0, 0, 500), (1, 0, 500))
    assert plan(both, starts(1)).source[0, :2].tolist() == [0, 1]


def test_voice_is_matched_by_speech_and_not_by_number() -> None:
    swapped = masks(2, (0, 200, 900))
    swapped[1] = np.roll(swapped[1], 1, axis=0)
    found = plan(swapped, starts(2))
    assert found.source[0].tolist() == [0, -1, -1]
    assert found.source[1].tolist() == [-1, 0, -1]


def test_frames_count_from_the_start_of_the_recording() -> None:
    found = plan(masks(3, (0, 1_050, 1_150))[1:], starts(3)[1:])
    assert found.frames[0].tolist() == list(range(1_050, 1_100))


def test_silence_needs_no_embedding() -> None:
    found = plan(masks(3), starts(3))
    assert found.frames == ()
    assert (found.source == -1).all()


class FakeEmbedder:
    """Embedding by the mean of the features. Records the batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def embed(self, batch: Sequence[torch.Tensor]) -> FloatArray:
        assert len({len(feature) for feature in batch}) == 1
        self.batches.append([len(feature) for feature in batch])
        means = [float(feature.mean()) for feature in batch]
        return np.repeat(np.array(means, dtype=np.float32)[:, None], DIMENSION, axis=1)


def test_each_voice_gets_the_embedding_of_its_plan() -> None:
    features = torch.arange(2_000, dtype=torch.float32)[:, None].repeat(1, 80)
    chosen = plan(masks(2, (0, 0, 200), (1, 600, 1_000)), starts(2))
    embedder = FakeEmbedder()
    reports: list[tuple[int, int]] = []
    found = embed_plan(
        chosen, features, embedder, batch_size=4, on_batch=lambda *step: reports.append(step)
    )
    assert found.shape == (2, 3, DIMENSION)
    assert found[0, 0, 0] == pytest.approx(99.5)
    assert found[:, 1, 0] == pytest.approx([799.5, 799.5])
    assert np.isnan(found[:, 2]).all()
    assert reports[-1] == (len(chosen.frames), len(chosen.frames))


def test_batches_are_of_one_length_and_not_too_large() -> None:
    features = torch.zeros((5_000, 80))
    chosen = plan(masks(30, (0, 0, 5_000)), starts(30), reuse_iou=1.01)
    embedder = FakeEmbedder()
    embed_plan(chosen, features, embedder, batch_size=4, on_batch=lambda *_: None)
    assert max(len(batch) for batch in embedder.batches) == 4
    assert sum(len(batch) for batch in embedder.batches) == len(chosen.frames)


def test_silence_has_no_embeddings() -> None:
    chosen = plan(masks(2), starts(2))
    found = embed_plan(
        chosen, torch.zeros((1_100, 80)), FakeEmbedder(), batch_size=4, on_batch=lambda *_: None
    )
    assert np.isnan(found).all()


@pytest.mark.parametrize(
    ("length", "wanted", "first"),
    [
        (3, MIN_FRAMES, 0),
        (60, LENGTH_STEP, 0),
        (80, 2 * LENGTH_STEP, 0),
        (410, MOST_FRAMES, 5),
        (998, MOST_FRAMES, 299),
    ],
)
def test_voices_are_cut_or_repeated_to_few_lengths(length: int, wanted: int, first: int) -> None:
    features = torch.arange(1_000, dtype=torch.float32)[:, None]
    chosen = select(features, np.arange(length))
    assert len(chosen) == wanted
    assert chosen[0] == first
    assert chosen[-1] == (first + wanted - 1) % length
