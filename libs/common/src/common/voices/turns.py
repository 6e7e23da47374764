"""Turns joined, renamed and summed."""

from collections.abc import Iterable, Mapping, Sequence

from common.voices.values import Turn

#: Turns of one speaker with at most this gap (seconds) are one turn.
SEAM = 0.05
#: Shorter turns (seconds) are due to rounding. So are such gaps between exclusive turns.
LEAST_TURN = 1e-3
#: Shorter stretches (seconds) are mostly breath and edges.
_LEAST_STRETCH = 0.3
#: Seconds skipped at both ends of a stretch, where another voice may still be audible.
_MARGIN = 0.05
_CLEAN_STRETCHES = 5

#: Start and end, in seconds.
Stretch = tuple[float, float]


def join_turns(turns: Iterable[Turn], *, seam: float = SEAM) -> list[Turn]:
    """Join the turns of each speaker, closing gaps up to `seam` seconds. Order them by start."""
    by_speaker: dict[str, list[Turn]] = {}
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end)):
        if turn.duration < LEAST_TURN:
            continue
        mine = by_speaker.setdefault(turn.speaker, [])
        if mine and turn.start - mine[-1].end <= seam:
            end = max(turn.end, mine[-1].end)
            mine[-1] = Turn(start=mine[-1].start, end=end, speaker=turn.speaker)
        else:
            mine.append(turn)
    return sorted(
        (turn for mine in by_speaker.values() for turn in mine),
        key=lambda turn: (turn.start, turn.end, turn.speaker),
    )


def labels(turns: Iterable[Turn]) -> list[str]:
    """Return the labels of speakers in order of first appearance."""
    return list(dict.fromkeys(turn.speaker for turn in sorted(turns, key=lambda t: t.start)))


def renamed(turns: Iterable[Turn], names: Mapping[str, str]) -> tuple[Turn, ...]:
    """Return turns with other labels for the speakers in `names`."""
    return tuple(
        Turn(start=turn.start, end=turn.end, speaker=names.get(turn.speaker, turn.speaker))
        for turn in turns
    )


def speech_seconds(turns: Iterable[Turn]) -> dict[str, float]:
    """Sum the seconds of speech of each speaker, in order of first appearance."""
    total: dict[str, float] = {}
    for turn in turns:
        total[turn.speaker] = total.get(turn.speaker, 0.0) + turn.duration
    return total


def clean_stretches(turns: Sequence[Turn]) -> dict[str, list[Stretch]]:
    """Return the stretches in which each speaker is alone, in seconds and in order of time.

    Speakers who are never alone are left out.
    """
    edges = sorted({turn.start for turn in turns} | {turn.end for turn in turns})
    speakers: list[set[str]] = [set() for _ in edges]
    index = {edge: number for number, edge in enumerate(edges)}
    for turn in turns:
        for number in range(index[turn.start], index[turn.end]):
            speakers[number].add(turn.speaker)
    found: dict[str, list[Stretch]] = {}
    for number, active in enumerate(speakers[:-1]):
        if len(active) != 1:
            continue
        stretches = found.setdefault(next(iter(active)), [])
        if stretches and stretches[-1][1] == edges[number]:
            stretches[-1] = (stretches[-1][0], edges[number + 1])
        else:
            stretches.append((edges[number], edges[number + 1]))
    trimmed = {
        speaker: [(s + _MARGIN, e - _MARGIN) for s, e in stretches if e - s >= _LEAST_STRETCH]
        for speaker, stretches in found.items()
    }
    return {speaker: stretches for speaker, stretches in trimmed.items() if stretches}


def longest(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Return the longest few stretches (start, end), longest first."""
    return sorted(stretches, key=lambda stretch: stretch[0] - stretch[1])[:_CLEAN_STRETCHES]
