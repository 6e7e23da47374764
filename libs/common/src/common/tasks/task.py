"""The interface of task handlers: the task, its recording, progress and cancellation."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

from common.objects import RangedObject
from securetranscribe.v1 import queue_pb2

_PROGRESS_SECONDS = 0.5


class TaskCancelledError(Exception):
    """Raised by a handler after its control was stopped."""


class TaskControl:
    """Between a handler on its thread and the event loop: progress one way, stopping the other.

    `begun` tells whether the work has begun, `advances` counts its steps forward, `fraction` is how
    far it is, 0 to 1, and `waiting` whether it waits for a server. `queued` tells whether it waits
    in line behind other work of the worker, before or during `in_line`.
    """

    def __init__(self, report: Callable[[float, str], None]) -> None:
        self._report = report
        self._stopped = False
        self._step = ""
        self.begun = False
        self.advances = 0
        self.fraction = 0.0
        self.waiting = False
        self.queued = False
        self._queued_seconds = 0.0
        self._queued_since: float | None = None

    @contextlib.contextmanager
    def in_line(self) -> Iterator[None]:
        """Measure the time that the work waits in line."""
        self.queued, self._queued_since = True, time.monotonic()
        try:
            yield
        finally:
            self._queued_seconds = self.queued_seconds
            self.queued, self._queued_since = False, None

    @property
    def queued_seconds(self) -> float:
        """Seconds in line so far."""
        since = self._queued_since
        return self._queued_seconds + (0.0 if since is None else time.monotonic() - since)

    def begin(self) -> None:
        """Note that the work begins, perhaps once more."""
        self.begun, self.fraction, self._step = True, 0.0, ""

    def progress(self, fraction: float, step: str) -> None:
        """Report how far the task is, 0 to 1, and the step under way."""
        if fraction > self.fraction or step != self._step:
            self.fraction = max(self.fraction, fraction)
            self._step = step
            self.advances += 1
        self._report(fraction, step)

    def cancelled(self) -> bool:
        """Return True when the handler should raise TaskCancelledError soon."""
        return self._stopped

    def stop(self) -> None:
        """Ask the handler to stop."""
        self._stopped = True


class TaskHandler(Protocol):
    """The work itself."""

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        """Do a task on a thread and return the serialized result object.

        Raises:
            TaskCancelledError: `control` was stopped.
            UnavailableError: a server went away. The task starts again when it is back.
            ApplicationError: the task can never succeed. The message is for the user.
            Exception: another attempt may succeed.
        """
        ...


class ProgressReporter:
    """Carries progress from a handler's thread to the event loop, at a limited rate."""

    def __init__(self, publish: Callable[[float, str], Awaitable[None]]) -> None:
        """Call this on the event loop. `publish` runs there."""
        self._publish = publish
        self._loop = asyncio.get_running_loop()
        self._last_time = 0.0
        self._last_step = ""

    def __call__(self, fraction: float, step: str) -> None:
        """Publish if the step is new or some time has passed."""
        now = time.monotonic()
        if step == self._last_step and now - self._last_time < _PROGRESS_SECONDS:
            return
        self._last_time, self._last_step = now, step
        report = self._say(min(1.0, max(0.0, fraction)), step)
        asyncio.run_coroutine_threadsafe(report, self._loop)

    async def _say(self, fraction: float, step: str) -> None:
        await self._publish(fraction, step)
