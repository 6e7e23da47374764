"""Replacements by hand."""

from tests.unit.transcriber.editing.transcripts import Edited, segment
from transcriber.editing import operations as ops
from transcriber.editing.operations import Operation
from transcriber.vocabulary.observations import replacements

TALK = (segment("Speaker_1", "ask Smyth, about cooper netties and the dog", 0.0),)


def seen(*operations: Operation, edited: Edited | None = None) -> list[tuple[str, str]]:
    edited = edited or Edited(TALK)
    effects = edited.edit(*operations)
    return [(item.heard, item.meant) for item in replacements(edited.document(), effects)]


def replace(edited: Edited, first: str, last: str, text: str) -> ops.ReplaceWords:
    return ops.ReplaceWords(first=edited.word(first), last=edited.word(last), text=text)


def test_words_are_paired_without_punctuation() -> None:
    edited = Edited(TALK)
    assert seen(replace(edited, "Smyth,", "Smyth,", "Smith,")) == [("Smyth", "Smith")]


def test_several_words_may_become_one_and_one_several() -> None:
    edited = Edited(TALK)
    assert seen(replace(edited, "cooper", "netties", "Kubernetes")) == [
        ("cooper netties", "Kubernetes")
    ]
    assert seen(replace(edited, "Smyth,", "Smyth,", "Smith and Son,")) == [
        ("Smyth", "Smith and Son")
    ]


def test_a_segment_that_is_written_again_gives_its_changed_words() -> None:
    edited = Edited(TALK)
    text = "ask Smith, about Kubernetes and the dog"
    assert seen(replace(edited, "ask", "dog", text)) == [
        ("Smyth", "Smith"),
        ("cooper netties", "Kubernetes"),
    ]


def test_changes_that_are_no_corrections_of_words_are_left_out() -> None:
    edited = Edited(TALK)
    assert seen(replace(edited, "Smyth,", "Smyth,", "Smyth.")) == []
    assert seen(replace(edited, "ask", "ask", "Ask")) == []
    assert seen(replace(edited, "dog", "dog", "")) == []
    word, place = edited.word("dog"), edited.segment(0)
    assert seen(ops.InsertWords(segment=place, after=word, text="barks")) == []
    assert seen(replace(edited, "ask", "dog", "something else said by nobody at all")) == []


def test_capitals_inside_a_word_are_a_correction() -> None:
    talk = (segment("Speaker_1", "my iphone", 0.0),)
    edited = Edited(talk)
    operation = replace(edited, "iphone", "iphone", "iPhone")
    assert seen(operation, edited=Edited(talk)) == [("iphone", "iPhone")]


def test_a_word_of_a_person_has_nothing_heard() -> None:
    edited = Edited(TALK)
    edited.edit(replace(edited, "Smyth,", "Smyth,", "Smit,"))
    again = replace(edited, "Smit,", "Smit,", "Smith,")
    assert seen(again, edited=edited) == [("", "Smith")]
