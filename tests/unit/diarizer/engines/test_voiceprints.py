from collections.abc import Sequence

import numpy as np
import pytest

from common.voices.values import FloatArray, Turn
from diarizer.engines.voiceprints import (
    ENOUGH_SECONDS,
    average,
    take_voices,
)

RATE = 1_000


def turn(speaker: str, start: float, end: float) -> Turn:
    return Turn(start=start, end=end, speaker=speaker)


class FakeEmbedder:
    """Embedding by the share of each value (1, 2, 3) in the sound. Records the pieces."""

    sample_rate = RATE

    def __init__(self) -> None:
        self.pieces: list[FloatArray] = []

    def embed_sound(self, pieces: Sequence[FloatArray]) -> FloatArray:
        self.pieces += pieces
        assert len({len(piece) for piece in pieces}) == 1
        rows = [[np.mean(piece == value) for value in (1, 2, 3)] for piece in pieces]
        return np.array(rows, dtype=np.float32)


def test_voices_are_computed_from_clean_speech_only() -> None:
    sound = np.zeros(20 * RATE, dtype=np.float32)
    sound[0 : 6 * RATE] = 1
    sound[6 * RATE : 8 * RATE] = 3  # Both at once.
    sound[8 * RATE : 14 * RATE] = 2
    embedder = FakeEmbedder()
    voices = take_voices(sound, [turn("a", 0, 8), turn("b", 6, 14)], embedder)
    assert voices["a"].vector == pytest.approx([1, 0, 0])
    assert voices["b"].vector == pytest.approx([0, 1, 0])
    assert voices["a"].seconds == pytest.approx(5.9)
    assert not any((piece == 3).any() for piece in embedder.pieces)


def test_too_little_speech_gives_no_voice() -> None:
    sound = np.ones(5 * RATE, dtype=np.float32)
    assert take_voices(sound, [turn("a", 0, 0.4)], FakeEmbedder()) == {}


def test_no_more_than_enough_speech_is_embedded() -> None:
    sound = np.ones(300 * RATE, dtype=np.float32)
    embedder = FakeEmbedder()
    voices = take_voices(sound, [turn("a", 0, 300)], embedder)
    assert voices["a"].seconds == pytest.approx(ENOUGH_SECONDS)
    assert sum(map(len, embedder.pieces)) == pytest.approx(ENOUGH_SECONDS * RATE, abs=RATE)


def test_turns_beyond_the_sound_are_cut() -> None:
    sound = np.ones(3 * RATE, dtype=np.float32)
    voices = take_voices(sound, [turn("a", 1, 9)], FakeEmbedder())
    assert voices["a"].seconds == pytest.approx(1.95)


def test_outliers_are_left_out_of_the_average() -> None:
    vectors = np.array([[1, 0.1], [1, -0.1], [1, 0], [-0.2, 1]], dtype=np.float32)
    assert average(vectors) == pytest.approx([1, 0], abs=0.01)


def test_average_ignores_lengths_and_invalid_vectors() -> None:
    vectors = np.array([[10, 0], [0, 1], [np.nan, 1], [0, 0]], dtype=np.float32)
    assert average(vectors) == pytest.approx([0.7071, 0.7071], abs=1e-3)
    assert average(vectors[2:]) is None
