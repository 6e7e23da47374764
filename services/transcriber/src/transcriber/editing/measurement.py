"""Stretches of segments with words to be measured in the sound, and their new times."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from transcriber.editing.items import ItemId, Times, WordItem
from transcriber.editing.replacement import spans_of
from transcriber.editing.views import SegmentView, WordView

#: Recognized words on each side, as anchors.
_AROUND = 5
#: Sound before the first and behind the last word, and most sound of a stretch, in seconds.
_MARGIN, _LONGEST = 0.3, 28.0
#: Smaller differences, in seconds, are not worth a change.
_LEAST = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Consecutive words of a segment, and the sound around them in seconds.

    `texts` begin with a blank if one precedes the word. `due` are the words to measure.
    """

    segment: SegmentView
    start: float
    end: float
    words: Sequence[WordView]
    texts: Sequence[str]
    due: frozenset[ItemId]


def is_due(word: WordItem, since: int) -> bool:
    """Return whether a word was written behind a revision and has estimated times."""
    written = word.stamp("wording").changed
    return (
        word.wording.probability is None
        and written > since
        and word.stamp("times").changed <= written
    )


def stretches(segment: SegmentView, due: Callable[[ItemId], bool]) -> Iterator[Stretch]:
    """Yield stretches of a segment. Due words far from others of their kind are apart."""
    places = [place for place, word in enumerate(segment.words) if due(word.id)]
    group: list[int] = []
    for place in places:
        if group and place - group[-1] > _AROUND:
            yield from _stretch(segment, group)
            group = []
        group.append(place)
    if group:
        yield from _stretch(segment, group)


def measured(
    stretch: Stretch, times: Sequence[tuple[float, float]]
) -> Iterator[tuple[ItemId, Times]]:
    """Yield new times of the due words of a stretch.

    `times` are those of all its words, in seconds from the beginning of its sound. Words stay
    between their neighbors, and in the segment.
    """
    earliest = stretch.segment.start
    for place, (word, (start, end)) in enumerate(zip(stretch.words, times, strict=True)):
        if word.id not in stretch.due:
            earliest = max(earliest, word.end)
            continue
        later = (other.start for other in stretch.words[place + 1 :] if other.id not in stretch.due)
        latest = max(earliest, next(later, stretch.segment.end))
        begin = min(max(earliest, stretch.start + start), latest)
        earliest = min(max(begin, stretch.start + end), latest)
        if max(abs(begin - word.start), abs(earliest - word.end)) >= _LEAST:
            yield word.id, Times(round(begin, 6), round(earliest, 6))


def _stretch(segment: SegmentView, due: Sequence[int]) -> Iterator[Stretch]:
    first = max(0, due[0] - _AROUND)
    words = segment.words[first : due[-1] + _AROUND + 1]
    start = max(0.0, words[0].start - _MARGIN)
    end = max(word.end for word in words) + _MARGIN
    if end - start > _LONGEST:
        return
    spans = spans_of(segment)[first : first + len(words)]
    yield Stretch(
        segment=segment,
        start=start,
        end=end,
        words=words,
        texts=[
            word.text if place and not segment.text[place - 1].isspace() else f" {word.text}"
            for word, (place, _) in zip(words, spans, strict=True)
        ],
        due=frozenset(segment.words[place].id for place in due),
    )
