"""Likeness of words in two signals."""

import pytest

from tests.unit.transcriber.worker.calls import recognized
from transcriber.worker.echoes.likeness import alike, normalized, repeated


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello,", "hello"),
        ("proved", "prove"),
        ("womanhood", "woman-hood?"),
        ("“Ja!”", "ja"),
        ("我们", "我们"),
    ],
)
def test_misheard_words_are_alike(one: str, other: str) -> None:
    assert alike(normalized(one), normalized(other))


@pytest.mark.parametrize(("one", "other"), [("yes", "no"), ("was", "this"), ("-", "-"), ("a", "")])
def test_other_words_are_not_alike(one: str, other: str) -> None:
    assert not alike(normalized(one), normalized(other))


def same(text: str, start: float, other: str, other_start: float) -> str:
    """Return the repeated words of a text, one second per word."""
    mine = recognized(text, start, start + len(text.split())).words
    theirs = recognized(other, other_start, other_start + len(other.split())).words
    found = repeated(mine, theirs, delay=0.6)
    return " ".join(word.text for word, known in zip(mine, found, strict=True) if known)


def test_words_count_in_order_and_at_their_time() -> None:
    assert same("aaaa bbbb cccc", 0.3, "aaaa bbbb cccc", 0.0) == "aaaa bbbb cccc"
    assert same("aaaa zzzz cccc", 0.3, "aaaa bbbb cccc", 0.0) == "aaaa cccc"
    assert same("aaaa bbbb cccc", 0.0, "bbbb aaaa cccc", 0.0) in {"aaaa cccc", "bbbb cccc"}
    assert same("aaaa bbbb cccc", 5.0, "aaaa bbbb cccc", 0.0) == ""
    # An echo is not earlier.
    assert same("aaaa bbbb cccc", 0.0, "aaaa bbbb cccc", 1.0) == ""


def test_each_word_counts_once() -> None:
    assert same("no no no", 0.0, "no", 0.5) == "no"


def test_without_words_nothing_is_repeated() -> None:
    words = recognized("hello", 0.0, 1.0).words
    assert repeated([], words, delay=0.6) == []
    assert repeated(words, [], delay=0.6) == [False]
