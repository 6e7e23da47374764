"""Items of a transcript as the recognizer and the diarizer made it."""

from collections.abc import Iterator, Sequence

from transcriber.domain.transcripts import Segment, Word
from transcriber.editing.items import ItemId, PlacedItem, SegmentItem, Times, Wording, WordItem

#: Identifiers of a segment and its words are numbered from a multiple of it.
_SPAN = 100_000


def position_of(item_id: ItemId) -> int:
    """Return the position, in the machine version, of the segment that an item was made in."""
    return item_id.number // _SPAN


def segment_id(revision: int, position: int) -> ItemId:
    """Return the identifier of a segment of the machine version stored as a revision."""
    return ItemId(revision, position * _SPAN)


def word_id(revision: int, position: int, place: int) -> ItemId:
    """Return the identifier of a word by its place in its segment, from 0."""
    return ItemId(revision, position * _SPAN + place + 1)


def items_of(segments: Sequence[Segment], revision: int, *, first: int = 0) -> Iterator[PlacedItem]:
    """Yield the items of a machine version stored as a revision, from position `first` on."""
    for position, segment in enumerate(segments, start=first):
        yield SegmentItem(
            id=segment_id(revision, position),
            label=segment.label,
            language=segment.language,
            channel=segment.channel,
        )
        for place, (word, spaced) in enumerate(zip(segment.words, _spaced(segment), strict=True)):
            yield WordItem(
                id=word_id(revision, position, place),
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
