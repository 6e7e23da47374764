"""Pauses before restarts, and the limit for repeatedly failing servers."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RestartPolicy:
    """Pauses before restarts, in seconds."""

    first_seconds: float = 0.5
    longest_seconds: float = 30
    stable_seconds: float = 60
    """After being usable for this time, a process counts as stable, and pauses start from the
    first."""

    start_seconds: float = 600
    """A process that is not usable within this time after a restart is restarted again."""

    give_up_seconds: float = 3600
    """A server that fails continuously for this time stops the stack. Services never do."""

    def delay(self, failures: int) -> float:
        """Return the pause after `failures` consecutive ends (at least 1). It doubles each time."""
        doublings = min(failures - 1, 32)
        return float(min(self.longest_seconds, self.first_seconds * 2**doublings))


class RestartHistory:
    """Ends and restarts of one process. Times are monotonic seconds."""

    def __init__(self, policy: RestartPolicy, *, started_at: float) -> None:
        """Initialize for a process usable since `started_at`."""
        self._policy = policy
        self._usable_since: float | None = started_at
        self._failing_since = started_at
        self._failures = 0
        self.restarts = 0
        """Restarts since the stack started, successful or not."""

    def ended(self, now: float) -> float:
        """Record an end or a failed start. Return the pause before the next start."""
        if self._failures == 0 or self._stable(now):
            self._failures = 0
            self._failing_since = now
        self._failures += 1
        return self._policy.delay(self._failures)

    def starting(self) -> None:
        """Record a restart."""
        self._usable_since = None
        self.restarts += 1

    def usable(self, now: float) -> None:
        """Record the success of a restart."""
        self._usable_since = now

    def excuse(self, seconds: float) -> None:
        """Exclude a time without attempts from the time of failing."""
        self._failing_since += seconds

    def hopeless(self, now: float) -> bool:
        """Return whether the process has failed for too long."""
        return now - self._failing_since >= self._policy.give_up_seconds

    def _stable(self, now: float) -> bool:
        since = self._usable_since
        return since is not None and now - since >= self._policy.stable_seconds
