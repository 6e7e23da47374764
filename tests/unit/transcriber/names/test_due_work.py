"""Edits after which voices are to be learned again."""

import pytest

from tests.unit.transcriber.editing.transcripts import CONVERSATION, Edited, segment
from transcriber.domain.transcripts import Segment
from transcriber.editing import operations as ops
from transcriber.names.due_work import divides_speech

MONOLOGUE = (segment("Speaker_1", "one two", 0.0), segment("Speaker_1", "three four", 3.0))


def test_words_given_to_somebody_else() -> None:
    edited = Edited()
    word = edited.word("morning")
    effects = edited.edit(ops.SetSpeaker(first=word, last=word, speaker="Speaker_2"))
    assert divides_speech(edited.document(), effects)
    edited.undo()
    assert divides_speech(edited.document(), effects)


def test_merged_speakers() -> None:
    edited = Edited()
    effects = edited.edit(ops.MergeSpeakers(speaker="Speaker_2", into="Speaker_1"))
    assert divides_speech(edited.document(), effects)


@pytest.mark.parametrize(("machine", "moved"), [(CONVERSATION, True), (MONOLOGUE, False)])
def test_joined_segments(machine: tuple[Segment, ...], moved: bool) -> None:
    edited = Edited(machine)
    effects = edited.edit(ops.MergeSegments(first=edited.segment(0), second=edited.segment(1)))
    assert divides_speech(edited.document(), effects) == moved
    edited.undo()
    assert divides_speech(edited.document(), effects) == moved


def test_divided_segments_and_other_edits_leave_voices_alone() -> None:
    edited = Edited()
    word, other = edited.word("how"), edited.word("morning")
    for operation in (
        ops.SplitSegment(word=word),
        ops.ReplaceWords(first=other, last=other, text="evening to all"),
        ops.SetStarred(segment=edited.segment(0), starred=True),
        ops.AddNote(first=word, last=word, text="Listen again"),
    ):
        effects = edited.edit(operation)
        assert not divides_speech(edited.document(), effects)
    while edited.undo():
        assert not divides_speech(edited.document(), effects)
