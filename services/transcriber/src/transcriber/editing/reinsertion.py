"""Return of items of an earlier machine version, as part of a restoration."""

import bisect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from transcriber.editing.document import Document
from transcriber.editing.items import PlacedItem, SegmentItem, Stamp, WordItem
from transcriber.editing.journal import Journal


def reinsert(journal: Journal, target: Document, revision: int) -> None:
    """Insert the living items of an earlier revision missing from a document.

    Nothing is missing if both are of the same machine version.
    """
    document = journal.document
    living = [item for item in target if item.alive]
    if any(document.find(item.id) for item in living):
        _insert_behind(journal, living, revision)
    elif living:
        _insert_by_time(journal, target, revision)
    for note in target.notes:
        if note.alive and document.find(note.id) is None:
            stamps = dict.fromkeys(note.registers, Stamp(revision, revision))
            journal.add_note(replace(note, stamps=stamps))


def relabeled(document: Document, labels: Mapping[str, str]) -> Document:
    """Return a document with the speaker labels of a later machine version."""
    items: list[PlacedItem] = []
    for item in document:
        if isinstance(item, SegmentItem):
            items.append(replace(item, label=labels.get(item.label, item.label)))
        else:
            others = tuple(labels.get(label, label) for label in item.others)
            items.append(replace(item, others=others))
    speakers = [
        replace(
            speaker,
            id=labels.get(speaker.id, speaker.id),
            merged_into=labels.get(speaker.merged_into, speaker.merged_into),
        )
        for speaker in document.speakers
    ]
    return Document(items, speakers=speakers, notes=document.notes)


def _insert_behind(journal: Journal, living: Sequence[PlacedItem], revision: int) -> None:
    """Insert each item behind the one formerly before it."""
    before: PlacedItem | None = None
    for item in living:
        found = journal.document.find(item.id)
        if found is None:
            copy = _copy(item, revision)
            journal.insert(before, [copy])
            found = copy
        assert isinstance(found, WordItem | SegmentItem)
        before = found


def _insert_by_time(journal: Journal, target: Document, revision: int) -> None:
    """Insert segments between those of the later version, so that both are divided alike."""
    blocks = list(_blocks(journal.document))
    starts = list(itertools.accumulate((start for start, _ in blocks), max))
    number = 0
    before: PlacedItem | None = None
    for segment in target.segments():
        words = target.words(segment)
        if words and before is not None:
            later = bisect.bisect_left(starts, words[0].times.start)
            if later > number:
                number, before = later, blocks[later - 1][1]
        items: list[PlacedItem] = [segment, *words]
        copies = [_copy(item, revision) for item in items]
        journal.insert(before, copies)
        before = copies[-1]


def _blocks(document: Document) -> Iterator[tuple[float, PlacedItem]]:
    """Yield the start and the last item of each segment, removed ones included."""
    start = 0.0
    last: PlacedItem | None = None
    begun = False
    for item in document:
        if isinstance(item, SegmentItem):
            if last is not None:
                yield start, last
            begun = True
        elif begun:
            start, begun = item.times.start, False
        last = item
    if last is not None:
        yield start, last


def _copy(item: PlacedItem, revision: int) -> PlacedItem:
    """Return an item with registers from a revision."""
    stamps = dict.fromkeys(item.registers, Stamp(revision, revision))
    return replace(item, stamps=stamps)
