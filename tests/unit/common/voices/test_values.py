import numpy as np
import pytest

from common.voices.values import Voice, mean_voice, unit


def test_a_unit_vector_has_length_one() -> None:
    assert np.linalg.norm(unit(np.array([3, 4], dtype=np.float32))) == pytest.approx(1)
    assert not unit(np.zeros(2, dtype=np.float32)).any()


def test_mean_voice_is_weighted_by_speech() -> None:
    one = Voice(vector=np.array([1, 0], dtype=np.float32), seconds=30.0)
    other = Voice(vector=np.array([0, 1], dtype=np.float32), seconds=10.0)
    mean = mean_voice([one, other])
    assert mean.vector == pytest.approx([0.9487, 0.3162], abs=1e-3)
    assert mean.seconds == 40.0
