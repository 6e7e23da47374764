"""History of a transcript: batches of edits, undo and redo, and earlier revisions."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from transcriber.editing.document import Document
from transcriber.editing.effects import Effects, perform, reapply, revert
from transcriber.editing.items import NoteItem, SegmentItem, Stamp, WordItem
from transcriber.editing.operations import SpeakerSource

#: Author of batches that apply the corrections of a workspace's vocabulary.
VOCABULARY = "vocabulary"


class BatchKind(StrEnum):
    """Kind of a batch. The first one of a transcript is the machine version.

    Batches of names follow profiles and suggestions. They have no author and no effects: earlier
    revisions are shown with the names of the newest one.
    """

    EDIT = "edit"
    UNDO = "undo"
    REDO = "redo"
    NAMES = "names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A batch without its effects. `target` is the revision undone or redone, 0 for edits.

    `imported` is the origin of the speakers if the batch put another text in place of all words.
    """

    revision: int
    author: str
    kind: BatchKind = BatchKind.EDIT
    target: int = 0
    imported: SpeakerSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    """Revisions of an author's edits that can be taken back and repeated, the next one last."""

    undo: tuple[int, ...] = ()
    redo: tuple[int, ...] = ()


def stacks(entries: Iterable[Entry], author: str) -> Stacks:
    """Return what an author can take back and repeat. A new edit ends what can be repeated."""
    undo: list[int] = []
    redo: list[int] = []
    for entry in entries:
        if entry.author != author:
            continue
        if entry.kind is BatchKind.EDIT:
            undo.append(entry.revision)
            redo.clear()
        elif entry.kind is BatchKind.UNDO:
            undo.remove(entry.target)
            redo.append(entry.target)
        else:
            redo.remove(entry.target)
            undo.append(entry.target)
    return Stacks(undo=tuple(undo), redo=tuple(redo))


def replay(document: Document, entry: Entry, effects: Effects) -> None:
    """Apply a batch to the revision before it. An undo or redo has its target's effects."""
    if entry.kind in {BatchKind.EDIT, BatchKind.NAMES}:
        perform(document, effects, entry.revision)
    elif entry.kind is BatchKind.UNDO:
        revert(document, effects, batch=entry.target, revision=entry.revision)
    else:
        reapply(document, effects, batch=entry.target, revision=entry.revision)


def unwind(document: Document, entry: Entry, effects: Effects) -> None:
    """Set the values from before a batch, for reading only. It must be the last one.

    The document may be a part of the transcript. Stamps keep the revision of the last change.
    """
    repeated = entry.kind is not BatchKind.UNDO
    for change in reversed(effects.changes):
        item = document.find(change.item)
        if item is not None:
            value = change.before if repeated else change.after
            origin = change.before_origin if repeated else change.after_origin
            item.set(change.register, value, Stamp(origin, item.stamp(change.register).changed))
    for made in effects.made():
        item = document.find(made.id)
        if isinstance(item, WordItem | SegmentItem | NoteItem):
            item.alive = made.alive and not repeated
