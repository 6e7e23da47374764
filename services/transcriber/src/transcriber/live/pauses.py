"""Pauses between attempts to reach a recognizer."""

import time
from collections.abc import Callable

_PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
#: An attempt that made progress and lasted this long (seconds) counts as a success.
_LASTING_SECONDS = 10.0


class Pauses:
    """Growing pauses between failed attempts. The first failure after a success has none."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._begun = clock()

    def begin(self) -> None:
        """Note the beginning of an attempt."""
        self._begun = self._clock()

    def after_failure(self, *, progressed: bool) -> float:
        """Return the pause after the attempt, in seconds."""
        if progressed and self._clock() - self._begun >= _LASTING_SECONDS:
            self._failures = 0
        pause = _PAUSES[min(self._failures, len(_PAUSES) - 1)]
        self._failures += 1
        return pause
