"""Reads and writes of one batch, checked against changes since the author's revision."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from transcriber.editing.document import Document
from transcriber.editing.effects import Change, Effects, Insertion
from transcriber.editing.errors import Collision, EditConflictError, InvalidEditError
from transcriber.editing.items import (
    AnyId,
    Item,
    ItemId,
    NoteItem,
    PlacedItem,
    SegmentItem,
    Stamp,
    WordItem,
)


class Journal:
    """The only access to a document while a batch is executed.

    `base` is the revision that the author saw, `revision` the new one. All methods that look at an
    item raise EditConflictError if it has changed in between, and InvalidEditError if there is no
    such item or it is deleted.
    """

    def __init__(self, document: Document, *, base: int, revision: int) -> None:
        self.document = document
        self._base = base
        self._revision = revision
        self._numbers = 0
        self._insertions: list[tuple[ItemId | None, Sequence[PlacedItem]]] = []
        self._notes: list[NoteItem] = []
        self._before: dict[tuple[AnyId, str], tuple[Any, int]] = {}
        self._divided: dict[ItemId, None] = {}

    def effects(self) -> Effects:
        """Return the effects of all writes."""
        return Effects(
            insertions=tuple(
                Insertion(after=after, items=tuple(item.copy() for item in items))
                for after, items in self._insertions
            ),
            notes=tuple(note.copy() for note in self._notes),
            changes=tuple(self._changes()),
            divided=tuple(self._divided),
        )

    def word(self, item_id: ItemId) -> WordItem:
        """Return a living word."""
        word = self.document.word(item_id)
        self.require_alive(word)
        return word

    def segment(self, item_id: ItemId) -> SegmentItem:
        """Return a living segment."""
        segment = self.document.segment(item_id)
        self.require_alive(segment)
        return segment

    def words(self, first: ItemId, last: ItemId) -> list[WordItem]:
        """Return the living words of one segment from one word to another."""
        self.word(first)
        self.word(last)
        words = []
        for item in self.document.run(first, last):
            self.read(item, "alive", or_made=True)
            if isinstance(item, SegmentItem):
                if item.alive:
                    raise InvalidEditError("The words are not all in one segment.")
            elif item.alive:
                self.read(item, "wording")
                words.append(item)
        return words

    def require_alive(self, item: WordItem | SegmentItem | NoteItem) -> None:
        """Raise if an item is deleted."""
        self.read(item, "alive")
        if not item.alive:
            raise InvalidEditError(f"Item {item.id} is deleted.")

    def read(self, item: Item, *registers: str, or_made: bool = False) -> None:
        """Make registers part of what must not have changed since the base revision.

        With `or_made`, the author must have seen the item as well.
        """
        collisions = [
            Collision(item=item.id, register=register, revision=stamp.changed)
            for register in registers
            for stamp in [item.stamp(register)]
            if self._base < stamp.changed < self._revision and (or_made or stamp != item.made)
        ]
        if collisions:
            raise EditConflictError(collisions)

    def write(self, item: Item, register: str, value: Any) -> None:
        """Change a register."""
        self.read(item, register)
        if self._is_new(item):
            setattr(item, register, value)
            return
        self._remember(item, register)
        item.set(register, value, Stamp(self._revision, self._revision))

    def refine(self, item: Item, register: str, value: Any) -> None:
        """Change a register on behalf of the batch that its value comes from."""
        if self._is_new(item):
            setattr(item, register, value)
            return
        self._remember(item, register)
        item.set(register, value, Stamp(item.stamp(register).origin, self._revision))

    def delete(self, items: Iterable[WordItem | SegmentItem]) -> None:
        """Delete items."""
        for item in items:
            self.write(item, "alive", False)

    def insert(self, after: PlacedItem | None, items: Sequence[PlacedItem]) -> None:
        """Insert new items behind another one, or at the beginning if it is None."""
        place = None if after is None else after.id
        self.document.insert(place, items)
        self._insertions.append((place, items))

    def add_note(self, note: NoteItem) -> None:
        """Add a new note."""
        self.document.add_note(note)
        self._notes.append(note)

    def divide(self, segment: SegmentItem) -> None:
        """Mark the words of a segment as divided again."""
        segment.touch("extent", self._revision)
        self._divided[segment.id] = None

    def new_id(self) -> ItemId:
        """Return the identifier of a new item."""
        self._numbers += 1
        return ItemId(self._revision, self._numbers)

    def _is_new(self, item: Item) -> bool:
        return isinstance(item.id, ItemId) and item.id.revision == self._revision

    def _remember(self, item: Item, register: str) -> None:
        origin = item.stamp(register).origin
        self._before.setdefault((item.id, register), (getattr(item, register), origin))

    def _changes(self) -> Iterator[Change]:
        for (item_id, register), (before, origin) in self._before.items():
            item = self.document.any_item(item_id)
            after = getattr(item, register)
            yield Change(
                item=item_id,
                register=register,
                before=before,
                before_origin=origin,
                after=after,
                after_origin=item.stamp(register).origin,
            )
