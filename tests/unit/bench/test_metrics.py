import pytest
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate

from bench.metrics import (
    Turns,
    diarization_errors,
    give_words_to_speakers,
    normalize,
    speaker_word_errors,
    word_errors,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello, World!", "hello world"),
        ("It's 21 o'clock.", "it is twenty one o'clock"),
        ("I don't, you can't, we won't", "i do not you can not we will not"),
        ("Mr. Smith's 1,200 pages", "mister smith's one thousand two hundred pages"),
        ("Uh, I mean, um, okay", "i mean ok"),
        ("[laughter] yes (coughs)", "yes"),
        ("“We’re here”", "we are here"),
        ("", "  ...  "),
    ],
)
def test_spelling_is_normalized(one: str, other: str) -> None:
    assert normalize(one) == normalize(other)


def test_errors_are_counted_by_kind() -> None:
    found = word_errors("the cat sat on the mat", "the cat sit on mat today")
    assert (found.words, found.substitutions, found.deletions, found.insertions) == (6, 1, 1, 1)
    assert found.rate == pytest.approx(0.5)


def test_empty_texts() -> None:
    assert word_errors("", "").rate == 0.0
    assert word_errors("", "thank you").rate == 1.0
    assert word_errors("a b", "").rate == 1.0


def test_speakers_are_paired_before_their_words_are_compared() -> None:
    reference = {"anna": "good morning everyone", "ben": "hello anna"}
    assert speaker_word_errors(reference, {"1": "hello anna", "2": reference["anna"]}).rate == 0.0
    swapped = speaker_word_errors(reference, {"1": "good morning", "2": "everyone hello anna"})
    assert (swapped.deletions, swapped.insertions) == (1, 1)


def test_missing_speakers_count_as_deletions() -> None:
    found = speaker_word_errors({"anna": "one two", "ben": "three"}, {"1": "one two"})
    assert (found.words, found.deletions) == (3, 1)


def annotation(turns: Turns) -> Annotation:
    made = Annotation()
    for number, (start, end, speaker) in enumerate(turns):
        made[Segment(start, end), number] = speaker
    return made


REFERENCE = [(0.0, 5.0, "a"), (4.0, 9.0, "b"), (10.0, 12.5, "a"), (13.0, 15.0, "c")]
HYPOTHESES: list[Turns] = [
    REFERENCE,
    [(0.0, 4.4, "x"), (4.4, 9.5, "y"), (10.0, 12.0, "y"), (13.2, 15.5, "x")],
    [(1.0, 15.0, "x")],
    [(0.0, 5.0, "q"), (4.0, 9.0, "q2"), (9.5, 15.0, "q3"), (11.0, 12.0, "q")],
]


@pytest.mark.parametrize("hypothesis", HYPOTHESES)
@pytest.mark.filterwarnings("ignore:'uem' was approximated")
def test_diarization_errors_equal_those_of_pyannote(hypothesis: Turns) -> None:
    expected = DiarizationErrorRate()(annotation(REFERENCE), annotation(hypothesis), detailed=True)
    found = diarization_errors(REFERENCE, hypothesis)
    assert found.total == pytest.approx(expected["total"], abs=0.01)
    assert found.confusion == pytest.approx(expected["confusion"], abs=0.01)
    assert found.missed == pytest.approx(expected["missed detection"], abs=0.01)
    assert found.false_alarm == pytest.approx(expected["false alarm"], abs=0.01)
    assert found.rate == pytest.approx(expected["diarization error rate"], abs=0.001)


def test_empty_hypothesis_misses_everything() -> None:
    found = diarization_errors(REFERENCE, [])
    assert found.missed == pytest.approx(found.total)
    assert found.rate == pytest.approx(1.0)


def test_words_go_to_largest_overlap_or_nearest_turn() -> None:
    turns = [(0.0, 2.0, "a"), (2.0, 4.0, "b")]
    words = [(0.5, 1.0, "one"), (1.8, 2.6, "two"), (4.3, 4.6, "three")]
    assert give_words_to_speakers(words, turns) == {"a": "one", "b": "two three"}
    assert give_words_to_speakers(words, []) == {"nobody": "one two three"}
