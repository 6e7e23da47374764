import numpy as np
import pytest

from bench.parts_diarization import cores
from bench.parts_mixtures import HALVES, PLANS, Half, Plan, compose
from common.audio.resampling import SAMPLE_RATE


def plan(half: Half) -> Plan:
    return Plan(name="x", half=half, minutes=4, people=3, condition="clean", seed=7)


PEOPLE = {
    f"{number}": np.random.default_rng(number).standard_normal(20 * SAMPLE_RATE).astype(np.float32)
    for number in range(8)
}


def test_conversation_has_sound_where_somebody_speaks() -> None:
    found = compose(plan("tuning"), PEOPLE)
    assert len(found.samples) == 240 * SAMPLE_RATE
    assert len({speaker for _, _, speaker in found.turns}) > 1
    spoken = np.zeros(len(found.samples), dtype=np.bool_)
    for start, end, _ in found.turns:
        assert 0 <= start < end <= 240
        spoken[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] = True
    assert np.abs(found.samples[spoken]).mean() > 0.1
    assert not found.samples[~spoken].any()


def test_same_plan_makes_the_same_conversation() -> None:
    one, other = compose(plan("tuning"), PEOPLE), compose(plan("tuning"), PEOPLE)
    assert one.turns == other.turns
    assert np.array_equal(one.samples, other.samples)


def test_people_of_the_halves_are_different() -> None:
    halves = [{speaker for _, _, speaker in compose(plan(half), PEOPLE).turns} for half in HALVES]
    assert not halves[0] & halves[1]
    assert {one.half for one in PLANS} == set(HALVES)


def test_parts_begin_at_whole_seconds_and_cover_the_recording() -> None:
    assert cores(700.4, 300) == [(0.0, 233.0), (233.0, 467.0), (467.0, pytest.approx(700.4))]
    assert cores(100.0, 300) == [(0.0, 100.0)]
