"""Effects of a batch of operations on the registers of a transcript.

A batch is kept with its effects. They are enough to repeat it, to take it back, and to find out
whether somebody has built on it since.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from transcriber.editing.document import Document
from transcriber.editing.errors import BuiltUponError, Collision
from transcriber.editing.items import (
    AnyId,
    ItemId,
    NoteItem,
    PlacedItem,
    Stamp,
)

#: Origin of what does not exist: inserted items whose batch is undone.
_NOWHERE = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """Items inserted behind another one, or at the beginning if `after` is None."""

    after: ItemId | None
    items: tuple[PlacedItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Change of one register, with the origins of both values."""

    item: AnyId
    register: str
    before: Any
    before_origin: int
    after: Any
    after_origin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """All effects of a batch. `divided` are the segments whose words were divided again."""

    insertions: tuple[Insertion, ...] = ()
    notes: tuple[NoteItem, ...] = ()
    changes: tuple[Change, ...] = ()
    divided: tuple[ItemId, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.insertions or self.notes or self.changes)

    def made(self) -> Iterator[PlacedItem | NoteItem]:
        """Yield the items made by the batch."""
        for insertion in self.insertions:
            yield from insertion.items
        yield from self.notes

    def places(self) -> Iterator[ItemId]:
        """Yield the words and segments needed to apply the effects."""
        for insertion in self.insertions:
            if insertion.after is not None:
                yield insertion.after
        for change in self.changes:
            if isinstance(change.item, ItemId):
                yield change.item
        yield from self.divided


def perform(document: Document, effects: Effects, revision: int) -> None:
    """Apply the effects of a batch to the revision before it."""
    for insertion in effects.insertions:
        document.insert(insertion.after, (item.copy() for item in insertion.items))
    for note in effects.notes:
        document.add_note(note.copy())
    for change in effects.changes:
        stamp = Stamp(change.after_origin, revision)
        document.any_item(change.item).set(change.register, change.after, stamp)
    _touch(document, effects.divided, revision)


def revert(document: Document, effects: Effects, *, batch: int, revision: int) -> None:
    """Take back the effects of a batch in a later revision.

    Raises:
        BuiltUponError: a register has changed since, or an inserted item is used by others.
        InvalidEditError: the result would make no sense.
    """
    made = [document.any_item(item.id) for item in effects.made()]
    _refuse(
        [
            *(
                Collision(item=item.id, register=register, revision=item.stamp(register).changed)
                for item in made
                for register in item.registers
                if item.stamp(register).origin != batch
            ),
            *_collisions(document, effects.changes, lambda change: change.after_origin),
        ]
    )
    for change in reversed(effects.changes):
        stamp = Stamp(change.before_origin, revision)
        document.any_item(change.item).set(change.register, change.before, stamp)
    for item in made:
        item.set("alive", False, Stamp(_NOWHERE, revision))
    _touch(document, effects.divided, revision)
    _check(document, effects)


def reapply(document: Document, effects: Effects, *, batch: int, revision: int) -> None:
    """Repeat the effects of an undone batch in a later revision.

    Raises:
        BuiltUponError: a register has changed since the undo.
        InvalidEditError: the result would make no sense.
    """
    made = list(effects.made())
    _refuse(
        [
            *(
                Collision(item=item.id, register="alive", revision=found.stamp("alive").changed)
                for item in made
                if (found := document.any_item(item.id)).stamp("alive").origin != _NOWHERE
            ),
            *_collisions(document, effects.changes, lambda change: change.before_origin),
        ]
    )
    for item in made:
        document.any_item(item.id).set("alive", item.alive, Stamp(batch, revision))
    for change in effects.changes:
        stamp = Stamp(change.after_origin, revision)
        document.any_item(change.item).set(change.register, change.after, stamp)
    _touch(document, effects.divided, revision)
    _check(document, effects)


def _collisions(
    document: Document, changes: Iterable[Change], origin: Callable[[Change], int]
) -> Iterator[Collision]:
    for change in changes:
        stamp = document.any_item(change.item).stamp(change.register)
        if stamp.origin != origin(change):
            yield Collision(item=change.item, register=change.register, revision=stamp.changed)


def _touch(document: Document, divided: Iterable[ItemId], revision: int) -> None:
    for item_id in divided:
        document.any_item(item_id).touch("extent", revision)


def _refuse(collisions: list[Collision]) -> None:
    if collisions:
        raise BuiltUponError(collisions)


def _check(document: Document, effects: Effects) -> None:
    for change in effects.changes:
        if change.register == "merged_into":
            assert isinstance(change.item, str)
            document.effective_speaker(change.item)
