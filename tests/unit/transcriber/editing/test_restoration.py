"""Restoration of earlier revisions."""

from tests.unit.transcriber.editing.transcripts import LABELS, Edited
from transcriber.domain.transcripts import NameSource
from transcriber.editing import operations as ops
from transcriber.editing import views
from transcriber.editing.history import Entry
from transcriber.editing.items import NO_NAME, Naming
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


def test_names_are_restored_unless_they_are_suggestions() -> None:
    edited = Edited()
    edited.edit(
        ops.AssignNames(names={"Speaker_1": "Ada", "Speaker_2": "Bob"}, profiles={"Speaker_1": 7})
    )
    document = edited.document()
    suggested = Naming("Cleo", NameSource.SUGGESTED, 9, 0.8)
    document.speaker("Speaker_3").name = suggested
    former = Naming("Eve", NameSource.CONFIRMED, 8, 1.0)
    restore(
        document,
        edited.document(1),
        revision=3,
        names={"Speaker_1": former, "Speaker_2": suggested, "Speaker_3": NO_NAME},
    )
    assert [document.speaker(label).name for label in LABELS] == [former, NO_NAME, suggested]
