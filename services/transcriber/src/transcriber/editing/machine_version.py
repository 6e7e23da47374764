"""Items of a transcript as the recognizer and the diarizer made it."""

import itertools
from collections.abc import Iterator, Sequence

from transcriber.domain.transcripts import Segment, Word
from transcriber.editing.items import ItemId, PlacedItem, SegmentItem, Times, Wording, WordItem


def items_of(segments: Sequence[Segment], revision: int) -> Iterator[PlacedItem]:
    """Yield the items of a machine version that is stored as a revision."""
    numbers = itertools.count(1)
    for segment in segments:
        yield SegmentItem(
            id=ItemId(revision, next(numbers)),
            label=segment.label,
            language=segment.language,
            channel=segment.channel,
        )
        for word, spaced in zip(segment.words, _spaced(segment), strict=True):
            yield WordItem(
                id=ItemId(revision, next(numbers)),
                wording=Wording(word.text, word.probability, spaced),
                times=Times(word.start, word.end),
                others=_others(segment, word),
            )


def _others(segment: Segment, word: Word) -> tuple[str, ...]:
    return tuple(label for label in word.speakers if label != segment.label)


def _spaced(segment: Segment) -> Iterator[bool | None]:
    """Yield whether a blank precedes each word in the text of its segment."""
    position = 0
    for place, word in enumerate(segment.words):
        found = segment.text.find(word.text, position)
        if found < 0:
            yield None
            continue
        yield None if place == 0 else found > position
        position = found + len(word.text)
