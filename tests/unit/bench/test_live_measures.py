"""Delays and errors of live text."""

import pytest

from bench.engines_words import TimedWord
from bench.live_measures import LiveText, row


def word(text: str, end: float) -> TimedWord:
    return TimedWord(text=text, start=end - 0.3, end=end)


def test_delays_are_counted_from_the_end_of_each_word() -> None:
    text = LiveText()
    text.add(1.5, [], [word("this", 1.0)])
    text.add(2.5, [], [word("This", 1.1), word("iz", 1.4)])
    text.add(3.0, [word("This", 1.1)], [word("is", 1.5)])
    text.add(4.0, [word("is.", 1.5)])
    said = [word("This", 1.0), word("is", 1.5), word("missing", 2.0)]
    assert text.first_delays(said) == pytest.approx([0.5, 1.5])
    assert text.final_delays(said) == pytest.approx([2.0, 2.5])
    assert text.text == "This is."


def test_a_repeated_word_is_the_one_at_its_time() -> None:
    text = LiveText()
    text.add(1.5, [word("no", 1.0)])
    text.add(9.5, [word("no", 9.0)])
    assert text.first_delays([word("no", 1.0), word("no", 9.0)]) == pytest.approx([0.5, 0.5])


def test_drafts_are_compared_as_they_were_after_two_seconds() -> None:
    text = LiveText()
    text.add(1.2, [], [word("hat", 0.5)])
    text.add(3.5, [word("that", 0.5)], [word("was", 1.8)])
    text.add(3.9, [], [word("is", 1.8)])
    text.add(9.0, [word("was", 1.8)])
    assert text.aged(3.0) == "hat is"
    found = row("one", text, reference="that was", words=[], seconds=3.0, cpu=0.5)
    assert found.drafts.rate == 1.0
    assert found.finals.rate == 0.0
    assert "never" in str(found)
