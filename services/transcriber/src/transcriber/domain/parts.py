"""Parts of long recordings, for several workers at the same time."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from transcriber.domain.jobs import Stage

#: Option of tasks that process a part. Tasks of whole recordings do not have it.
PART = "part"
#: Neighbors process so many seconds beyond their common boundary as well. A word or a turn at the
#: boundary is whole for one of them, and both have the same speakers there.
MARGIN = 4.0
#: The last parts of the workers are cut into these fractions, so that all workers end at about the
#: same time although some parts have more speech than others. The first division is taken whose
#: parts are long enough (seconds).
_TAPERS = ((0.65, 0.22, 0.13), (0.8, 0.2))
_BRIEFEST = 25.0
#: The first part of recordings longer than this (seconds) is brief, so that its words appear soon.
LONG = 300.0
FIRST = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part of a recording, in whole seconds. The last one ends where the recording does."""

    start: int
    end: int
    number: int
    count: int

    @property
    def last(self) -> bool:
        """Whether the part ends the recording."""
        return self.number == self.count - 1

    @property
    def seconds(self) -> int:
        """Length in seconds."""
        return self.end - self.start

    @property
    def heard(self) -> tuple[float, float]:
        """Start and end of the part with its margins, in seconds."""
        end = self.end if self.last else self.end + MARGIN
        return max(0.0, self.start - MARGIN), float(end)

    def to_json(self) -> dict[str, int]:
        """Return the part as JSON values."""
        return {
            "start": self.start,
            "end": self.end,
            "number": self.number,
            "count": self.count,
        }

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self | None:
        """Return the part in the options of a task, None for a whole recording."""
        values = options.get(PART)
        return None if values is None else cls(**values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lengths:
    """Lengths of parts in seconds.

    Parts are at most `longest`, and at least `shortest` if the recording is cut only for the sake
    of idle workers. With `prompt`, the first part is brief. With `tapered`, so are the last ones of
    each worker.
    """

    longest: float
    shortest: float
    prompt: bool = False
    tapered: bool = False


#: Speakers are told apart the better, the more is heard of them at once. With its margins, a part
#: fits into a window of the diarizer (DIARIZATION_WINDOW_SECONDS).
LENGTHS = {
    Stage.TRANSCRIBE: Lengths(longest=240.0, shortest=60.0, prompt=True, tapered=True),
    Stage.DIARIZE: Lengths(longest=1180.0, shortest=180.0),
}


def plan(seconds: float, lengths: Lengths, *, idle: int) -> tuple[Part, ...]:
    """Return the parts of a recording in order, one if it is not cut.

    There are as many as its length requires, or enough to keep all `idle` workers busy to the end,
    if they are long enough then.
    """
    end = math.ceil(seconds)
    required = max(1, math.ceil(seconds / lengths.longest))
    possible = max(required, int(seconds // lengths.shortest))
    count = required
    if idle > 1:
        # A multiple of the workers, so that none waits for the last part of another.
        count = min(possible, idle * math.ceil(required / idle))
    if count <= 1:
        return (Part(start=0, end=end, number=0, count=1),)
    sizes = [seconds / count] * count
    if lengths.tapered and 1 < idle <= count:
        sizes[-idle:] = [size for size in _taper(sizes[-1]) for _ in range(idle)]
    if lengths.prompt and seconds > LONG:
        sizes = _prompt(sizes, idle)
    edges = [round(edge) for edge in itertools.accumulate(sizes[:-1])]
    return _between([0, *edges, end])


def _taper(seconds: float) -> list[float]:
    """Return the sizes of the last parts of a worker that together last some seconds."""
    for fractions in _TAPERS:
        if seconds * fractions[-1] >= _BRIEFEST:
            return [seconds * fraction for fraction in fractions]
    return [seconds]


def _prompt(sizes: Sequence[float], idle: int) -> list[float]:
    """Return the sizes of parts with a brief one before them."""
    after = min(idle, len(sizes)) - 1
    if idle > 1 and sizes[after] - FIRST >= _BRIEFEST:
        # The worker with the brief part goes on with this one, and then is as far as the others.
        rest = list(sizes)
        rest[after] -= FIRST
    else:
        whole = sum(sizes)
        rest = [size * (whole - FIRST) / whole for size in sizes]
    return [float(FIRST), *rest]


def _between(edges: Sequence[int]) -> tuple[Part, ...]:
    count = len(edges) - 1
    return tuple(
        Part(start=edges[number], end=edges[number + 1], number=number, count=count)
        for number in range(count)
    )
