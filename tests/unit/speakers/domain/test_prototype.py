"""Prototypes: independence of history, confidence."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speakers.domain.prototype import Sample, VoiceData, summarize
from speakers.domain.voice_space import Place, VoiceSpace, VoiceSpaces
from speakers.domain.voiceprint import Vector, VoiceModel
from tests.unit.speakers.voices import plain_space, random_places, random_vectors

SHIPPED = VoiceSpaces.load().of(
    VoiceModel(name="campplus-zh-en-common", version="2079f4aec2dc", dimension=192)
)


def samples(seed: int, count: int, dimension: int = 16) -> list[Sample]:
    lengths = np.random.default_rng(seed).uniform(1, 60, count)
    return [
        Sample(vector=vector, seconds=float(length))
        for vector, length in zip(random_vectors(seed, count, dimension), lengths, strict=True)
    ]


def bits(data: VoiceData) -> tuple[bytes | None, float]:
    return None if data.place is None else data.place.tobytes(), data.confidence


def near(place: Place, seed: int, spread: float) -> Vector:
    vector = place + spread * random_places(seed, 1, len(place))[0]
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


@given(st.integers(0, 10_000), st.integers(1, 12), st.randoms(use_true_random=False))
def test_prototype_is_independent_of_order(seed: int, count: int, chance: random.Random) -> None:
    given_samples = samples(seed, count, 192)
    shuffled = given_samples.copy()
    chance.shuffle(shuffled)
    assert bits(summarize(given_samples, SHIPPED)) == bits(summarize(shuffled, SHIPPED))


@given(st.integers(0, 10_000), st.integers(2, 10))
def test_prototype_is_the_weighted_mean(seed: int, count: int) -> None:
    given_samples = samples(seed, count)
    mean = sum(min(s.seconds, 20.0) * s.vector.astype(np.float64) for s in given_samples)
    place = summarize(given_samples, plain_space()).place
    assert place == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_single_sample_is_the_prototype() -> None:
    [sample] = samples(7, 1)
    data = summarize([sample], plain_space())
    assert data.place == pytest.approx(sample.vector, abs=1e-6)
    assert data.confidence == plain_space().recall(sample.seconds)


def test_confidence_grows_with_consistent_samples() -> None:
    [voice] = random_places(1, 1)
    spoken = [Sample(vector=near(voice, seed, 0.1), seconds=3.0) for seed in range(5)]
    confidences = [summarize(spoken[: count + 1], plain_space()).confidence for count in range(5)]
    assert confidences == sorted(confidences)
    assert confidences[-1] > 0.85


def test_confidence_falls_with_a_foreign_sample() -> None:
    voice, other = np.eye(16)[:2]
    spoken = [Sample(vector=near(voice, seed, 0.1), seconds=10.0) for seed in range(3)]
    stranger = Sample(vector=other.astype(np.float32), seconds=10.0)
    good = summarize(spoken, plain_space()).confidence
    assert summarize([*spoken, stranger], plain_space()).confidence < 0.8 * good


def test_long_recording_does_not_outweigh_many() -> None:
    voice, other = random_places(3, 2)
    long = Sample(vector=other.astype(np.float32), seconds=3_600.0)
    spoken = [Sample(vector=near(voice, seed, 0.05), seconds=20.0) for seed in range(4)]
    place = summarize([long, *spoken], plain_space()).place
    assert place is not None
    assert place @ voice > 0.9


def test_opposite_samples_have_no_place() -> None:
    [vector] = random_vectors(4, 1)
    opposite = [Sample(vector=vector, seconds=5.0), Sample(vector=-vector, seconds=5.0)]
    data = summarize(opposite, plain_space())
    assert data.place is None
    assert data.confidence == 0.0


def test_prototype_lies_in_the_space() -> None:
    space = VoiceSpace(
        digest="d",
        log_odds=plain_space().log_odds,
        recall_points=plain_space().recall_points,
        nuisance=np.eye(16)[:3],
    )
    place = summarize(samples(5, 4), space).place
    assert place is not None
    assert np.abs(place[:3]).max() < 1e-9
    assert np.linalg.norm(place) == pytest.approx(1.0)
