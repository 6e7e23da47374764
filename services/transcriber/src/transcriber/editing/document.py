"""A transcript in memory: its items in order, and its speakers and notes."""

from collections.abc import Iterable, Iterator

from transcriber.editing.errors import InvalidEditError
from transcriber.editing.items import (
    AnyId,
    Item,
    ItemId,
    NoteItem,
    PlacedItem,
    SegmentItem,
    SpeakerItem,
    WordItem,
)


class Document:
    """Items of a whole transcript, or of some of its segments in order.

    Only removed items may be before the first living segment. Operations change a document in
    place. One in which an operation failed is of no further use.
    """

    def __init__(
        self,
        placed: Iterable[PlacedItem],
        *,
        speakers: Iterable[SpeakerItem] = (),
        notes: Iterable[NoteItem] = (),
    ) -> None:
        self._items: dict[AnyId, Item] = {}
        self._next: dict[ItemId | None, ItemId | None] = {None: None}
        self._previous: dict[ItemId | None, ItemId | None] = {None: None}
        for item in placed:
            self._link(self._previous[None], item)
        for other in (*speakers, *notes):
            self._items[other.id] = other

    def __iter__(self) -> Iterator[PlacedItem]:
        """Yield words and beginnings of segments in order, dead ones included."""
        return self.following(None)

    @property
    def speakers(self) -> list[SpeakerItem]:
        """Speakers with registers."""
        return [item for item in self._items.values() if isinstance(item, SpeakerItem)]

    @property
    def notes(self) -> list[NoteItem]:
        """Notes, deleted ones included."""
        return [item for item in self._items.values() if isinstance(item, NoteItem)]

    def any_item(self, item_id: AnyId) -> Item:
        """Return any item. The registers of speakers are made on first use.

        Raises:
            InvalidEditError: there is none.
        """
        if isinstance(item_id, str):
            return self.speaker(item_id)
        found = self._items.get(item_id)
        if found is None:
            raise InvalidEditError(f"The transcript has no item {item_id}.")
        return found

    def find(self, item_id: AnyId) -> Item | None:
        """Return any item, None if it is not loaded."""
        return self._items.get(item_id)

    def word(self, item_id: ItemId) -> WordItem:
        """Return a word.

        Raises:
            InvalidEditError: there is none.
        """
        item = self._items.get(item_id)
        if not isinstance(item, WordItem):
            raise InvalidEditError(f"The transcript has no word {item_id}.")
        return item

    def segment(self, item_id: ItemId) -> SegmentItem:
        """Return a segment.

        Raises:
            InvalidEditError: there is none.
        """
        item = self._items.get(item_id)
        if not isinstance(item, SegmentItem):
            raise InvalidEditError(f"The transcript has no segment {item_id}.")
        return item

    def note(self, item_id: ItemId) -> NoteItem:
        """Return a note.

        Raises:
            InvalidEditError: there is none.
        """
        item = self._items.get(item_id)
        if not isinstance(item, NoteItem):
            raise InvalidEditError(f"The transcript has no note {item_id}.")
        return item

    def speaker(self, label: str) -> SpeakerItem:
        """Return a speaker's registers, made on first use."""
        item = self._items.get(label)
        if item is None:
            item = self._items[label] = SpeakerItem(id=label)
        assert isinstance(item, SpeakerItem)
        return item

    def effective_speaker(self, label: str) -> str:
        """Return the label of the speaker behind a label after merges.

        Raises:
            InvalidEditError: the merges go in a circle.
        """
        passed = set()
        while isinstance(item := self._items.get(label), SpeakerItem) and item.merged_into:
            passed.add(label)
            label = item.merged_into
            if label in passed:
                raise InvalidEditError("Speakers cannot be merged in a circle.")
        return label

    def insert(self, after: ItemId | None, items: Iterable[PlacedItem]) -> None:
        """Insert items behind another one, or at the beginning if it is None."""
        for item in items:
            self._link(after, item)
            after = item.id

    def add_note(self, note: NoteItem) -> None:
        """Add a note."""
        self._items[note.id] = note

    def following(self, item_id: ItemId | None) -> Iterator[PlacedItem]:
        """Yield the items behind another one, or all if it is None."""
        while (item_id := self._next[item_id]) is not None:
            item = self._items[item_id]
            assert isinstance(item, WordItem | SegmentItem)
            yield item

    def preceding(self, item_id: ItemId) -> Iterator[PlacedItem]:
        """Yield the items before another one, the nearest first."""
        current = self._previous[item_id]
        while current is not None:
            item = self._items[current]
            assert isinstance(item, WordItem | SegmentItem)
            yield item
            current = self._previous[current]

    def run(self, first: ItemId, last: ItemId) -> list[PlacedItem]:
        """Return the items from one word to another.

        Raises:
            InvalidEditError: the last word is before the first one.
        """
        items: list[PlacedItem] = [self.word(first)]
        self.word(last)
        if first == last:
            return items
        for item in self.following(first):
            items.append(item)
            if item.id == last:
                return items
        raise InvalidEditError(f"Word {last} is not behind word {first}.")

    def segment_of(self, item_id: ItemId) -> SegmentItem:
        """Return the living segment of a word, dead or alive."""
        for item in self.preceding(item_id):
            if isinstance(item, SegmentItem) and item.alive:
                return item
        raise InvalidEditError(f"The segment of word {item_id} is not loaded.")

    def body(self, segment: SegmentItem) -> Iterator[PlacedItem]:
        """Yield the items of a living segment behind its beginning, dead ones included."""
        for item in self.following(segment.id):
            if isinstance(item, SegmentItem) and item.alive:
                return
            yield item

    def words(self, segment: SegmentItem) -> list[WordItem]:
        """Return the living words of a living segment."""
        return [item for item in self.body(segment) if isinstance(item, WordItem) and item.alive]

    def segments(self) -> list[SegmentItem]:
        """Return the living segments in order, empty ones included."""
        return [item for item in self if isinstance(item, SegmentItem) and item.alive]

    def _link(self, after: ItemId | None, item: PlacedItem) -> None:
        if item.id in self._items:
            raise ValueError(f"item {item.id} exists already")
        if after not in self._next:
            raise InvalidEditError(f"The transcript has no item {after}.")
        follower = self._next[after]
        self._items[item.id] = item
        self._next[after], self._previous[item.id] = item.id, after
        self._next[item.id], self._previous[follower] = follower, item.id
