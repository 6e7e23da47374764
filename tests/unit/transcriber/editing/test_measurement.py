"""Edited words and their measured times."""

import pytest

from tests.unit.transcriber.editing.transcripts import Edited, segment
from transcriber.editing import operations as ops
from transcriber.editing.items import ItemId, Times, WordItem
from transcriber.editing.measurement import Stretch, is_due, measured, stretches

TALK = (segment("Speaker_1", " ".join(f"w{number}" for number in range(40)), 10.0),)


def due_words(edited: Edited, since: int = 0) -> set[ItemId]:
    return {
        item.id for item in edited.document() if isinstance(item, WordItem) and is_due(item, since)
    }


def found(edited: Edited, since: int = 0) -> list[Stretch]:
    due = due_words(edited, since)
    return [part for view in edited.segments() for part in stretches(view, due.__contains__)]


def replace(edited: Edited, first: str, last: str, text: str) -> None:
    edited.edit(ops.ReplaceWords(first=edited.word(first), last=edited.word(last), text=text))


def test_only_written_words_are_due_until_they_are_measured() -> None:
    edited = Edited(TALK)
    assert due_words(edited) == set()
    replace(edited, "w3", "w4", "one two three")
    written = {edited.word(text) for text in ("one", "two", "three")}
    assert due_words(edited) == written
    assert due_words(edited, since=edited.revision) == set()
    word = edited.word("two")
    edited.edit(ops.SetTimes(times=((word, Times(11.6, 11.7)),)), author="")
    assert due_words(edited) == written - {word}
    edited.undo()
    edited.redo()
    assert word not in due_words(edited, since=edited.revision)


def test_stretches_have_words_around_and_blanks() -> None:
    edited = Edited(TALK)
    replace(edited, "w10", "w11", "one")
    replace(edited, "w13", "w13", "two")
    replace(edited, "w30", "w30", "three")
    first, second = found(edited)
    assert [word.text for word in first.words] == [
        *("w5", "w6", "w7", "w8", "w9", "one", "w12", "two", "w14", "w15", "w16", "w17", "w18"),
    ]
    assert set(first.texts) == {f" {word.text}" for word in first.words}
    assert first.due == {edited.word("one"), edited.word("two")}
    assert (first.start, first.end) == pytest.approx((12.2, 19.7))
    assert second.due == {edited.word("three")}


def test_long_stretches_are_left_out() -> None:
    edited = Edited((segment("Speaker_1", "a b c d", 0.0, pause=9.0),))
    replace(edited, "b", "b", "x")
    assert found(edited) == []


def test_measured_words_stay_between_their_neighbors() -> None:
    edited = Edited((segment("Speaker_1", "a b c d", 0.0),))
    replace(edited, "b", "c", "x y z")
    (stretch,) = found(edited)
    assert [word.text for word in stretch.words] == ["a", "x", "y", "z", "d"]
    spans = [(0.0, 0.4), (0.1, 0.7), (0.6, 0.9), (1.0, 9.0), (9.0, 9.5)]
    assert dict(measured(stretch, spans)) == {
        edited.word("x"): Times(0.4, 0.7),
        edited.word("y"): Times(0.7, 0.9),
        edited.word("z"): Times(1.0, 1.5),
    }


def test_new_times_take_effect_and_are_undone_with_the_words() -> None:
    edited = Edited((segment("Speaker_1", "a b c d", 0.0),))
    before = edited.segments()
    replace(edited, "b", "b", "x")
    (stretch,) = found(edited)
    new = tuple(measured(stretch, [(0.0, 0.4), (0.5, 0.6), (1.0, 1.4), (1.5, 1.9)]))
    edited.edit(ops.SetTimes(times=new), author="")
    shown = {word.text: (word.start, word.end) for word in edited.segments()[0].words}
    assert shown["x"] == (0.5, 0.6)
    edited.undo()
    assert edited.segments() == before


def test_small_differences_are_left_alone() -> None:
    edited = Edited((segment("Speaker_1", "a b c", 0.0),))
    replace(edited, "b", "b", "x")
    (stretch,) = found(edited)
    assert dict(measured(stretch, [(0.0, 0.4), (0.51, 0.91), (1.0, 1.4)])) == {}
