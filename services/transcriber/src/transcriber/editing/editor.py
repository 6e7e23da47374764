"""Execution of a batch of operations on a transcript."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from transcriber.editing import operations as ops
from transcriber.editing.document import Document
from transcriber.editing.effects import Effects
from transcriber.editing.journal import Journal
from transcriber.editing.segment_edits import NoteEdits, SegmentEdits, SpeakerEdits
from transcriber.editing.word_edits import WordEdits


def execute(
    document: Document,
    operations: Iterable[ops.Operation],
    *,
    base: int,
    revision: int,
    author: str,
    labels: Iterable[str],
) -> Effects:
    """Execute operations in order and return their effects together.

    `base` is the revision that the author saw, `revision` the new one. `labels` has the labels of
    all speakers. The document is of no further use after an error.

    Raises:
        InvalidEditError: an operation makes no sense in this transcript.
        EditConflictError: the same part has changed since the base revision.
    """
    journal = Journal(document, base=base, revision=revision)
    actions = _actions(journal, author, labels)
    for operation in operations:
        actions[type(operation)](operation)
    return journal.effects()


def _actions(
    journal: Journal, author: str, labels: Iterable[str]
) -> Mapping[type, Callable[[Any], None]]:
    words = WordEdits(journal)
    speakers = SpeakerEdits(journal, labels)
    segments = SegmentEdits(journal, speakers)
    notes = NoteEdits(journal, author)
    return {
        ops.ReplaceWords: words.replace,
        ops.DeleteWords: words.delete,
        ops.InsertWords: words.insert,
        ops.SetTimes: words.set_times,
        ops.SplitSegment: segments.split,
        ops.MergeSegments: segments.merge,
        ops.MoveEdges: segments.move_edges,
        ops.SetSpeaker: segments.set_speaker,
        ops.SetReviewed: segments.set_reviewed,
        ops.SetStarred: segments.set_starred,
        ops.MergeSpeakers: speakers.merge,
        ops.AssignNames: speakers.assign,
        ops.AddNote: notes.add,
        ops.ChangeNote: notes.change,
    }
