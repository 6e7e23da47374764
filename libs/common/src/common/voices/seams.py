"""Speakers of neighboring parts who say the same at their seam."""

from collections.abc import Iterator, Sequence

from common.voices.turns import Stretch
from common.voices.values import Turn

#: Least speech that two labels share at a seam to be one person, in seconds.
_LEAST_SHARED = 2.0
#: Least share of each label's speech at the seam that both have.
_MOST = 0.5


def same_at_seam(
    before: Sequence[Turn], after: Sequence[Turn], zone: Stretch
) -> Iterator[tuple[float, str, str]]:
    """Yield labels of two parts that hold the same speech in the zone that both have heard.

    Each is (seconds shared, label before, label after).
    """
    early, late = _within(before, zone), _within(after, zone)
    for one, mine in early.items():
        for other, theirs in late.items():
            shared = sum(
                max(0.0, min(end, stop) - max(start, begin))
                for start, end in mine
                for begin, stop in theirs
            )
            spoken = max(_seconds(mine), _seconds(theirs))
            if shared >= _LEAST_SHARED and shared >= _MOST * spoken:
                yield shared, one, other


def _within(turns: Sequence[Turn], zone: Stretch) -> dict[str, list[Stretch]]:
    """Return the stretches of each speaker in a zone."""
    found: dict[str, list[Stretch]] = {}
    for turn in turns:
        start, end = max(turn.start, zone[0]), min(turn.end, zone[1])
        if end > start:
            found.setdefault(turn.speaker, []).append((start, end))
    return found


def _seconds(stretches: Sequence[Stretch]) -> float:
    return sum(end - start for start, end in stretches)
