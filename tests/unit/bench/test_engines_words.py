"""bench.engines_words: times and probabilities of words against a reference."""

import pytest

from bench.engines_words import TimedWord, boundaries, calibration, judged


def word(text: str, start: float, probability: float = 0.9) -> TimedWord:
    return TimedWord(text=text, start=start, end=start + 0.5, probability=probability)


def test_boundaries_are_those_of_right_words() -> None:
    reference = [word("good", 1.0), word("morning", 2.0), word("all", 3.0)]
    found = [word("Good", 1.1), word("mourning,", 2.0), word("all.", 2.7)]
    measured = boundaries(reference, found)
    assert measured.starts == pytest.approx((0.1, 0.3))
    assert measured.ends == pytest.approx((0.1, 0.3))
    assert "start 0.300 s (p90 0.300)" in measured.row()


def test_words_are_judged_by_the_reference() -> None:
    found = [word("Good", 0.0, 0.8), word("mourning", 1.0, 0.4)]
    assert judged("good morning", found) == [(0.8, True), (0.4, False)]


def test_calibration_compares_probability_and_truth() -> None:
    rows, error = calibration([(0.95, True)] * 9 + [(0.95, False)] + [(0.4, False)] * 10)
    assert rows == ["0.30 to 0.50: 10 words, 0.00 right", "0.90 to 0.97: 10 words, 0.90 right"]
    assert error == pytest.approx(0.5 * 0.05 + 0.5 * 0.4)
    assert calibration([]) == ([], 0.0)
