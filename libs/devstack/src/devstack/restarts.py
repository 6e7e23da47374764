"""When a process that ended is started again, and when that is given up."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RestartPolicy:
    """Pauses before restarts, in seconds."""

    first_seconds: float = 0.5
    longest_seconds: float = 30
    stable_seconds: float = 60
    """After running this long a process counts as healthy: its next end is a first one again."""

    start_seconds: float = 600
    """A process that cannot be used this long after a restart is started again."""

    give_up_seconds: float = 3600
    """A server that kept failing for this long stops the stack. Services are never given up."""

    def delay(self, failures: int) -> float:
        """Return the pause after a number of ends in a row (at least 1); it doubles each time."""
        doublings = min(failures - 1, 32)
        return float(min(self.longest_seconds, self.first_seconds * 2**doublings))


class RestartHistory:
    """Ends and restarts of one process. Times are monotonic seconds."""

    def __init__(self, policy: RestartPolicy, *, started_at: float) -> None:
        self._policy = policy
        self._started_at = started_at
        self._failing_since = started_at
        self._failures = 0
        self.restarts = 0
        """Attempts to start it again since the stack started."""

    def ended(self, now: float) -> float:
        """Record an end, or a start that failed. Return the pause before the next start."""
        if self._failures == 0 or now - self._started_at >= self._policy.stable_seconds:
            self._failures = 0
            self._failing_since = now
        self._failures += 1
        return self._policy.delay(self._failures)

    def starting(self, now: float) -> None:
        """Record an attempt to start it again."""
        self._started_at = now
        self.restarts += 1

    def excuse(self, seconds: float) -> None:
        """Leave out a time in which no start could be attempted."""
        self._failing_since += seconds

    def hopeless(self, now: float) -> bool:
        """Return whether the process has kept failing for too long."""
        return now - self._failing_since >= self._policy.give_up_seconds
