"""Segments and words as readers see them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from transcriber.domain.transcripts import SHORTEST_SECONDS
from transcriber.editing import wording
from transcriber.editing.document import Document
from transcriber.editing.items import ItemId, SegmentItem, Times, WordItem


@dataclass(frozen=True, slots=True, kw_only=True)
class WordView:
    """A word. `probability` is None if a person wrote it.

    `speakers` has the labels of everybody who speaks during it, its speaker first. `written` is the
    revision in which a person wrote it, 0 otherwise.
    """

    id: ItemId
    text: str
    start: float
    end: float
    probability: float | None
    speakers: tuple[str, ...]
    written: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentView:
    """Consecutive words of one speaker. `label` is that of the speaker after merges."""

    id: ItemId
    label: str
    text: str
    start: float
    end: float
    confidence: float
    language: str
    channel: int
    reviewed: bool
    starred: bool
    words: tuple[WordView, ...]


def segments(document: Document) -> list[SegmentView]:
    """Return the segments with words, in order of their start."""
    views = [view_of(document, segment) for segment in document.segments()]
    return sorted((view for view in views if view is not None), key=lambda view: view.start)


def view_of(document: Document, segment: SegmentItem, *, merged: bool = True) -> SegmentView | None:
    """Return a living segment, None without words.

    Without `merged`, labels are those from before speakers were merged.
    """
    words = document.words(segment)
    if not words:
        return None
    start, end = _bounds(segment, words)

    def effective(label: str) -> str:
        return document.effective_speaker(label) if merged else label

    label = effective(segment.label)
    return SegmentView(
        id=segment.id,
        label=label,
        text=wording.text_of(words),
        start=start,
        end=end,
        confidence=_confidence(words),
        language=segment.language,
        channel=segment.channel,
        reviewed=segment.reviewed,
        starred=segment.starred,
        words=tuple(
            WordView(
                id=word.id,
                text=word.wording.text,
                start=times.start,
                end=times.end,
                probability=word.wording.probability,
                written=_written(word),
                speakers=tuple(dict.fromkeys((label, *map(effective, word.others)))),
            )
            for word, times in zip(words, _times(words, start, end), strict=True)
        ),
    )


def _bounds(segment: SegmentItem, words: list[WordItem]) -> tuple[float, float]:
    start, end = segment.edges
    start = words[0].times.start if start is None else start
    end = max(word.times.end for word in words) if end is None else end
    return start, max(start, end)


def _times(words: list[WordItem], start: float, end: float) -> Iterator[Times]:
    """Yield times that neither run backwards nor leave the segment."""
    earliest = start
    for word in words:
        earliest = min(max(earliest, word.times.start), end)
        yield Times(earliest, min(max(earliest, word.times.end), end))


def _written(word: WordItem) -> int:
    return word.stamp("wording").origin if word.wording.probability is None else 0


def _confidence(words: list[WordItem]) -> float:
    """Return the mean probability of recognized words weighted by length, 1.0 without any."""
    total = weights = 0.0
    for word in words:
        if word.wording.probability is not None:
            weight = max(SHORTEST_SECONDS, word.times.end - word.times.start)
            total += word.wording.probability * weight
            weights += weight
    return min(1.0, total / weights) if weights else 1.0
