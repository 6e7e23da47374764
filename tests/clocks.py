"""A clock of a database that a test sets, and the time of a process."""

import datetime as dt

from common.background.clock_watch import ClockWatch
from common.postgres import Connection


class Clocks:
    """Both go on together, unless the first is set or the computer sleeps."""

    def __init__(self) -> None:
        self._database = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
        self._process = 1_000.0
        self.watch = ClockWatch(self._read, lambda: self._process)

    async def _read(self, _connection: Connection) -> dt.datetime:
        return self._database

    def go_on(self, seconds: float) -> None:
        """Let time pass for all."""
        self._process += seconds
        self.jump(seconds)

    def jump(self, seconds: float) -> None:
        """Set the clock of the database, as when it was wrong or the computer slept."""
        self._database += dt.timedelta(seconds=seconds)
