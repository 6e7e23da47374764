"""When the sound of a stream arrived, so that the lag of results can be told."""

from collections import deque

#: Arrivals kept. At ten per second they reach back minutes.
_MOST = 4_096


class StreamClock:
    """Arrival times of positions in a stream, in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._arrivals: deque[tuple[int, float]] = deque(maxlen=_MOST)

    def arrived(self, position: int, now: float) -> None:
        """Note that the stream has been received up to a position."""
        self._arrivals.append((position, now))

    def time_of(self, position: int) -> float | None:
        """Return when a position arrived, None if it has not or was long ago."""
        if self._arrivals and position <= self._arrivals[0][0] and len(self._arrivals) == _MOST:
            return None
        return next((time for end, time in self._arrivals if end >= position), None)

    def lag(self, position: int, now: float) -> float:
        """Return how long ago a position arrived, 0 if that is unknown."""
        time = self.time_of(position)
        return 0.0 if time is None else max(0.0, now - time)
