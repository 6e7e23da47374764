"""The order in which work gets the threads of a worker's models."""

import asyncio
from collections import deque


class Turns:
    """Turns of tasks and of direct calls, up to `at_once` at a time.

    A waiting task goes before all waiting calls. A worker has few tasks at a time, so the next call
    begins while it fetches another: with both waiting they alternate, and neither waits forever.
    A turn `alone` waits for all others to end, and none begins before its own end.
    """

    def __init__(self, at_once: int = 1) -> None:
        self.at_once = at_once
        self._current: set[asyncio.Future[None]] = set()
        self._alone: list[asyncio.Future[None]] = []
        self._tasks: deque[asyncio.Future[None]] = deque()
        self._calls: deque[asyncio.Future[None]] = deque()

    @property
    def taken(self) -> bool:
        """Whether work that asks now has to wait."""
        return len(self._current) >= self.at_once or bool(self._alone)

    @property
    def shut(self) -> bool:
        """Whether a turn is alone, or waits for that."""
        return bool(self._alone)

    def is_shut_to(self, turn: asyncio.Future[None]) -> bool:
        """Return whether the turn of a task has to wait for one that is alone."""
        return turn in self._tasks and bool(self._alone) and self._alone[0] is not turn

    def ask(self, *, task: bool, alone: bool = False) -> asyncio.Future[None]:
        """Return a future that is done when the turn has come. Pass it to `end` in any case."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._tasks if task else self._calls).append(turn)
        if alone and self.at_once > 1:
            self._alone.append(turn)
        self._next()
        return turn

    def end(self, turn: asyncio.Future[None]) -> None:
        """End a turn, or no longer wait for it."""
        for waiting in (self._tasks, self._calls):
            if turn in waiting:
                waiting.remove(turn)
        if turn in self._alone:
            self._alone.remove(turn)
        self._current.discard(turn)
        self._next()

    def _next(self) -> None:
        while waiting := self._tasks or self._calls:
            alone = waiting[0] in self._alone or not self._current.isdisjoint(self._alone)
            if len(self._current) >= (1 if alone else self.at_once):
                return
            turn = waiting.popleft()
            self._current.add(turn)
            turn.set_result(None)
