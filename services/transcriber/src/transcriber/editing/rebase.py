"""Repetition of all edits on a new machine version of the same recording."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from transcriber.editing.conflicts import Conflict, ConflictSearch
from transcriber.editing.correspondence import Correspondence, Labels, heard_in
from transcriber.editing.document import Document
from transcriber.editing.effects import Effects
from transcriber.editing.history import BatchKind, Entry, replay
from transcriber.editing.items import AnyId, ItemId, SegmentItem, WordItem
from transcriber.editing.journal import Journal
from transcriber.editing.segment_transfer import Before, SegmentTransfer
from transcriber.editing.speaker_transfer import SpeakerTransfer
from transcriber.editing.word_transfer import WordTransfer
from transcriber.imports.repetition import repeat_import

#: Batches in order. An undo or redo has the effects of its target.
Batches = Sequence[tuple[Entry, Effects]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedBatch:
    """A batch repeated as a new revision, and the repeated earlier revision."""

    entry: Entry
    effects: Effects
    source: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebased:
    """Batches on a new machine version, and conflicts. `labels` are the new ones by the earlier."""

    batches: Sequence[RepeatedBatch]
    conflicts: Sequence[Conflict]
    labels: dict[str, str]


def live_revisions(entries: Iterable[Entry]) -> frozenset[int]:
    """Return the revisions of edits not undone."""
    live: set[int] = set()
    for entry in entries:
        if entry.kind is BatchKind.EDIT:
            live.add(entry.revision)
        elif entry.kind is BatchKind.UNDO:
            live.discard(entry.target)
        elif entry.kind is BatchKind.REDO:
            live.add(entry.target)
    return frozenset(live)


def rebase(
    old: Document,
    batches: Batches,
    new: Document,
    *,
    machine_revision: int,
    labels: Labels,
    is_automatic: Callable[[Entry], bool] = lambda _: False,
) -> Rebased:
    """Repeat the edits that are not undone on a new machine version, which they change in place.

    `old` is the earlier machine version, without the batches. It is changed to the newest revision.
    `machine_revision` is the revision of the new version. Automatic edits are repeated only where
    people built on them.
    """
    live = live_revisions(entry for entry, _ in batches)
    wanted = _wanted([(e, effects) for e, effects in batches if e.revision in live], is_automatic)
    repetition = _Repetition(Correspondence(old, new), labels, machine_revision)
    repetition.add_restored(
        effects for entry, effects in batches if entry.revision in wanted and entry.imported is None
    )
    for entry, effects in batches:
        repeated = entry.kind is BatchKind.EDIT and entry.revision in wanted
        repetition.take(entry, effects, repeated=repeated)
    return repetition.result(wanted)


def _wanted(batches: Batches, is_automatic: Callable[[Entry], bool]) -> frozenset[int]:
    """Return the revisions of edits by people, and of automatic ones that they built on."""
    changed = {
        change.item
        for entry, effects in batches
        if not is_automatic(entry)
        for change in effects.changes
    }
    return frozenset(
        entry.revision
        for entry, effects in batches
        if not is_automatic(entry) or any(item.id in changed for item in effects.made())
    )


class _Repetition:
    """Repetition of batches one by one, while the earlier document follows."""

    def __init__(self, words: Correspondence, labels: Labels, revision: int) -> None:
        self._words = words
        self._labels = labels
        self._revision = revision
        self._notes: dict[ItemId, ItemId] = {}
        self._reported: list[tuple[int, AnyId, str]] = []
        self._batches: list[RepeatedBatch] = []
        self._imports: set[int] = set()

    def add_restored(self, effects: Iterable[Effects]) -> None:
        """Align recognized words of earlier machine versions brought back by restorations."""
        placed = [
            item
            for batch in effects
            for insertion in batch.insertions
            for item in insertion.items
            if isinstance(item, SegmentItem) or item.wording.probability is not None
        ]
        if any(isinstance(item, WordItem) for item in placed):
            self._words.add_recognized(list(heard_in(Document(_distinct(placed)))))

    def take(self, entry: Entry, effects: Effects, *, repeated: bool) -> None:
        """Apply a batch to the earlier document, and repeat it on the new one."""
        if not repeated:
            replay(self._words.old, entry, effects)
            return
        before = Before.of(self._words.old, effects)
        replay(self._words.old, entry, effects)
        journal = Journal(self._words.new, base=self._revision, revision=self._revision + 1)

        def report(item: AnyId, register: str) -> None:
            self._reported.append((entry.revision, item, register))

        if entry.imported is None:
            WordTransfer(journal, self._words, self._labels).transfer(effects)
            SegmentTransfer(journal, self._words, self._labels, report).transfer(effects, before)
        else:
            places = repeat_import(journal, self._words.old, self._labels, entry.imported)
            self._words.places.update(places)
            self._imports.add(entry.revision)
        SpeakerTransfer(journal, self._words, self._labels, self._notes, report).transfer(effects)
        made = journal.effects()
        if made:
            self._revision += 1
            again = Entry(revision=self._revision, author=entry.author, imported=entry.imported)
            self._batches.append(RepeatedBatch(entry=again, effects=made, source=entry.revision))

    def result(self, live: frozenset[int]) -> Rebased:
        """Return the batches, with the remaining conflicts."""
        for segment in self._words.old:
            if isinstance(segment, SegmentItem):
                self._labels.of(segment.label)
        # Comparing is for the differences between a whole text and the new version.
        search = ConflictSearch(self._words, live - self._imports)
        return Rebased(
            batches=self._batches,
            conflicts=[*search.of_words(), *search.of_marks(self._reported)],
            labels=self._labels.all(),
        )


def _distinct(items: Iterable[SegmentItem | WordItem]) -> list[SegmentItem | WordItem]:
    return list({item.id: item for item in items}.values())
