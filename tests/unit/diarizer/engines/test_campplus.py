"""Features of the embedding, without its network."""

import numpy as np
import pytest

from diarizer.engines.campplus import HOP, SAMPLE_RATE, CampPlus
from diarizer.engines.torch_runtime import torch

EMBEDDER = CampPlus(lambda features: features, device="cpu")


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(1).normal(scale=0.1, size=samples).astype(np.float32)


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2)])
def test_there_is_a_frame_every_ten_milliseconds(samples: int, frames: int) -> None:
    assert EMBEDDER.features(noise(samples)).shape == (frames, 80)


def test_features_do_not_depend_on_the_blocks() -> None:
    sound = noise(70 * SAMPLE_RATE)
    whole = EMBEDDER.features(sound)
    assert whole.shape == (6998, 80)
    for first in (2990, 5995):
        alone = EMBEDDER.features(sound[first * HOP : first * HOP + SAMPLE_RATE])
        assert torch.allclose(whole[first : first + len(alone)], alone, atol=1e-4)


@pytest.mark.parametrize(("samples", "silence"), [(0, 800), (300, 200), (480_240, 640_000)])
def test_silence_follows_the_sound(samples: int, silence: int) -> None:
    sound = noise(samples)
    expected = EMBEDDER.features(np.pad(sound, (0, silence)))
    assert torch.equal(EMBEDDER.features(sound, silence=silence), expected)
