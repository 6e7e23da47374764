"""Attribution of words to speakers by the turns that cover them.

Words and turns are scanned once in order of time. The cost is that of sorting them.
"""

import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from transcriber.domain.transcripts import SHORTEST_SECONDS, SpokenWord, Turn, weight

#: Longest distance from a word in a gap to the turn it is attributed to.
NEAREST_SECONDS = 1.0
#: Share of a word from which on another speaker is listed as present.
PRESENT_SHARE = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribution:
    """Speaker of a word.

    `share` is the part of the word covered by the speaker's turns, 0 for a word in a gap.
    `present` lists everybody who speaks during the word, `speaker` first. It is empty if nobody
    does.
    """

    speaker: str | None
    share: float = 0.0
    present: tuple[str, ...] = ()


def attribute(
    words: Sequence[SpokenWord], exclusive: Sequence[Turn], turns: Sequence[Turn]
) -> list[Attribution]:
    """Return one attribution per word. Words must be in order of time.

    A word belongs to the speaker whose `turns` cover most of it. Turns may overlap, and
    `exclusive` turns break ties. A word in a gap belongs to the nearest turn within a second, else
    to the speaker of the rest of its passage, else to the speaker before or after it. Without
    turns no word has a speaker.
    """
    holders = TurnSweep(exclusive)
    voices = TurnSweep(turns)
    nearest = _Nearest(turns)
    found: list[Attribution] = []
    for word in words:
        start, end = word.start, max(word.end, word.start + SHORTEST_SECONDS)
        held, heard = holders.during(start, end), voices.during(start, end)
        main: str | None
        if heard:
            main = max(heard, key=lambda speaker: (heard[speaker], held.get(speaker, 0.0)))
            share = min(1.0, heard[main] / (end - start))
        else:
            main, share = nearest.to(start, end), 0.0
        if main is None:
            found.append(Attribution(speaker=None))
            continue
        present = (main, *_others(heard, main, end - start))
        found.append(Attribution(speaker=main, share=share, present=present))
    return _fill(words, found)


def _others(heard: dict[str, float], main: str, length: float) -> list[str]:
    """Return the other speakers present during a word, the most present first."""
    others = [name for name in heard if name != main and heard[name] >= PRESENT_SHARE * length]
    return sorted(others, key=lambda name: -heard[name])


class SpeakerTimes:
    """Turns by speaker, for distances in time."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        self._starts: dict[str, list[float]] = defaultdict(list)
        self._ends: dict[str, list[float]] = defaultdict(list)
        for turn in _united(turns):
            self._starts[turn.speaker].append(turn.start)
            self._ends[turn.speaker].append(turn.end)

    def distance(self, speaker: str, start: float, end: float) -> float:
        """Return the seconds from a range to the speaker's nearest turn, infinite without turns."""
        starts, ends = self._starts.get(speaker, []), self._ends.get(speaker, [])
        after = bisect.bisect_left(ends, start)
        near = float("inf")
        if after < len(starts):
            near = max(0.0, starts[after] - end)
        if after > 0:
            near = min(near, start - ends[after - 1])
        return near


class TurnSweep:
    """Speakers during ranges of time. Ranges must be queried in order of their starts."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = _united(turns)
        self._next = 0
        self._open: list[Turn] = []

    def during(self, start: float, end: float) -> dict[str, float]:
        """Return the seconds of each speaker in a range, in order of their turns."""
        while self._next < len(self._turns) and self._turns[self._next].start < end:
            self._open.append(self._turns[self._next])
            self._next += 1
        self._open = [turn for turn in self._open if turn.end > start]
        seconds: dict[str, float] = {}
        for turn in self._open:
            overlap = min(end, turn.end) - max(start, turn.start)
            if overlap > 0:
                seconds[turn.speaker] = seconds.get(turn.speaker, 0.0) + overlap
        return seconds


class _Nearest:
    """Nearest turns of ranges in gaps."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker))
        self._starts = [turn.start for turn in self._turns]
        self._latest: list[Turn] = []
        for turn in self._turns:
            longest = self._latest[-1] if self._latest else turn
            self._latest.append(turn if turn.end >= longest.end else longest)

    def to(self, start: float, end: float) -> str | None:
        """Return the speaker of the nearest turn, the earlier of two, None if all are too far."""
        place = bisect.bisect_left(self._starts, start)
        candidates: list[tuple[float, str]] = []
        if place > 0:
            before = self._latest[place - 1]
            candidates.append((max(0.0, start - before.end), before.speaker))
        if place < len(self._turns):
            candidates.append(
                (max(0.0, self._turns[place].start - end), self._turns[place].speaker)
            )
        if not candidates:
            return None
        distance, speaker = min(candidates, key=lambda candidate: candidate[0])
        return speaker if distance <= NEAREST_SECONDS else None


def _united(turns: Iterable[Turn]) -> list[Turn]:
    """Return turns in order of start, with overlapping or touching turns of a speaker joined."""
    last: dict[str, Turn] = {}
    united: list[Turn] = []
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)):
        if turn.end <= turn.start:
            continue
        before = last.get(turn.speaker)
        if before is not None and turn.start <= before.end:
            last[turn.speaker] = replace(before, end=max(before.end, turn.end))
            continue
        if before is not None:
            united.append(before)
        last[turn.speaker] = turn
    united.extend(last.values())
    return sorted(united, key=lambda turn: (turn.start, turn.end, turn.speaker))


def _fill(words: Sequence[SpokenWord], found: list[Attribution]) -> list[Attribution]:
    """Attribute words far from every turn by the words around them."""
    if all(item.speaker is not None for item in found):
        return found
    by_passage: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for word, item in zip(words, found, strict=True):
        if item.speaker is not None:
            by_passage[word.passage][item.speaker] += weight(word)
    filled = list(found)
    for place, word in enumerate(words):
        seconds = by_passage.get(word.passage)
        if filled[place].speaker is None and seconds:
            filled[place] = Attribution(speaker=max(seconds, key=lambda name: seconds[name]))
    _carry(filled, range(len(filled)))
    _carry(filled, range(len(filled) - 1, -1, -1))
    return filled


def _carry(items: list[Attribution], places: Iterable[int]) -> None:
    last: str | None = None
    for place in places:
        if items[place].speaker is None:
            items[place] = Attribution(speaker=last)
        last = items[place].speaker
