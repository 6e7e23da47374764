"""Conflicts between edits of people and a new machine version."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from transcriber.editing import wording
from transcriber.editing.alignment import plain
from transcriber.editing.correspondence import Correspondence
from transcriber.editing.items import (
    AnyId,
    Item,
    ItemId,
    NoteItem,
    SegmentItem,
    SpeakerItem,
    Times,
    Wording,
    WordItem,
)


class ConflictKind(StrEnum):
    """Kind of a conflict: what a person changed.

    `review` asks for another review, since the words are others now.
    """

    WORDS = "words"
    REVIEW = "review"
    STAR = "star"
    EDGES = "edges"
    NOTE = "note"
    NAME = "name"
    SPEAKERS = "speakers"


_KINDS = {
    "reviewed": ConflictKind.REVIEW,
    "starred": ConflictKind.STAR,
    "edges": ConflictKind.EDGES,
    "text": ConflictKind.NOTE,
    "name": ConflictKind.NAME,
    "merged_into": ConflictKind.SPEAKERS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """An edit that a new machine version contradicts, or that has no place in it.

    `was` is the text of the earlier machine version, `mine` that of the person, and `machine` that
    of the new version. `source` is the revision of the edit. `placed` tells whether the person's
    text is in the transcript: as the words `written`. `heard` are the words of the new version in
    that place.
    """

    kind: ConflictKind
    source: int
    was: str = ""
    mine: str = ""
    machine: str = ""
    start: float = 0.0
    end: float = 0.0
    placed: bool = True
    written: tuple[ItemId, ...] = ()
    heard: tuple[ItemId, ...] = ()


class ConflictSearch:
    """Finds conflicts after all edits were repeated. `live` has the revisions of the edits."""

    def __init__(self, words: Correspondence, live: frozenset[int]) -> None:
        self._words = words
        self._old, self._new = words.old, words.new
        self._live = live

    def of_words(self) -> Iterator[Conflict]:
        """Yield the words that people changed and the new version has otherwise."""
        run: list[WordItem] = []
        for item in self._old:
            if isinstance(item, WordItem):
                if self._is_edited(item):
                    run.append(item)
                elif item.alive or item.id in self._words.said:
                    yield from self._judged(run)
                    run = []
            elif item.alive:
                yield from self._judged(run)
                run = []
        yield from self._judged(run)

    def of_marks(self, reported: Iterable[tuple[int, AnyId, str]]) -> Iterator[Conflict]:
        """Yield edits without a place, of those reported, as far as they still count."""
        for source, item_id, register in reported:
            item = self._old.find(item_id)
            if item is None or item.stamp(register).origin != source:
                continue
            if isinstance(item, NoteItem | SegmentItem) and not item.alive:
                continue
            yield self._mark(source, item, register)

    def _is_edited(self, word: WordItem) -> bool:
        if not any(word.stamp(name).origin in self._live for name in ("alive", "wording")):
            return False
        return word.id in self._words.said or (word.alive and word.wording.probability is None)

    def _judged(self, run: Sequence[WordItem]) -> Iterator[Conflict]:
        if not run:
            return
        own = [word for word in run if word.alive and word.wording.probability is None]
        lost = [word for word in own if not self._is_kept(word)]
        heard = self._heard(run, own)
        was = [self._words.said[word.id].text for word in run if word.id in self._words.said]
        mine = [word.wording.text for word in run if word.alive]
        machine = [self._words.heard[item_id][0].text for item_id in heard]
        agrees = _same(machine, was) or _same(machine, mine)
        if lost or not agrees:
            yield self._conflict(run, heard, placed=not lost)

    def _is_kept(self, word: WordItem) -> bool:
        return any(
            target.alive and target.wording.text == word.wording.text
            for target in self._words.targets(word.id)
        )

    def _heard(self, run: Sequence[WordItem], own: Sequence[WordItem]) -> list[ItemId]:
        """Return the words of the new version in the place of edited words."""
        order = self._words.order
        found = {
            target
            for word in run
            for target in self._words.alignment.places.get(word.id, ())
            if target in order
        }
        if found:
            numbers = sorted(order[item_id] for item_id in found)
            between = self._words.sequence[numbers[0] : numbers[-1] + 1]
            extra = self._words.alignment.extra
            return [item for item in between if item in found or item in extra]
        targets = [target for word in own for target in self._words.targets(word.id)]
        if not targets:
            return []
        around = [*self._extra_near(targets[0], back=True), *self._extra_near(targets[-1])]
        around += [word.id for word in targets if word.id in order]
        return sorted(set(around), key=order.__getitem__)

    def _extra_near(self, word: WordItem, *, back: bool = False) -> Iterator[ItemId]:
        """Yield words next to one, without earlier counterparts."""
        near = self._new.preceding(word.id) if back else self._new.following(word.id)
        for item in near:
            if isinstance(item, SegmentItem):
                if item.alive:
                    return
            elif item.id in self._words.alignment.extra:
                yield item.id
            elif item.id in self._words.order:
                return

    def _conflict(self, run: Sequence[WordItem], heard: list[ItemId], *, placed: bool) -> Conflict:
        said = [(word, self._words.said.get(word.id)) for word in run]
        written = dict.fromkeys(
            target.id for word in run if word.alive for target in self._words.living([word])
        )
        return Conflict(
            kind=ConflictKind.WORDS,
            source=max(self._source(word) for word in run),
            was=_text((word, text) for word, text in said if text is not None),
            mine=_text((word, word.wording) for word in run if word.alive),
            machine=_text(
                (self._new.word(item_id), self._words.heard[item_id][0]) for item_id in heard
            ),
            start=min(word.times.start for word in run),
            end=max(word.times.end for word in run),
            placed=placed,
            written=tuple(written),
            heard=tuple(heard),
        )

    def _source(self, word: WordItem) -> int:
        origins = [word.stamp(name).origin for name in ("alive", "wording")]
        return max((origin for origin in origins if origin in self._live), default=0)

    def _mark(self, source: int, item: Item, register: str) -> Conflict:
        times = self._times(item)
        return Conflict(
            kind=_KINDS[register],
            source=source,
            was=self._said(item),
            mine=_described(item, register),
            machine=self._machine(item),
            start=times.start,
            end=times.end,
            placed=False,
            written=tuple(word.id for word in self._words.living(self._body(item))),
        )

    def _body(self, item: Item) -> list[WordItem]:
        if isinstance(item, SegmentItem):
            return self._old.words(item)
        if isinstance(item, NoteItem):
            run = self._old.run(item.first, item.last)
            return [word for word in run if isinstance(word, WordItem)]
        return []

    def _said(self, item: Item) -> str:
        if isinstance(item, SpeakerItem):
            return item.id
        return wording.text_of(self._body(item))

    def _machine(self, item: Item) -> str:
        return wording.text_of(self._words.living(self._body(item)))

    def _times(self, item: Item) -> Times:
        words = self._body(item)
        if not words:
            return Times(0.0, 0.0)
        return Times(words[0].times.start, max(word.times.end for word in words))


def _same(one: Sequence[str], other: Sequence[str]) -> bool:
    return list(map(plain, one)) == list(map(plain, other))


def _text(words: Iterable[tuple[WordItem, Wording]]) -> str:
    return wording.text_of(
        [WordItem(id=word.id, wording=text, times=word.times) for word, text in words]
    )


def _described(item: Item, register: str) -> str:
    """Return the value of a register for people."""
    value = getattr(item, register)
    if register == "edges":
        return "–".join("" if edge is None else f"{edge:.3f}" for edge in value)
    if register == "name":
        return str(value.name)
    return value if isinstance(value, str) else ""
