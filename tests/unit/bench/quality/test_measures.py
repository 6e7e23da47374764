import pytest

from bench.engines_words import TimedWord
from bench.metrics import normalize
from bench.quality.measures import (
    invented_words,
    jaccard_error_rate,
    silence,
    spread,
    timed_speaker_word_errors,
    timed_word_errors,
    word_times,
)


def words(text: str, start: float, end: float) -> list[TimedWord]:
    return spread(text, start, end, normalize)


def test_words_are_spread_by_their_characters() -> None:
    found = words("I agree, Mary.", 10.0, 20.0)
    assert [word.text for word in found] == ["i", "agree", "mary"]
    assert [word.start for word in found] == [10.0, 11.0, 16.0]
    assert found[-1].end == 20.0


def test_words_far_apart_are_not_paired() -> None:
    reference = words("good morning", 0.0, 1.0)
    near = timed_word_errors(reference, words("good morning", 4.0, 5.0))
    assert near.rate == 0.0
    far = timed_word_errors(reference, words("good morning", 20.0, 21.0))
    assert (far.substitutions, far.deletions, far.insertions) == (0, 2, 2)
    wrong = timed_word_errors(reference, words("good evening", 0.0, 1.0))
    assert (wrong.substitutions, wrong.deletions, wrong.insertions) == (1, 0, 0)


def test_speakers_are_paired_for_the_fewest_errors() -> None:
    reference = {"anna": words("one two three", 0, 3), "ben": words("four five", 4, 6)}
    swapped = {"1": words("four five", 4, 6), "2": words("one two three", 0, 3)}
    assert timed_speaker_word_errors(reference, swapped).rate == 0.0
    joined = {"1": words("one two three four five", 0, 6)}
    found = timed_speaker_word_errors(reference, joined)
    assert (found.words, found.deletions, found.insertions) == (5, 2, 2)
    # The words of the smaller speaker are missing, and additional at the larger one.
    third = {**swapped, "3": words("yes", 7, 8)}
    assert timed_speaker_word_errors(reference, third).rate == pytest.approx(1 / 5)


def test_jaccard_error_rate_counts_speakers_alike() -> None:
    reference = [(0.0, 90.0, "anna"), (90.0, 100.0, "ben")]
    assert jaccard_error_rate(reference, [(0.0, 90.0, "1"), (90.0, 100.0, "2")]) == 0.0
    # Ben is missing: half of the speakers, though a tenth of the time.
    assert jaccard_error_rate(reference, [(0.0, 90.0, "1")]) == pytest.approx(0.5)
    # Anna shares 90 of 100 s, and nobody is left for Ben.
    one = jaccard_error_rate(reference, [(0.0, 100.0, "1")])
    assert one == pytest.approx((0.1 + 1.0) / 2)
    assert jaccard_error_rate([], []) == 0.0
    assert jaccard_error_rate([], [(0.0, 1.0, "1")]) == 1.0


def test_words_far_from_speech_are_invented() -> None:
    turns = [(10.0, 20.0, "anna")]
    assert silence(turns, 30.0) == pytest.approx(18.0)
    said = [
        TimedWord(text=text, start=at, end=at + 0.2)
        for text, at in (("thank", 1.0), ("near", 9.2), ("said", 15.0), ("you", 29.9))
    ]
    assert invented_words(turns, said, 30.0) == 2
    assert invented_words([], said, 30.0) == 4


def test_times_are_those_of_edges_of_utterances() -> None:
    utterances = [words(f"alpha beta gamma {n}", 10.0 * n, 10.0 * n + 3) for n in range(1, 10)]
    exact = [word for said in utterances for word in said]
    found = word_times(utterances, exact, 100.0)
    assert found is not None
    assert (found.median, found.most, found.drift) == (0.0, 0.0, 0.0)
    # Words in the middle have no known times.
    shifted = [
        TimedWord(text=word.text, start=word.start * 1.01, end=word.end * 1.01) for word in exact
    ]
    found = word_times(utterances, shifted, 100.0)
    assert found is not None
    assert found.words == 18
    assert found.drift == pytest.approx(0.6)
    assert word_times(utterances, [], 100.0) is None
