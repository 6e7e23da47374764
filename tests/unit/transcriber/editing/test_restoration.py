"""Restoration of earlier revisions."""

from tests.unit.transcriber.editing.transcripts import Edited
from transcriber.editing import operations as ops
from transcriber.editing import views
from transcriber.editing.history import Entry
from transcriber.editing.restoration import restore


def test_every_revision_can_be_restored_and_the_restoration_undone() -> None:
    edited = Edited()
    words = edited.segments()[0].words
    edited.edit(ops.ReplaceWords(first=words[0].id, last=words[1].id, text="hello to all"))
    edited.edit(
        ops.SplitSegment(word=words[3].id), ops.SetStarred(segment=edited.segment(1), starred=True)
    )
    edited.edit(ops.MergeSpeakers(speaker="Speaker_2", into="Speaker_1"))
    newest = edited.revision
    for revision in range(1, newest + 1):
        document = edited.document(newest)
        effects = restore(document, edited.document(revision), revision=newest + 1)
        assert views.segments(document) == edited.segments(revision)
        edited.entries.append(Entry(revision=newest + 1, author="ann"))
        edited.effects[newest + 1] = effects
        assert edited.undo()
        assert edited.segments() == edited.segments(newest)
        del edited.entries[newest - 1 :]
