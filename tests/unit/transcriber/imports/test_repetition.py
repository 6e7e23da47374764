"""Imports when a recording is processed again."""

from tests.unit.transcriber.editing.test_rebase import reprocessed
from tests.unit.transcriber.editing.transcripts import CONVERSATION, Edited, segment
from tests.unit.transcriber.imports.test_batch import SRT, VTT, imported
from transcriber.domain.transcripts import Segment
from transcriber.editing import operations as ops

#: The machine version of a recording without one.
EMPTY = (
    Segment(label="Speaker_1", text="", start=-1, end=-1, confidence=0, language="", words=()),
)
#: A new machine version, with other voices first.
OTHER = (
    segment("Speaker_1", "good morning how are two", 0.0),
    segment("Speaker_2", "fine thanks land you", 3.0),
    segment("Speaker_1", "very well indeed", 6.0),
)


def lines(edited: Edited) -> list[tuple[str, str]]:
    return [(view.label, view.text) for view in edited.segments()]


def test_the_text_of_the_file_stays() -> None:
    edited = Edited()
    imported(edited, SRT)
    before = lines(edited)
    after, found = reprocessed(edited, OTHER)
    assert lines(after) == before
    assert not found.conflicts
    assert [batch.source for batch in found.batches] == [2]
    good = after.segments()[0].words[1]
    assert good.id.revision == after.first


def test_a_recording_that_had_no_transcript_keeps_the_text_of_the_file() -> None:
    edited = Edited(EMPTY)
    imported(edited, VTT)
    before = lines(edited)
    after, found = reprocessed(edited, OTHER)
    assert lines(after) == before
    assert not found.conflicts
    document = after.document()
    assert document.speaker("Speaker_1").name.name == "Ada"
    assert after.undo()
    assert lines(after) == [(one.label, one.text) for one in OTHER]


def test_speakers_of_the_recording_are_found_when_it_is_processed() -> None:
    text = "1\n00:00:00,000 --> 00:00:08,000\n" + " ".join(view.text for view in CONVERSATION)
    edited = Edited(EMPTY)
    imported(edited, text, diarize=True)
    assert [label for label, _ in lines(edited)] == ["Speaker_1"]
    after, _ = reprocessed(edited, CONVERSATION)
    assert lines(after) == [(one.label, one.text) for one in CONVERSATION]


def test_edits_of_an_imported_text_are_repeated() -> None:
    edited = Edited()
    imported(edited, SRT)
    word = next(word.id for view in edited.segments() for word in view.words if word.text == "Very")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="Quite"))
    edited.edit(ops.SplitSegment(word=edited.segments()[1].words[2].id))
    expected = lines(edited)
    after, found = reprocessed(edited, OTHER)
    assert lines(after) == expected
    assert [batch.source for batch in found.batches] == [2, 3, 4]


def test_an_import_that_was_taken_back_is_not_repeated() -> None:
    edited = Edited()
    imported(edited, SRT)
    assert edited.undo()
    after, found = reprocessed(edited, OTHER)
    assert lines(after) == [(one.label, one.text) for one in OTHER]
    assert not found.batches
