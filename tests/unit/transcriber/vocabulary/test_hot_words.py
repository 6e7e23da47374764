"""Choice of terms for the recognizer."""

from transcriber.domain.options import MOST_PHRASES
from transcriber.vocabulary.hot_words import choose


def test_phrases_of_the_request_go_first() -> None:
    assert choose(("Anna", "Bert"), ["Cleo", "Anna"]) == ("Anna", "Bert", "Cleo")


def test_terms_stop_where_the_prompt_is_full() -> None:
    terms = [f"Ombrixadol{number:03}" for number in range(100)]
    chosen = choose((), terms)
    assert 20 < len(chosen) < 50
    assert list(chosen) == terms[: len(chosen)]


def test_a_shorter_term_takes_the_room_that_a_long_one_does_not_fit() -> None:
    terms = ["x" * 90] * 1 + [f"{'y' * 80}{number}" for number in range(9)] + ["tiny"]
    chosen = choose((), terms)
    assert "tiny" in chosen
    assert len(chosen) < len(terms)


def test_all_phrases_of_a_request_are_kept() -> None:
    phrases = tuple(f"phrase number {number}" for number in range(MOST_PHRASES))
    assert choose(phrases, ["term"]) == phrases
