"""Repetition of edits of segments on a new machine version."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from transcriber.editing import operations as ops
from transcriber.editing.alignment import plain
from transcriber.editing.correspondence import Correspondence, Labels
from transcriber.editing.document import Document
from transcriber.editing.effects import Change, Effects
from transcriber.editing.errors import InvalidEditError
from transcriber.editing.items import (
    AnyId,
    Edges,
    ItemId,
    SegmentItem,
    WordItem,
)
from transcriber.editing.journal import Journal
from transcriber.editing.segment_edits import SegmentEdits, SpeakerEdits


class _Look(NamedTuple):
    """Registers of the segment containing words."""

    label: str
    reviewed: bool
    starred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The earlier document as it was before a batch.

    `looks` are those of the segments that the batch makes, taken from the ones they are divided
    from. `bodies` are the living words of the segments that the batch removes.
    """

    looks: Mapping[ItemId, _Look]
    bodies: Mapping[ItemId, tuple[_Look, list[WordItem]]]

    @classmethod
    def of(cls, old: Document, effects: Effects) -> "Before":
        """Look at a document before the batch is applied to it."""
        looks: dict[ItemId, _Look] = {}
        inside: dict[ItemId, _Look] = {}
        for insertion in effects.insertions:
            look = inside.get(insertion.after) if insertion.after else None
            if look is None and insertion.after is not None and old.find(insertion.after):
                look = _look_at(old, insertion.after)
            for item in insertion.items:
                if look is not None:
                    inside[item.id] = look
                    looks[item.id] = look
        removed = [
            old.segment(change.item)
            for change in effects.changes
            if change.register == "alive"
            and not change.after
            and isinstance(change.item, ItemId)
            and isinstance(old.find(change.item), SegmentItem)
        ]
        return cls(
            looks=looks,
            bodies={
                segment.id: (_look(segment), old.words(segment))
                for segment in removed
                if segment.alive
            },
        )


#: Reports an edit that has no place, with the register that it changed.
Report = Callable[[AnyId, str], None]


