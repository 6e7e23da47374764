"""Repetition of edits of words on a new machine version."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from transcriber.editing.alignment import plain
from transcriber.editing.correspondence import Correspondence, Labels
from transcriber.editing.effects import Change, Effects
from transcriber.editing.items import ItemId, PlacedItem, SegmentItem, Times, Wording, WordItem
from transcriber.editing.journal import Journal


class WordTransfer:
    """Repeats the effects of one batch on words.

    The earlier document has the batch already. `transfer` returns nothing: words that have no place
    in the new version are not in `places`.
    """

    def __init__(self, journal: Journal, words: Correspondence, labels: Labels) -> None:
        self._journal = journal
        self._words = words
        self._labels = labels

    def transfer(self, effects: Effects) -> None:
        """Repeat insertions and changes of words."""
        for insertion in effects.insertions:
            for run in _runs(insertion.items):
                self._insert([self._words.old.word(word.id) for word in run])
        for item_id, changes in _by_item(effects.changes).items():
            item = self._words.old.find(item_id)
            if isinstance(item, WordItem):
                self._change(item, changes)

    def _insert(self, run: Sequence[WordItem]) -> None:
        recognized = [word for word in run if word.id in self._words.places]
        for word in recognized:
            self._revive(self._words.targets(word.id))
        written = [word for word in run if word.id not in self._words.places]
        if not written or self._said_already(written):
            return
        self._write(written)

    def _said_already(self, written: Sequence[WordItem]) -> bool:
        """Take the words that the new version has in this place for the written ones if equal."""
        anchor = self._words.anchor(written[0])
        if anchor is None:
            return False
        found: list[WordItem] = []
        for item in self._words.new.following(anchor.id):
            extra = item.id in self._words.alignment.extra
            if len(found) == len(written) or not isinstance(item, WordItem) or not extra:
                break
            found.append(item)
        texts = [word.wording.text for word in written]
        if [word.wording.text for word in found] != texts or not all(w.alive for w in found):
            return False
        self._words.places.update(
            {word.id: (other.id,) for word, other in zip(written, found, strict=True)}
        )
        return True

    def _write(self, written: Sequence[WordItem]) -> None:
        anchor = self._words.anchor(written[0])
        if anchor is None:
            return
        items = [
            WordItem(
                id=self._journal.new_id(),
                wording=Wording(word.wording.text, None, word.wording.spaced),
                times=self._fitting(anchor, word.times),
                others=tuple(map(self._labels.of, word.others)),
            )
            for word in written
        ]
        self._journal.insert(anchor, items)
        self._words.places.update(
            {word.id: (item.id,) for word, item in zip(written, items, strict=True)}
        )

    def _fitting(self, anchor: PlacedItem, times: Times) -> Times:
        """Return times that are neither before the word before nor behind the one after."""
        start, end = times
        if isinstance(anchor, WordItem):
            start = max(start, anchor.times.start)
        for item in self._words.new.following(anchor.id):
            if isinstance(item, SegmentItem) and item.alive:
                break
            if isinstance(item, WordItem) and item.alive:
                start, end = min(start, item.times.start), min(end, item.times.start)
                break
        return Times(start, max(start, end))

    def _change(self, item: WordItem, changes: Mapping[str, Change]) -> None:
        targets = self._words.targets(item.id)
        alive, wording, times = (changes.get(name) for name in ("alive", "wording", "times"))
        if alive is not None and not alive.after:
            self._journal.delete(word for word in targets if word.alive)
            return
        if alive is not None:
            self._revive(targets)
        if wording is not None:
            if wording.after == self._words.said.get(item.id):
                self._reset(targets)
            elif targets:
                self._rewrite(targets, wording.after)
            else:
                self._write([replace(item, wording=wording.after)])
        if times is not None and targets and times.after != times.before:
            self._measure(targets[0], times)

    def _rewrite(self, targets: Sequence[WordItem], wording: Wording) -> None:
        first, *rest = targets
        self._revive([first])
        if first.wording.text != wording.text:
            written = Wording(wording.text, None, wording.spaced)
            self._journal.write(first, "wording", written)
            self._journal.write(first, "times", first.times)
        self._journal.delete(word for word in rest if word.alive)

    def _measure(self, target: WordItem, change: Change) -> None:
        """Repeat measured times, and those belonging to a wording as part of it."""
        if target.wording.probability is not None:
            return
        if change.after_origin == change.before_origin:
            self._journal.refine(target, "times", change.after)
        else:
            self._journal.write(target, "times", change.after)

    def _revive(self, words: Iterable[WordItem]) -> None:
        for word in words:
            if not word.alive:
                self._journal.write(word, "alive", True)

    def _reset(self, targets: Sequence[WordItem]) -> None:
        """Return words to the wording of the new version."""
        self._revive(targets)
        for word in targets:
            if word.id in self._words.heard:
                wording, times = self._words.heard[word.id]
                for register, value in (("wording", wording), ("times", times)):
                    if getattr(word, register) != value:
                        self._journal.write(word, register, value)


def same_text(one: str, other: str) -> bool:
    """Return whether texts differ in case and punctuation only."""
    return [plain(word) for word in one.split()] == [plain(word) for word in other.split()]


def _runs(items: Sequence[PlacedItem]) -> list[list[WordItem]]:
    """Return the living words between beginnings of segments."""
    runs: list[list[WordItem]] = [[]]
    for item in items:
        if isinstance(item, SegmentItem):
            runs.append([])
        elif item.alive:
            runs[-1].append(item)
    return [run for run in runs if run]


def _by_item(changes: Iterable[Change]) -> dict[ItemId, dict[str, Change]]:
    found: dict[ItemId, dict[str, Change]] = {}
    for change in changes:
        if isinstance(change.item, ItemId):
            found.setdefault(change.item, {})[change.register] = change
    return found
