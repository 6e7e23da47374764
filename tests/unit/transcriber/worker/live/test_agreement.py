"""Which words of successive hypotheses are final."""

import pytest

from tests.unit.transcriber.worker.live.words import text_of, words
from transcriber.worker.live.agreement import Agreement, continuation, worthwhile


def test_words_of_two_hypotheses_agree() -> None:
    agreement = Agreement()
    assert agreement.add(words("so this is the"), heard=2.0) == 0
    assert agreement.add(words("So, this is a new one"), heard=3.0) == 3
    agreement.commit(3)
    # Only the words after the final ones are compared.
    assert agreement.add(words("a new one of", start=0.9), heard=4.0) == 3


def test_words_at_the_edge_of_the_sound_do_not_count() -> None:
    agreement = Agreement()
    agreement.add(words("this is a wood"), heard=1.2)
    assert agreement.add(words("this is a wood"), heard=1.5) == 3
    assert agreement.add(words("this is a wood"), heard=1.8) == 4


def test_another_language_forgets_the_hypotheses() -> None:
    agreement = Agreement()
    agreement.add(words("das ist"), heard=5.0)
    agreement.reset()
    assert agreement.add(words("das ist"), heard=5.0) == 0


@pytest.mark.parametrize(
    ("agreed", "least", "count"),
    [
        ("", 1.0, 0),
        ("this is", 1.0, 0),
        ("Yes. This is", 1.0, 1),
        ("Yes. This is all", 1.0, 4),
        ("Yes. No. This", 1.0, 2),
    ],
)
def test_agreed_words_become_final_in_pieces(agreed: str, least: float, count: int) -> None:
    assert worthwhile(words(agreed), least=least) == count


@pytest.mark.parametrize(
    ("final", "hypothesis", "start", "rest"),
    [
        ("", "this is", 0.0, "this is"),
        ("this is", "", 0.0, ""),
        ("this is", "this is a test", 0.0, "a test"),
        # Words have become others.
        ("this is", "that was a test", 0.0, "a test"),
        # The sound begins after the final words.
        ("this is", "a test", 0.6, "a test"),
        ("this is", "a test", 0.7, "a test"),
        # Times have moved, by less than a word and by more.
        ("one two three four", "one two three four five", -0.2, "five"),
        ("one two three four", "one two three four five", 0.35, "five"),
        # A word that is said twice.
        ("this is very", "this is very very good", 0.0, "very good"),
        ("this is very", "very good", 0.9, "very good"),
    ],
)
def test_final_words_are_not_repeated(final: str, hypothesis: str, start: float, rest: str) -> None:
    found = continuation(words(hypothesis, start=start), words(final))
    assert text_of(found) == rest


def test_the_end_of_a_final_word_is_not_another_word() -> None:
    # The sound was cut a little before the end of the word.
    final = words("this is fine")
    heard = [*words("fine", start=0.85, length=0.1), *words("so far", start=0.95)]
    assert text_of(continuation(heard, final)) == "so far"
