"""Bounds on work without progress, computed from a recording's length and a worker's speed."""

from collections import deque
from dataclasses import dataclass

#: Models look at this much sound at least, in seconds, however short the recording is.
_LEAST_SECONDS = 30.0
#: Recordings over which a worker's speed is judged.
_REMEMBERED = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """Bounds on work without progress. Times are in seconds.

    `always` is allowed at any length, and twice for the first recording, because the models warm
    up. The time for the longest piece of sound between two reports of progress (`longest_piece`)
    comes on top: `generosity` times the slowest earlier pace, at least `least_pace` per second of
    sound, and `unknown_pace` before any measurement.
    """

    always: float = 60.0
    longest_piece: float = 600.0
    generosity: float = 5.0
    least_pace: float = 0.5
    unknown_pace: float = 3.0

    @property
    def returning(self) -> float:
        """Time for work to return after it was stopped."""
        return self.always / 3

    def bound(self, audio_seconds: float, pace: float | None) -> float:
        """Return after how many seconds without progress work counts as stalled.

        `pace` is the measured seconds of work per second of sound, None before any. A length of 0
        is an unknown one.
        """
        piece = min(max(audio_seconds, _LEAST_SECONDS), self.longest_piece)
        if audio_seconds <= 0:
            piece = self.longest_piece
        if pace is None:
            return 2 * self.always + self.unknown_pace * piece
        return self.always + max(self.least_pace, self.generosity * pace) * piece


class Pace:
    """Measured speed of one worker, in seconds of work per second of sound."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def slowest(self) -> float | None:
        """The slowest of the last few recordings, None before the first."""
        return max(self._recent, default=None)

    def note(self, work_seconds: float, audio_seconds: float) -> None:
        """Remember a finished recording."""
        self._recent.append(work_seconds / max(audio_seconds, _LEAST_SECONDS))


@dataclass(frozen=True, kw_only=True, slots=True)
class Stall:
    """No progress for `seconds`, more than the `bound`, at `fraction` of the work."""

    seconds: float
    bound: float
    fraction: float


class ProgressWatch:
    """Watches the progress of one piece of work.

    The caller counts the time, so that a suspended machine does not count against the work.
    """

    def __init__(self, patience: Patience, slowest: float | None, audio_seconds: float) -> None:
        self._patience = patience
        self._slowest = slowest
        self._audio_seconds = audio_seconds
        self._advances = 0
        self._quiet = 0.0
        self.elapsed = 0.0

    def passed(self, seconds: float, *, advances: int, fraction: float) -> Stall | None:
        """Count time. `advances` is the number of reports of progress, `fraction` is 0 to 1.

        Returns a Stall when the last advance is too long ago.
        """
        self.elapsed += seconds
        if advances != self._advances:
            self._advances, self._quiet = advances, 0.0
            return None
        self._quiet += seconds
        bound = self._patience.bound(self._audio_seconds, self._pace(fraction))
        if self._quiet <= bound:
            return None
        return Stall(seconds=self._quiet, bound=bound, fraction=fraction)

    def _pace(self, fraction: float) -> float | None:
        """Return the slowest pace known, of earlier recordings or of this one."""
        done = fraction * self._audio_seconds
        if done < _LEAST_SECONDS:
            return self._slowest
        here = (self.elapsed - self._quiet) / done
        return here if self._slowest is None else max(here, self._slowest)
