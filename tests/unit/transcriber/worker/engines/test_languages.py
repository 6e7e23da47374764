import pytest

from transcriber.worker.engines.languages import (
    Heard,
    average,
    best_sequence,
    certainly_spoken,
    settle,
)


def heard(seconds: float = 4.0, **probabilities: float) -> Heard:
    return Heard(seconds=seconds, probabilities=probabilities)


def test_probabilities_are_averaged_by_length() -> None:
    together = average([heard(30, en=0.9, de=0.1), heard(5, de=0.99, en=0.01)])
    assert together.best == "en"
    assert together.probability("en") == pytest.approx((30 * 0.9 + 5 * 0.01) / 35)
    assert together.seconds == 35


def test_only_certain_stretches_of_some_length_name_the_languages() -> None:
    row = [heard(4, en=0.95), heard(8, de=0.9), heard(9, la=0.7), heard(1, cy=0.99)]
    assert certainly_spoken(row) == ["de", "en"]


def test_a_doubtful_stretch_is_in_the_language_of_its_neighbors() -> None:
    row = [heard(en=0.9), heard(de=0.95), heard(nl=0.5, de=0.2, en=0.2), heard(de=0.9)]
    assert settle(row, ["en", "de"]) == ["en", "de", "de", "de"]


def test_a_beginning_in_doubt_is_in_the_language_that_follows() -> None:
    assert settle([heard(cy=0.5, en=0.3), heard(en=0.9)], ["en", "de"]) == ["en", "en"]


def test_one_certain_stretch_among_others_is_a_passage() -> None:
    row = [heard(en=0.97), heard(en=0.97), heard(de=0.97), heard(en=0.97)]
    assert settle(row, ["en", "de"]) == ["en", "en", "de", "en"]


def test_a_short_stretch_is_weak_evidence() -> None:
    row = [heard(en=0.97), heard(0.5, de=0.97), heard(en=0.97)]
    assert settle(row, ["en", "de"]) == ["en", "en", "en"]


def test_rare_languages_of_unclear_speech_do_not_count() -> None:
    row = [heard(en=0.9), heard(la=0.6, en=0.05), heard(la=0.7, en=0.05), heard(en=0.9)]
    assert settle(row, certainly_spoken(row)) == ["en"] * 4


def test_rare_language_is_spoken_only_if_it_is_certain_for_long() -> None:
    row = [heard(5, en=0.95), heard(5, la=0.9)]
    assert certainly_spoken(row) == ["en"]
    assert certainly_spoken([*row, heard(5, la=0.9)]) == ["la", "en"]


def test_nothing_heard_is_in_no_language() -> None:
    assert settle([], ["en"]) == []
    assert certainly_spoken([]) == []


def test_a_change_must_be_worth_its_cost() -> None:
    evidence = [{"en": 1.0, "de": 0.0}, {"en": 0.0, "de": 1.0}, {"en": 1.0, "de": 0.0}]
    assert best_sequence(evidence, change=0.4) == ["en", "de", "en"]
    assert best_sequence(evidence, change=0.6) == ["en", "en", "en"]
    assert best_sequence([], change=0.6) == []


def test_the_best_common_language_is_the_best_if_none_is_common() -> None:
    assert heard(la=0.6, fr=0.2, en=0.1).best_common == "fr"
    assert heard(la=0.6, haw=0.2).best_common == "la"
