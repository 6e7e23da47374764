"""In-process wake-ups, and the loop around a step."""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable

from common import logging, telemetry
from common.background import policy
from common.errors import ApplicationError

_log = logging.get(__name__)
_AFTER_OUTAGE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
#: A server that was away may have lost notifications of work.
_LOOK_AFTER_OUTAGE_SECONDS = 5.0


class WakeUp:
    """Wake-up for one waiting task. Notifications before it waits again count as one."""

    def __init__(self) -> None:
        self._notified = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def notify(self) -> None:
        """Wake the waiting task now or, if it is busy, at its next wait."""
        self._notified.set()

    def notify_in(self, seconds: float) -> None:
        """Notify after a number of seconds. Of several times, only the next one is kept."""
        if seconds <= 0:
            self.notify()
            return
        if self._timer is not None:
            # One that is overdue while the loop is busy is still to come.
            if self._remaining(self._timer) <= seconds:
                return
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._ring)

    def due_in(self) -> float:
        """Return the seconds until the waiting task is woken, infinity if that is not known."""
        if self._notified.is_set():
            return 0.0
        return math.inf if self._timer is None else self._remaining(self._timer)

    async def wait(self, seconds: float) -> None:
        """Return when notified, or after a number of seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._notified.wait()
        self._notified.clear()

    def _ring(self) -> None:
        self._timer = None
        self.notify()

    def _remaining(self, timer: asyncio.TimerHandle) -> float:
        return max(0.0, timer.when() - asyncio.get_running_loop().time())


async def repeat(
    name: str, step: Callable[[], Awaitable[object]], *, wake_up: WakeUp, every_seconds: float
) -> None:
    """Repeat a step until cancelled: when notified, and at least every `every_seconds`.

    An outage of a server delays the next step by some seconds. Any other exception is logged and
    counted, and the pause grows up to a minute while it repeats. A failing step never ends the
    process.
    """
    failures = 0
    while True:
        pause = every_seconds
        try:
            await step()
            failures = 0
        except Exception as error:
            if policy.is_outage(error) or isinstance(error, TimeoutError):
                _log.warning("background step delayed", step=name, reason=_text(error))
                await asyncio.sleep(_AFTER_OUTAGE_SECONDS)
                pause = min(pause, _LOOK_AFTER_OUTAGE_SECONDS)
            else:
                failures += 1
                telemetry.STEP_FAILURES.labels(name).inc()
                _log.error("background step failed", step=name, in_a_row=failures, exc_info=error)
                await asyncio.sleep(min(_LONGEST_PAUSE_SECONDS, 2.0 ** min(failures - 1, 10)))
        await wake_up.wait(pause)


def _text(error: Exception) -> str:
    return error.message if isinstance(error, ApplicationError) else repr(error)
