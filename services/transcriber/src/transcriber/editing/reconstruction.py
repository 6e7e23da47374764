"""Earlier revisions of parts of a transcript.

Two ways lead to a revision: taking back the later batches, newest first, or repeating the earlier
ones on the machine version. Both work on parts of a transcript. A part begins and ends with a
beginning of a segment in all revisions, and its items never leave it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transcriber.editing import encoding, history
from transcriber.editing.document import Document
from transcriber.editing.effects import Effects
from transcriber.editing.history import BatchKind, Entry
from transcriber.editing.items import ItemId, SpeakerItem

#: New times of words by the batch that measured them again, and by word.
Measured = Mapping[int, Mapping[ItemId, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """A batch with its effects as they are stored, decoded only when needed."""

    entry: Entry
    stored: Any

    def touched(self) -> Iterator[str]:
        """Yield the words and segments made or changed by the batch, and those before new ones."""
        for after, items in self.stored["insertions"]:
            if after is not None:
                yield after
            for item in items:
                yield item[1]
        for change in self.stored["changes"]:
            if not change[0].startswith("@"):
                yield change[0]
        yield from self.stored["divided"]

    def geometry(self) -> Iterator[str]:
        """Yield the items whose change may affect the times and the number of segments."""
        for after, items in self.stored["insertions"]:
            if after is not None:
                yield after
            for item in items:
                yield item[1]
        for item, register, before, _, after, _ in self.stored["changes"]:
            moved = register == "times" and before != after
            if moved or register in {"alive", "edges"}:
                yield item

    def changed(self) -> Iterator[str]:
        """Yield the words and segments made or changed by the batch."""
        for _, items in self.stored["insertions"]:
            for item in items:
                yield item[1]
        for change in self.stored["changes"]:
            if not change[0].startswith("@"):
                yield change[0]

    def origins(self) -> Iterator[tuple[str, str]]:
        """Yield the new words and segments, each with the one before it."""
        for after, items in self.stored["insertions"]:
            for item in items:
                if after is not None:
                    yield item[1], after

    def boundaries(self) -> Iterator[str]:
        """Yield the segments made or deleted by the batch, among other items."""
        for _, items in self.stored["insertions"]:
            for item in items:
                if item[0] == "s":
                    yield item[1]
        for change in self.stored["changes"]:
            if change[1] == "alive":
                yield change[0]

    @property
    def effects(self) -> Effects:
        """Decode the effects."""
        return encoding.effects_from_json(self.stored)


def parts(
    beginnings: Sequence[str], boundaries: Collection[str], wanted: Collection[int]
) -> list[range]:
    """Return the ranges of stored segments to load for some of them.

    `beginnings` identifies the stored segments in order. Those in `boundaries` did not always begin
    a segment, and the segment before them belongs to the same part.
    """
    found: list[range] = []
    first, needed = 0, False
    for place, beginning in enumerate(beginnings):
        if place and beginning not in boundaries:
            if needed:
                found.append(range(first, place))
            first, needed = place, False
        needed = needed or place in wanted
    if needed:
        found.append(range(first, len(beginnings)))
    return found


def take_back(
    document: Document,
    batches: Iterable[StoredBatch],
    measured: Measured,
    repeats: Mapping[int, Sequence[int]],
) -> None:
    """Take back batches in a part of a transcript, the newest first, for reading only.

    `measured` has the newly measured times of words by revision. `repeats` has the revisions of the
    repetitions of a batch.
    """
    known = {str(item.id) for item in (*document, *document.notes)}
    for batch in batches:
        if known.isdisjoint(batch.touched()) and not batch.stored["notes"]:
            continue
        effects = batch.effects
        if batch.entry.kind is BatchKind.UNDO:
            effects = _as_measured(effects, batch.entry, measured, repeats)
        history.unwind(document, batch.entry, effects)


def repeat(document: Document, batches: Iterable[StoredBatch]) -> None:
    """Repeat batches in a part of a transcript, the oldest first."""
    known = {str(item.id) for item in document}
    for batch in batches:
        if not known.isdisjoint(batch.touched()):
            effects = _restricted(document, batch.effects)
            known.update(str(item.id) for part in effects.insertions for item in part.items)
            history.replay(document, batch.entry, effects)


def take_back_speakers(speakers: Iterable[SpeakerItem], batches: Iterable[StoredBatch]) -> None:
    """Set the registers of speakers from before batches, given the newest first."""
    by_label = {speaker.id: speaker for speaker in speakers}
    for batch in batches:
        repeated = batch.entry.kind is not BatchKind.UNDO
        for change in reversed(batch.effects.changes):
            speaker = by_label.get(change.item) if isinstance(change.item, str) else None
            if speaker is not None:
                setattr(speaker, change.register, change.before if repeated else change.after)


def _restricted(document: Document, effects: Effects) -> Effects:
    """Leave out the effects on other parts of the transcript."""
    insertions = tuple(
        insertion
        for insertion in effects.insertions
        if insertion.after is None or document.find(insertion.after) is not None
    )
    made = {item.id for insertion in insertions for item in insertion.items}
    return replace(
        effects,
        insertions=insertions,
        changes=tuple(
            change
            for change in effects.changes
            if change.item in made or document.find(change.item) is not None
        ),
        divided=tuple(item for item in effects.divided if document.find(item) is not None),
    )


def _as_measured(
    effects: Effects, entry: Entry, measured: Measured, repeats: Mapping[int, Sequence[int]]
) -> Effects:
    """Return the effects of a batch as they were when it was undone.

    Times measured between the batch and its undo are not among its own effects.
    """
    made = max(
        (number for number in repeats.get(entry.target, ()) if number < entry.revision),
        default=entry.target,
    )
    times: dict[ItemId, Any] = {}
    for revision in sorted(measured):
        if made < revision < entry.revision:
            times.update(measured[revision])
    if not times:
        return effects
    return replace(
        effects,
        changes=tuple(
            replace(change, after=times[change.item])
            if change.register == "times" and change.item in times
            else change
            for change in effects.changes
        ),
    )
