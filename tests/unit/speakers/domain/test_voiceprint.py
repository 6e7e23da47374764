"""Validation of voiceprints."""

import math

import numpy as np
import pytest

from common.errors import ValidationError
from speakers.domain.voiceprint import LARGEST_DIMENSION, Voiceprint


def voiceprint(values: list[float], *, model: str = "m", seconds: float = 3.0) -> Voiceprint:
    return Voiceprint.of(values, model=model, version="1", seconds=seconds)


def test_vector_is_scaled_to_length_one() -> None:
    found = voiceprint([3.0, 4.0])
    assert found.vector.tolist() == pytest.approx([0.6, 0.8])
    assert found.vector.dtype == np.float32
    assert found.model.dimension == 2


@pytest.mark.parametrize(
    "values",
    [[], [0.0, 0.0], [math.nan, 1.0], [math.inf, 1.0], [1.0] * (LARGEST_DIMENSION + 1)],
)
def test_invalid_vectors_are_rejected(values: list[float]) -> None:
    with pytest.raises(ValidationError) as refused:
        voiceprint(values)
    assert refused.value.details == {"field": "voiceprint.values"}


@pytest.mark.parametrize(
    ("model", "seconds"), [("", 3.0), ("a\0", 3.0), ("m", -1.0), ("m", math.nan)]
)
def test_invalid_models_and_durations_are_rejected(model: str, seconds: float) -> None:
    with pytest.raises(ValidationError):
        voiceprint([1.0], model=model, seconds=seconds)


def test_digests_distinguish_voiceprints() -> None:
    same = voiceprint([3.0, 4.0])
    others = [
        voiceprint([4.0, 3.0]),
        voiceprint([3.0, 4.0], model="n"),
        voiceprint([3.0, 4.0], seconds=4.0),
        Voiceprint.of([3.0, 4.0], model="m", version="2", seconds=3.0),
    ]
    assert voiceprint([6.0, 8.0]).digest == same.digest
    assert len({same.digest, *(other.digest for other in others)}) == 5
