"""Parts of long recordings, for several workers at the same time."""

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
    of idle workers. With `prompt`, the first part is brief.
    """

    longest: float
    shortest: float
    prompt: bool = False


#: Speakers are told apart the better, the more is heard of them at once. With its margins, a part
#: fits into a window of the diarizer (DIARIZATION_WINDOW_SECONDS).
LENGTHS = {
    Stage.TRANSCRIBE: Lengths(longest=240.0, shortest=60.0, prompt=True),
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
    first = float(FIRST) if lengths.prompt and seconds > LONG else 0.0
    # The worker with the brief first part takes one more, which is briefer by as much if it may be.
    step = seconds / count
    if idle <= 1 or step - first < lengths.shortest:
        step = (seconds - first) / count
    edges = [first + step * place for place in range(count)]
    return _between([0, *(round(edge) for edge in edges if edge > 0), end])


def _between(edges: Sequence[int]) -> tuple[Part, ...]:
    count = len(edges) - 1
    return tuple(
        Part(start=edges[number], end=edges[number + 1], number=number, count=count)
        for number in range(count)
    )
