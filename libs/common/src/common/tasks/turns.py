"""The order in which work gets the one thread of a worker's models."""

import asyncio
from collections import deque


class Turns:
    """Turns of tasks and of direct calls, one at a time.

    A waiting task goes before all waiting calls. A worker has one task at a time, so the next call
    begins while it fetches another: with both waiting they alternate, and neither waits forever.
    """

    def __init__(self) -> None:
        self._current: asyncio.Future[None] | None = None
        self._tasks: deque[asyncio.Future[None]] = deque()
        self._calls: deque[asyncio.Future[None]] = deque()

    @property
    def taken(self) -> bool:
        """Whether some work has its turn."""
        return self._current is not None

    def ask(self, *, task: bool) -> asyncio.Future[None]:
        """Return a future that is done when the turn has come. Pass it to `end` in any case."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._tasks if task else self._calls).append(turn)
        self._next()
        return turn

    def end(self, turn: asyncio.Future[None]) -> None:
        """End a turn, or no longer wait for it."""
        for waiting in (self._tasks, self._calls):
            if turn in waiting:
                waiting.remove(turn)
        if turn is self._current:
            self._current = None
            self._next()

    def _next(self) -> None:
        waiting = self._tasks or self._calls
        if self._current is None and waiting:
            self._current = waiting.popleft()
            self._current.set_result(None)