class SegmentTransfer:
    """Repeats the effects of one batch on segments.

    The earlier document has the batch already, and the new one its words.
    """

    def __init__(
        self, journal: Journal, words: Correspondence, labels: Labels, report: Report
    ) -> None:
        self._journal = journal
        self._words = words
        self._old, self._new = words.old, words.new
        self._labels = labels
        self._report = report

    def transfer(self, effects: Effects, before: Before) -> None:
        """Repeat borders, speakers, edges and marks of segments."""
        made = [
            self._old.segment(item.id)
            for insertion in effects.insertions
            for item in insertion.items
            if isinstance(item, SegmentItem)
        ]
        changes = [
            (item, change)
            for change in effects.changes
            if isinstance(change.item, ItemId)
            and isinstance(item := self._old.find(change.item), SegmentItem)
        ]
        for item, change in changes:
            if change.register == "alive" and not change.after:
                self._merge(item)
        returned = [item for item, change in changes if change.register == "alive" and change.after]
        for segment in (*made, *returned):
            if segment.alive:
                self._split(segment)
        self._give(made, changes, before)
        for item, change in changes:
            if item.alive and change.register == "edges":
                self._move(item, change)
        self._mark(made, changes, before)

    def _split(self, segment: SegmentItem) -> None:
        word = self._words.first(self._old.words(segment))
        if word is None:
            return
        words = self._new.words(self._new.segment_of(word.id))
        if words[0] is not word:
            self._edits().split(ops.SplitSegment(word=word.id))

    def _merge(self, removed: SegmentItem) -> None:
        behind = self._words.first(_words_behind(self._old, removed))
        earlier = next(
            (
                found[-1]
                for item in self._old.preceding(removed.id)
                if isinstance(item, WordItem) and (found := self._words.living([item]))
            ),
            None,
        )
        if behind is None or earlier is None:
            return
        first, second = self._new.segment_of(earlier.id), self._new.segment_of(behind.id)
        if first is not second:
            # They may not be neighbors in the new version.
            with contextlib.suppress(InvalidEditError):
                self._edits().merge(ops.MergeSegments(first=first.id, second=second.id))

    def _give(
        self,
        made: Iterable[SegmentItem],
        changes: Iterable[tuple[SegmentItem, Change]],
        before: Before,
    ) -> None:
        """Give words to the speakers who got them."""
        for segment in made:
            look = before.looks.get(segment.id)
            if segment.alive and (look is None or look.label != segment.label):
                self._relabel(self._old.words(segment), segment.label)
        for segment, change in changes:
            if segment.alive and change.register == "label":
                self._relabel(self._old.words(segment), segment.label)
        for look, words in before.bodies.values():
            living = [word for word in words if word.alive]
            if living:
                label = self._old.segment_of(living[0].id).label
                if label != look.label:
                    self._relabel(living, label)

    def _relabel(self, words: list[WordItem], label: str) -> None:
        wanted = {word.id for word in self._words.living(words)}
        if not wanted:
            return
        label = self._labels.of(label)
        segments = dict.fromkeys(self._new.segment_of(item_id).id for item_id in wanted)
        for segment_id in segments:
            segment = self._new.segment(segment_id)
            if segment.label != label:
                for first, last in list(self._runs(segment, wanted)):
                    self._edits().set_speaker(ops.SetSpeaker(first=first, last=last, speaker=label))

    def _runs(self, segment: SegmentItem, wanted: set[ItemId]) -> Iterator[tuple[ItemId, ItemId]]:
        """Yield the first and last of consecutive wanted words, with extra words between them."""
        first = last = None
        for word in self._new.words(segment):
            if word.id in wanted:
                first, last = first or word.id, word.id
            elif first and last and word.id not in self._words.alignment.extra:
                yield first, last
                first = last = None
        if first and last:
            yield first, last

    def _move(self, segment: SegmentItem, change: Change) -> None:
        words = self._words.living(self._old.words(segment))
        before, after = change.before, change.after
        if not words:
            self._report(segment.id, "edges")
            return
        first = self._new.segment_of(words[0].id)
        last = self._new.segment_of(words[-1].id)
        if before.start != after.start:
            fits = self._new.words(first)[0] is words[0]
            self._set_edges(segment, first, Edges(after.start, first.edges.end), fits=fits)
        if before.end != after.end:
            fits = self._new.words(last)[-1] is words[-1]
            self._set_edges(segment, last, Edges(last.edges.start, after.end), fits=fits)

    def _set_edges(
        self, old: SegmentItem, segment: SegmentItem, edges: Edges, *, fits: bool
    ) -> None:
        if segment.edges == edges:
            return
        words = self._new.words(segment)
        start = words[0].times.start if edges.start is None else edges.start
        end = max(word.times.end for word in words) if edges.end is None else edges.end
        if fits and start < end:
            self._journal.write(segment, "edges", edges)
        elif edges.start is not None or edges.end is not None:
            self._report(old.id, "edges")

    def _mark(
        self,
        made: Iterable[SegmentItem],
        changes: Iterable[tuple[SegmentItem, Change]],
        before: Before,
    ) -> None:
        for segment, change in changes:
            if segment.alive and change.register in {"reviewed", "starred"}:
                self._set_mark(segment, change.register)
        for segment in made:
            look = before.looks.get(segment.id, _Look("", reviewed=False, starred=False))
            for register in ("reviewed", "starred"):
                if segment.alive and getattr(segment, register) != getattr(look, register):
                    self._set_mark(segment, register)

    def _set_mark(self, segment: SegmentItem, register: str) -> None:
        value = getattr(segment, register)
        words = self._old.words(segment)
        found = self._words.living(words)
        segments = dict.fromkeys(self._new.segment_of(word.id).id for word in found)
        if register == "starred":
            targets = list(segments)[:1]
        elif value and not self._says_the_same(words, list(segments)):
            targets = []
        else:
            targets = list(segments)
        for target in targets:
            if getattr(self._new.segment(target), register) != value:
                self._journal.write(self._new.segment(target), register, value)
        if value and not targets:
            self._report(segment.id, register)

    def _says_the_same(self, words: list[WordItem], segments: list[ItemId]) -> bool:
        said = [word for item in segments for word in self._new.words(self._new.segment(item))]
        return [plain(word.wording.text) for word in words] == [
            plain(word.wording.text) for word in said
        ]

    def _edits(self) -> SegmentEdits:
        return SegmentEdits(self._journal, SpeakerEdits(self._journal, self._labels.known))


def _look_at(old: Document, item_id: ItemId) -> _Look | None:
    item = old.find(item_id)
    if isinstance(item, SegmentItem) and item.alive:
        return _look(item)
    if isinstance(item, WordItem | SegmentItem):
        return _look(old.segment_of(item_id))
    return None


def _look(segment: SegmentItem) -> _Look:
    return _Look(segment.label, segment.reviewed, segment.starred)


def _words_behind(old: Document, segment: SegmentItem) -> list[WordItem]:
    """Return the living words from a removed beginning to the next living one."""
    found = []
    for item in old.following(segment.id):
        if isinstance(item, SegmentItem) and item.alive:
            break
        if isinstance(item, WordItem) and item.alive:
            found.append(item)
    return found
