"""Jumps of the clock of the database, after which nobody was idle for as long as it seems."""

import datetime as dt
import time
from collections.abc import Awaitable, Callable

from common import logging
from common.postgres import Connection, server_time

#: Two looks at a busy database differ by less.
_TOLERANCE_SECONDS = 60.0
_log = logging.get(__name__)


class ClockWatch:
    """Compares the clock of the database with the time that passes for this process.

    The clock jumps when it is set, and when a computer wakes up: no time has passed for the
    processes meanwhile. A limit for something without progress must not count that time.
    """

    def __init__(
        self,
        read: Callable[[Connection], Awaitable[dt.datetime]] = server_time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._clock = clock
        self._last: tuple[dt.datetime, float] | None = None
        self._jumped: float | None = None

    async def steady(self, connection: Connection, seconds: float) -> bool:
        """Return whether the clock has not jumped ahead for some seconds, as far as is known.

        To be asked again and again. A jump back ends the wait: the clock is right again.
        """
        now, at = await self._read(connection), self._clock()
        if self._last is not None:
            before, then = self._last
            jump = (now - before).total_seconds() - (at - then)
            if abs(jump) > _TOLERANCE_SECONDS:
                _log.warning(
                    "the clock of the database jumped, limits without progress begin again"
                    if jump > 0
                    else "the clock of the database was set back",
                    seconds=round(jump),
                )
                self._jumped = at if jump > 0 else None
        self._last = (now, at)
        return self._jumped is None or at - self._jumped >= seconds
