"""Recordings that failed for the moment, and the time of their next attempt."""

import threading
import time
from dataclasses import dataclass

_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 300.0
_MOST_ATTEMPTS = 5


@dataclass(kw_only=True)
class _Failures:
    count: int = 0
    not_before: float = 0.0


class Attempts:
    """Failed attempts by the name of a recording. Threads can share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[str, _Failures] = {}

    def may_begin(self, name: str) -> bool:
        """Whether the pause after the last failure is over."""
        with self._lock:
            failures = self._failures.get(name)
            return failures is None or time.monotonic() >= failures.not_before

    def postpone(self, name: str) -> float:
        """Count a failure. Return the seconds until the next attempt."""
        with self._lock:
            failures = self._failures.setdefault(name, _Failures())
            pause = min(_FIRST_PAUSE * 2.0**failures.count, _LONGEST_PAUSE)
            failures.count += 1
            failures.not_before = time.monotonic() + pause
            return pause

    def hopeless(self, name: str) -> bool:
        """Whether a recording failed too often."""
        with self._lock:
            failures = self._failures.get(name)
            return failures is not None and failures.count >= _MOST_ATTEMPTS

    def forget(self, name: str) -> None:
        """Forget the failures of a recording that has changed or is gone."""
        with self._lock:
            self._failures.pop(name, None)
