"""Items of an earlier transcript and their counterparts in one made from a new machine version."""

import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from transcriber.editing.alignment import Heard, align
from transcriber.editing.document import Document
from transcriber.editing.items import ItemId, PlacedItem, SegmentItem, WordItem

#: A word without neighbors may be this many seconds outside the segment that it is placed in.
_NEAR = 1.0
_LABEL = "Speaker_{}"


class Labels:
    """Labels of an earlier transcript by those of the new one.

    `matched` has the labels of the same voices. Other labels get one that is not `taken` as soon as
    they are needed.
    """

    def __init__(self, matched: Mapping[str, str], taken: Iterable[str]) -> None:
        self._mapping = dict(matched)
        self.known = set(taken)

    def find(self, label: str) -> str | None:
        """Return the new label, None if nobody has been given it."""
        return self._mapping.get(label)

    def of(self, label: str) -> str:
        """Return the new label, made if necessary."""
        if label not in self._mapping:
            self._mapping[label] = self._free()
        return self._mapping[label]

    def adopt(self, matched: Mapping[str, str]) -> None:
        """Give earlier labels without a new one those matched to them, unless others have these."""
        for label, new in matched.items():
            if label not in self._mapping and new not in self._mapping.values():
                self._mapping[label] = new
                self.known.add(new)

    def all(self) -> dict[str, str]:
        """Return the new labels by the earlier ones."""
        return dict(self._mapping)

    def _free(self) -> str:
        number = len(self.known) + 1
        while (label := _LABEL.format(number)) in self.known:
            number += 1
        self.known.add(label)
        return label


class Correspondence:
    """An earlier transcript, a new one, and the new words in the place of each earlier one.

    `old` starts as the earlier machine version, and `new` as the new one.
    """

    def __init__(self, old: Document, new: Document) -> None:
        self.old = old
        self.new = new
        heard = list(heard_in(new))
        self.alignment = align(list(heard_in(old)), heard)
        self.places: dict[ItemId, tuple[ItemId, ...]] = dict(self.alignment.places)
        self.said = {word.id: word.wording for _, word in heard_in(old)}
        self.heard = {word.id: (word.wording, word.times) for _, word in heard}
        self.order = {word.id: number for number, (_, word) in enumerate(heard)}
        self.sequence = [word.id for _, word in heard]
        self._words = heard
        self._by_time: dict[int, list[tuple[float, ItemId]]] = defaultdict(list)
        for channel, word in heard:
            self._by_time[channel].append((word.times.start, word.id))
        for own in self._by_time.values():
            own.sort()

    def add_recognized(self, words: Heard) -> None:
        """Align words of a still earlier machine version brought back by a restoration."""
        self.places.update(align(words, self._words).places)

    def targets(self, item_id: ItemId) -> list[WordItem]:
        """Return the words in the place of an earlier word, dead ones included."""
        return [self.new.word(target) for target in self.places.get(item_id, ())]

    def living(self, words: Iterable[WordItem]) -> list[WordItem]:
        """Return the living words in the places of living earlier words."""
        return [
            target
            for word in words
            if word.alive
            for target in self.targets(word.id)
            if target.alive
        ]

    def first(self, words: Iterable[WordItem]) -> WordItem | None:
        """Return the first living word in the place of earlier words."""
        return next((word for item in words for word in self.living([item])), None)

    def anchor(self, item: WordItem) -> PlacedItem | None:
        """Return the new item behind which an earlier word belongs, None if there is no place."""
        for other in self.old.preceding(item.id):
            if isinstance(other, SegmentItem):
                if other.alive:
                    break
            elif self.places.get(other.id):
                return self.new.word(self.places[other.id][-1])
        for other in self.old.following(item.id):
            if isinstance(other, SegmentItem):
                if other.alive:
                    break
            elif self.places.get(other.id):
                return next(self.new.preceding(self.places[other.id][0]))
        return self._at_time(item)

    def _at_time(self, item: WordItem) -> PlacedItem | None:
        """Return the place of a word in the segment spoken at its time, or nearly so."""
        channel = self.old.segment_of(item.id).channel
        words = self._by_time.get(channel, [])
        if not words and len(self._by_time) == 1:
            words = next(iter(self._by_time.values()))
        start = item.times.start
        place = bisect.bisect_right(words, start, key=lambda pair: pair[0])
        if place > 0:
            found = self.new.word(words[place - 1][1])
            segment = self.new.segment_of(found.id)
            ends = [w.times.end for w in self.new.body(segment) if isinstance(w, WordItem)]
            if start <= max(ends) + _NEAR:
                return found
        if place < len(words) and words[place][0] <= item.times.end + _NEAR:
            return next(self.new.preceding(words[place][1]))
        return None


def heard_in(document: Document) -> Iterator[tuple[int, WordItem]]:
    """Yield all words in order with the channels of their segments."""
    channel = 0
    for item in document:
        if isinstance(item, SegmentItem):
            channel = item.channel if item.alive else channel
        else:
            yield channel, item
