"""Words of neighboring parts of a recording, joined where both have heard the same.

Both parts recognized a zone around their boundary, in which each has whole words except at its own
end. The words are cut at one place: after a word that both have, or else in a pause of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from transcriber.domain.parts import MARGIN
from transcriber.domain.transcripts import SpokenWord
from transcriber.editing.alignment import plain

#: Words of both parts may be the same word if they begin at most so far apart (seconds).
_SAME_WORD = 0.6
#: A pause after a word is worth so many seconds of distance from the boundary, per second.
_WORTH_OF_PAUSE = 4.0
_LONGEST_PAUSE = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cut:
    """A place to cut: words kept of the earlier part, and the first kept of the later one."""

    kept: int
    first: int
    badness: float


def join_words(
    before: Sequence[SpokenWord], after: Sequence[SpokenWord], boundary: float
) -> tuple[SpokenWord, ...]:
    """Join the words of two neighboring parts of one channel.

    Words are in order of start, in seconds of the recording. Each word in the zone is kept once.
    The later part's words after the zone, and the earlier part's before it, are all kept.
    """
    start, end = boundary - MARGIN, boundary + MARGIN
    first = sum(word.start < start for word in before)
    last = sum(word.start < end for word in after)
    zone, other = before[first:], after[:last]
    cut = _best(zone, other, boundary)
    return (*before[: first + cut.kept], *after[cut.first :])


def _best(zone: Sequence[SpokenWord], other: Sequence[SpokenWord], boundary: float) -> _Cut:
    """Return where to cut two versions of the words in a zone."""
    common = [
        _Cut(kept=pair[0] + 1, first=pair[1] + 1, badness=_badness(zone, other, pair, boundary))
        for pair in _same(zone, other)
    ]
    if common:
        return min(common, key=lambda cut: cut.badness)
    if not zone or not other:
        # What only one part has heard is kept.
        return _Cut(kept=len(zone), first=0, badness=0.0)
    place = _pause(zone, other, boundary)
    return _Cut(
        kept=sum(_middle(word) < place for word in zone),
        first=sum(_middle(word) < place for word in other),
        badness=0.0,
    )


def _same(zone: Sequence[SpokenWord], other: Sequence[SpokenWord]) -> list[tuple[int, int]]:
    """Return the places of equal words of both versions at about the same time."""
    matcher = SequenceMatcher(
        None,
        [plain(word.text) for word in zone],
        [plain(word.text) for word in other],
        autojunk=False,
    )
    return [
        (block.a + step, block.b + step)
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
        if abs(zone[block.a + step].start - other[block.b + step].start) <= _SAME_WORD
    ]


def _badness(
    zone: Sequence[SpokenWord], other: Sequence[SpokenWord], pair: tuple[int, int], boundary: float
) -> float:
    """Return how bad a cut after a common word is."""
    one, two = pair
    end = max(zone[one].end, other[two].end)
    following = other[two + 1].start if two + 1 < len(other) else end + _LONGEST_PAUSE
    return _badness_at(end, following - end, boundary)


def _badness_at(place: float, pause: float, boundary: float) -> float:
    """Return how bad a cut is: far from the boundary, or without a pause.

    Words near the end of what a part has heard are the least certain.
    """
    return abs(place - boundary) - _WORTH_OF_PAUSE * min(_LONGEST_PAUSE, max(0.0, pause))


def _pause(zone: Sequence[SpokenWord], other: Sequence[SpokenWord], boundary: float) -> float:
    """Return the middle of the best pause of both versions, the boundary without any."""
    spoken = sorted((word.start, word.end) for word in (*zone, *other))
    best, place = 0.0, boundary
    free = spoken[0][1] if spoken else boundary
    for start, end in spoken:
        if start > free:
            middle = (free + start) / 2
            badness = _badness_at(middle, start - free, boundary)
            if badness < best or place == boundary:
                best, place = badness, middle
        free = max(free, end)
    return place


def _middle(word: SpokenWord) -> float:
    return (word.start + word.end) / 2
