"""Alignment of the words of two machine versions of one recording."""

import functools
import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from transcriber.editing.items import ItemId, WordItem

#: Equal words that begin within this many seconds of each other are one word.
_CLOSE = 0.25
#: Equal words further apart than this are different words.
_FAR = 5.0
#: Words that are compared at once. The time of a comparison grows with the square.
_AT_ONCE = 400
#: Words around one that it is compared with. Nobody says as many in a second.
_MOST_NEAR = 1000

#: Words with the channel that each was heard in.
Heard = Sequence[tuple[int, WordItem]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Words of the new version in the place of each earlier word.

    `places` is empty for a word that the new version lacks. `extra` are words of the new version
    that are in the place of none.
    """

    places: Mapping[ItemId, tuple[ItemId, ...]]
    extra: frozenset[ItemId]


def align(old: Heard, new: Heard) -> Alignment:
    """Align two versions by text and time, per channel if both have the same channels.

    Words with equal texts are paired. A word between them has the words overlapping it in time.
    """
    apart = {channel for channel, _ in old} == {channel for channel, _ in new}
    before, after = _by_channel(old, apart=apart), _by_channel(new, apart=apart)
    places: dict[ItemId, tuple[ItemId, ...]] = {word.id: () for _, word in old}
    for channel, words in before.items():
        places.update(_places(words, after.get(channel, [])))
    taken = {item_id for found in places.values() for item_id in found}
    return Alignment(
        places=places, extra=frozenset(word.id for _, word in new if word.id not in taken)
    )


@functools.lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """Return a text without case and punctuation, so that different spellings are equal.

    Example:
        >>> plain("Hello,")
        'hello'
    """
    return "".join(filter(str.isalnum, text.casefold())) or text


def _by_channel(words: Heard, *, apart: bool) -> dict[int, list[WordItem]]:
    found: dict[int, list[WordItem]] = defaultdict(list)
    for channel, word in words:
        found[channel if apart else 0].append(word)
    for own in found.values():
        own.sort(key=lambda word: word.times.start)
    return found


def _places(
    old: Sequence[WordItem], new: Sequence[WordItem]
) -> Iterator[tuple[ItemId, tuple[ItemId, ...]]]:
    ends = [(-1, -1), *_pairs(old, new), (len(old), len(new))]
    for (old_before, new_before), (old_after, new_after) in itertools.pairwise(ends):
        between = new[new_before + 1 : new_after]
        yield from _overlapping(old[old_before + 1 : old_after], between)
        if old_after < len(old):
            yield old[old_after].id, (new[new_after].id,)


def _pairs(old: Sequence[WordItem], new: Sequence[WordItem]) -> list[tuple[int, int]]:
    """Return the places of equal words, in order."""
    near = list(_near_pairs(old, new))
    found: list[tuple[int, int]] = []
    ends = [(-1, -1), *near, (len(old), len(new))]
    for (old_before, new_before), (old_after, new_after) in itertools.pairwise(ends):
        for first, last in _windows(
            old, new, (old_before + 1, old_after), (new_before + 1, new_after)
        ):
            found.extend(_matches(old, new, first, last))
        if old_after < len(old):
            found.append((old_after, new_after))
    return found


def _near_pairs(old: Sequence[WordItem], new: Sequence[WordItem]) -> Iterator[tuple[int, int]]:
    """Yield equal words at nearly the same time."""
    first = 0
    for place, word in enumerate(old):
        while first < len(new) and new[first].times.start < word.times.start - _CLOSE:
            first += 1
        best = None
        nearest = _CLOSE
        for other in range(first, min(len(new), first + _MOST_NEAR)):
            away = new[other].times.start - word.times.start
            if away > nearest:
                break
            if abs(away) <= nearest and _equal(word, new[other]):
                best, nearest = other, abs(away)
        if best is not None:
            yield place, best
            first = best + 1


def _windows(
    old: Sequence[WordItem],
    new: Sequence[WordItem],
    of_old: tuple[int, int],
    of_new: tuple[int, int],
) -> Iterator[tuple[range, range]]:
    """Yield stretches of both versions, short enough to be compared at once."""
    (old_start, old_end), (new_start, new_end) = of_old, of_new
    while old_start < old_end and new_start < new_end:
        old_stop = min(old_end, old_start + _AT_ONCE)
        new_stop = new_end
        if old_stop < old_end:
            until = old[old_stop].times.start
            new_stop = new_start
            while new_stop < new_end and new[new_stop].times.start < until:
                new_stop += 1
        # More than twice as many words are not the same words.
        yield range(old_start, old_stop), range(new_start, min(new_stop, new_start + 2 * _AT_ONCE))
        old_start, new_start = old_stop, new_stop


def _matches(
    old: Sequence[WordItem], new: Sequence[WordItem], of_old: range, of_new: range
) -> Iterator[tuple[int, int]]:
    matcher = SequenceMatcher(
        None,
        [plain(old[place].wording.text) for place in of_old],
        [plain(new[place].wording.text) for place in of_new],
        autojunk=False,
    )
    for block in matcher.get_matching_blocks():
        for number in range(block.size):
            one, other = of_old[block.a + number], of_new[block.b + number]
            if abs(old[one].times.start - new[other].times.start) <= _FAR:
                yield one, other


def _overlapping(
    old: Sequence[WordItem], new: Sequence[WordItem]
) -> Iterator[tuple[ItemId, tuple[ItemId, ...]]]:
    """Yield the new words overlapping each old one. Each new word is in one place at most."""
    found: dict[int, list[ItemId]] = defaultdict(list)
    first = 0
    for word in new:
        while first < len(old) - 1 and old[first].times.end <= word.times.start:
            first += 1
        best, longest = None, 0.0
        for place in range(first, min(len(old), first + _MOST_NEAR)):
            if old[place].times.start > word.times.end:
                break
            shared = _overlap(old[place], word)
            if shared > longest:
                best, longest = place, shared
        if best is not None:
            found[best].append(word.id)
    for place, item in enumerate(old):
        yield item.id, tuple(found[place])


def _overlap(one: WordItem, other: WordItem) -> float:
    """Return the seconds shared by two words, a little for words without length."""
    shared = min(one.times.end, other.times.end) - max(one.times.start, other.times.start)
    momentary = one.times.start == one.times.end or other.times.start == other.times.end
    return 1e-6 if momentary and shared >= 0 else shared


def _equal(one: WordItem, other: WordItem) -> bool:
    return plain(one.wording.text) == plain(other.wording.text)
