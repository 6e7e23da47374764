"""Joint assignment of the voices of a recording."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speakers.domain.matching import (
    Candidate,
    Match,
    MatchPolicy,
    Outcome,
    ScoredVoice,
    match,
    probabilities,
)

POLICY = MatchPolicy()


def heard(
    label: str, odds: dict[int, float], *, seconds: float = 10.0, profiles: int | None = None
) -> ScoredVoice:
    candidates = tuple(Candidate(profile_id=key, log_odds=value) for key, value in odds.items())
    return ScoredVoice(
        label=label,
        seconds=seconds,
        candidates=candidates,
        profiles=len(odds) if profiles is None else profiles,
    )


def named(results: list[Match]) -> dict[str, int]:
    return {result.label: result.profile_id for result in results}


def test_no_voices() -> None:
    assert match([], POLICY) == []


def test_no_profiles() -> None:
    [result] = match([heard("a", {})], POLICY)
    assert result == Match(label="a", outcome=Outcome.UNKNOWN)


def test_voice_similar_to_one_profile() -> None:
    [result] = match([heard("a", {1: 9.0, 2: -5.0})], POLICY)
    assert (result.outcome, result.profile_id) == (Outcome.KNOWN, 1)
    assert result.confidence > 0.99


def test_nearest_profile_below_threshold() -> None:
    [result] = match([heard("a", {1: 1.0, 2: -5.0})], POLICY)
    assert result == Match(label="a", outcome=Outcome.UNKNOWN)


def test_two_equally_similar_profiles() -> None:
    [result] = match([heard("a", {1: 9.0, 2: 8.8})], POLICY)
    assert result.outcome is Outcome.UNKNOWN


def test_too_little_speech_gives_no_match() -> None:
    results = match([heard("a", {1: 9.0}, seconds=1.99), heard("b", {1: 9.0}, seconds=2.0)], POLICY)
    assert results[0] == Match(label="a", outcome=Outcome.TOO_LITTLE_SPEECH)
    assert results[1].profile_id == 1


def test_profile_goes_to_the_more_similar_voice() -> None:
    results = match([heard("a", {1: 8.0}), heard("b", {1: 9.0})], POLICY)
    assert named(results) == {"a": 0, "b": 1}
    assert results[0].outcome is Outcome.UNKNOWN


def test_assignment_maximizes_the_joint_probability() -> None:
    # Alone, each voice would match profile 1. Together, only the second voice has an alternative.
    results = match([heard("a", {1: 12.0, 2: -9.0}), heard("b", {1: 12.5, 2: 12.0})], POLICY)
    assert results[0].profile_id == 1
    assert results[1].profile_id in (0, 2)


def test_profiles_without_candidate_count_as_strangers() -> None:
    few = probabilities(heard("a", {1: 5.0}, profiles=1), 0.5)[1]
    many = probabilities(heard("a", {1: 5.0}, profiles=1000), 0.5)[1]
    assert many < few
    assert few == pytest.approx(1 / (1 + math.exp(-5.0)))


def test_more_profiles_require_more_similarity() -> None:
    def confidence(profiles: int) -> float:
        others = dict.fromkeys(range(2, profiles + 1), -10.0)
        return probabilities(heard("a", {1: 5.0, **others}), 0.5)[1]

    values = [confidence(profiles) for profiles in (1, 5, 20, 100)]
    assert values == sorted(values, reverse=True)


def test_threshold_separates_known_from_unknown() -> None:
    voice = heard("a", {1: 2.0})
    chance = probabilities(voice, 0.5)[1]
    below, above = (MatchPolicy(threshold=chance + shift) for shift in (-0.01, 0.01))
    assert match([voice], below)[0].outcome is Outcome.KNOWN
    assert match([voice], below)[0].confidence == pytest.approx(chance)
    assert match([voice], above)[0].outcome is Outcome.UNKNOWN


def test_extreme_odds_do_not_overflow() -> None:
    voice = heard("a", {1: 700.0, 2: -700.0})
    assert probabilities(voice, 0.5)[1] == pytest.approx(1.0)


odds = st.dictionaries(st.integers(1, 8), st.floats(-30, 30), max_size=8)
recordings = st.lists(st.tuples(odds, st.floats(0, 30)), max_size=6).map(
    lambda rows: [
        heard(f"Speaker_{number}", known, seconds=seconds, profiles=8)
        for number, (known, seconds) in enumerate(rows, 1)
    ]
)


@given(recordings)
def test_no_profile_twice_and_no_match_below_threshold(voices: list[ScoredVoice]) -> None:
    results = match(voices, POLICY)
    assert [result.label for result in results] == [voice.label for voice in voices]
    taken = [result.profile_id for result in results if result.outcome is Outcome.KNOWN]
    assert len(set(taken)) == len(taken)
    for voice, result in zip(voices, results, strict=True):
        if result.outcome is Outcome.KNOWN:
            assert result.confidence >= POLICY.threshold
            assert result.profile_id in {item.profile_id for item in voice.candidates}
            assert voice.seconds >= POLICY.min_seconds
        else:
            assert (result.profile_id, result.confidence) == (0, 0.0)


@given(recordings, st.randoms(use_true_random=False))
def test_order_of_voices_does_not_matter(voices: list[ScoredVoice], chance: random.Random) -> None:
    shuffled = voices.copy()
    chance.shuffle(shuffled)
    expected = {item.label: item for item in match(voices, POLICY) if item.confidence > 0.9}
    found = {item.label: item for item in match(shuffled, POLICY)}
    # Equal odds allow several optimal assignments, and either of them may be chosen.
    values = [item.log_odds for voice in voices for item in voice.candidates]
    if len(set(values)) == len(values):
        assert {label: found[label] for label in expected} == expected


@given(odds, st.floats(0.01, 0.99))
def test_probabilities_leave_room_for_strangers(known: dict[int, float], prior: float) -> None:
    total = math.fsum(probabilities(heard("a", known), prior).values())
    assert 0.0 <= total < 1.0 + 1e-12


@given(odds, odds)
def test_additional_stranger_changes_nothing(
    known: dict[int, float], other: dict[int, float]
) -> None:
    alone = match([heard("a", known, profiles=8)], POLICY)[0]
    hopeless = dict.fromkeys(other, -30.0)
    together = match([heard("a", known, profiles=8), heard("b", hopeless, profiles=8)], POLICY)
    assert together[0] == alone
