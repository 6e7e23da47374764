"""Words of a signal with their places in its envelope."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.audio.envelope import FRAME_SECONDS
from transcriber.worker.engines.protocol import RecognizedSegment, RecognizedWord

#: Shorter words are taken for this long, in frames.
_LEAST_FRAMES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A word with its place in a signal, in frames, and in a segment that begins at `start`."""

    word: RecognizedWord
    start: float
    segment: int
    number: int
    first: int
    last: int


def places(segments: Sequence[RecognizedSegment]) -> list[Place]:
    """Return the words of a signal in order of time."""
    found = [
        _place(word, segment=segment, number=number, start=one.start)
        for segment, one in enumerate(segments)
        for number, word in enumerate(one.words)
    ]
    return sorted(found, key=lambda place: place.first)


def _place(word: RecognizedWord, *, segment: int, number: int, start: float) -> Place:
    first = round(word.start / FRAME_SECONDS)
    return Place(
        word=word,
        start=start,
        segment=segment,
        number=number,
        first=first,
        last=max(round(word.end / FRAME_SECONDS), first + _LEAST_FRAMES),
    )


def runs(keys: Sequence[object], *, first: int = 0) -> Iterator[range]:
    """Yield ranges of consecutive places with equal keys. `first` is the number of the first one.

    Example: `runs("aab")` gives `range(0, 2)` and `range(2, 3)`.
    """
    begin = 0
    for place in range(1, len(keys) + 1):
        if place == len(keys) or keys[place] != keys[begin]:
            yield range(first + begin, first + place)
            begin = place
