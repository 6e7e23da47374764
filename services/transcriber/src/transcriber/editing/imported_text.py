"""A text from elsewhere in place of all words of a transcript.

Words that the transcript has already keep their identifiers, so that revisions can be compared and
edits can be repeated on a new machine version.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from transcriber.editing import wording
from transcriber.editing.alignment import align, plain
from transcriber.editing.correspondence import heard_in
from transcriber.editing.document import Document
from transcriber.editing.items import (
    Edges,
    ItemId,
    PlacedItem,
    SegmentItem,
    Times,
    Wording,
    WordItem,
)
from transcriber.editing.journal import Journal
from transcriber.editing.version_comparison import increasing

#: A word may be this many seconds outside the passage that it is found in.
_NEAR = 0.5
#: Smaller differences of times, in seconds, are not worth a change.
_LEAST = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageWord:
    """A word of a passage. Its times are estimated unless it is `timed`."""

    wording: Wording
    times: Times
    timed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Words of one speaker from `start` to `end`, to become a segment."""

    label: str
    start: float
    end: float
    words: tuple[PassageWord, ...]
    language: str = ""
    channel: int = 0


def replace_text(journal: Journal, passages: Sequence[Passage]) -> list[list[ItemId]]:
    """Make passages, in order of their start, the whole text of a document.

    Return the identifiers of the words of each passage.
    """
    document = journal.document
    new = [_Segment.of(passage, journal.new_id) for passage in passages]
    found = _corresponding(document, new)
    placed = [segment.with_known(document, found) for segment in new]
    kept = set(found.values())
    _insert(journal, placed, kept)
    for segment in placed:
        for word in segment.words:
            if word.id in kept:
                _rewrite(journal, document.word(word.id), word)
    made = {segment.item.id for segment in placed} | {w.id for s in placed for w in s.words}
    journal.delete([item for item in document if item.alive and item.id not in made])
    return [[word.id for word in segment.words] for segment in placed]


def with_known_times(document: Document, passages: Sequence[Passage]) -> list[Passage]:
    """Return passages with the times that their words have in a document, as far as it has them."""
    numbers = itertools.count(1)
    new = [_Segment.of(passage, lambda: ItemId(-1, next(numbers))) for passage in passages]
    found = _corresponding(document, new)
    return [segment.with_known(document, found).timed() for segment in new]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    """A segment to make, and its words: new ones, and known ones as they shall be."""

    item: SegmentItem
    passage: Passage
    words: Sequence[WordItem]

    @classmethod
    def of(cls, passage: Passage, new_id: Callable[[], ItemId]) -> "_Segment":
        item = SegmentItem(
            id=new_id(),
            label=passage.label,
            edges=Edges(passage.start, passage.end),
            language=passage.language,
            channel=passage.channel,
        )
        words = [
            WordItem(id=new_id(), wording=word.wording, times=word.times) for word in passage.words
        ]
        return cls(item=item, passage=passage, words=words)

    def with_known(self, document: Document, known: dict[ItemId, ItemId]) -> "_Segment":
        """Return the segment with known words in place of new ones, and the times of all."""
        words: list[WordItem] = []
        for word, own in zip(self.words, self.passage.words, strict=True):
            before = document.word(known[word.id]) if word.id in known else None
            if before is None:
                words.append(word)
                continue
            times = own.times if own.timed else self._within(before.times)
            words.append(replace(word, id=before.id, times=times))
        if not all(own.timed for own in self.passage.words):
            words = list(self._spread(words, known))
        return replace(self, words=words)

    def timed(self) -> Passage:
        """Return the passage with the times of the words."""
        pairs = zip(self.passage.words, self.words, strict=True)
        words = tuple(replace(own, times=word.times) for own, word in pairs)
        return replace(self.passage, words=words)

    def _within(self, times: Times) -> Times:
        start, end = (min(max(moment, self.passage.start), self.passage.end) for moment in times)
        return Times(start, end)

    def _spread(self, words: Sequence[WordItem], known: dict[ItemId, ItemId]) -> Iterator[WordItem]:
        """Yield the words with the time between known ones divided among the others."""
        fixed = [
            own.timed or word.id in known
            for word, own in zip(self.words, self.passage.words, strict=True)
        ]
        place, begin = 0, self.passage.start
        while place < len(words):
            if fixed[place]:
                begin = max(begin, words[place].times.end)
                yield words[place]
                place += 1
                continue
            stop = next((n for n in range(place, len(words)) if fixed[n]), len(words))
            end = words[stop].times.start if stop < len(words) else self.passage.end
            texts = [word.wording.text for word in words[place:stop]]
            spans = wording.spread(Times(begin, max(begin, end)), texts)
            for word, times in zip(words[place:stop], spans, strict=True):
                yield replace(word, times=times)
            place = stop


def _corresponding(document: Document, new: Sequence[_Segment]) -> dict[ItemId, ItemId]:
    """Return the known words by the new ones with the same text. Both are in the same order."""
    old = [(channel, word) for channel, word in heard_in(document) if word.alive]
    heard = [(segment.item.channel, word) for segment in new for word in segment.words]
    texts = {word.id: plain(word.wording.text) for _, word in (*old, *heard)}
    times = {word.id: word.times for _, word in old}
    within = {word.id: segment.passage for segment in new for word in segment.words}
    pairs = {
        places[0]: item
        for item, places in align(old, heard).places.items()
        if len(places) == 1
        and texts[item] == texts[places[0]]
        and _is_near(times[item], within[places[0]])
    }
    order = {word.id: place for place, (_, word) in enumerate(old)}
    ordered = [word.id for _, word in heard if word.id in pairs]
    kept = increasing([order[pairs[item]] for item in ordered])
    return {ordered[place]: pairs[ordered[place]] for place in kept}


def _is_near(times: Times, passage: Passage) -> bool:
    return times.start < passage.end + _NEAR and times.end > passage.start - _NEAR


def _insert(journal: Journal, segments: Sequence[_Segment], kept: set[ItemId]) -> None:
    """Insert segments and new words, each behind the item before it."""
    before: PlacedItem | None = next(iter(journal.document), None)
    run: list[PlacedItem] = []
    for segment in segments:
        run.append(segment.item)
        for word in segment.words:
            if word.id not in kept:
                run.append(word)
                continue
            if run:
                journal.insert(before, run)
                run = []
            before = journal.document.word(word.id)
    if run:
        journal.insert(before, run)


def _rewrite(journal: Journal, word: WordItem, wanted: WordItem) -> None:
    """Give a known word the text and times of a passage, as far as they differ."""
    text, probability, spaced = wanted.wording
    if word.wording.text != text:
        journal.write(word, "wording", Wording(text, probability, spaced))
    elif None not in {spaced, word.wording.spaced} and spaced != word.wording.spaced:
        journal.write(word, "wording", word.wording._replace(spaced=spaced))
    moved = zip(word.times, wanted.times, strict=True)
    if any(abs(before - after) >= _LEAST for before, after in moved):
        journal.write(word, "times", wanted.times)
