"""What a clock that jumps means for limits of time without progress."""

import datetime as dt
from typing import Any, cast

import pytest

from common.background.clock_watch import ClockWatch
from common.postgres import Connection

LIMIT = 3600.0
_CONNECTION = cast(Connection, None)


class Clocks:
    """The clock of a database, and the time of a process that goes on unless it sleeps."""

    def __init__(self) -> None:
        self.database = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
        self.process = 1_000.0
        self.watch = ClockWatch(self._read, lambda: self.process)

    async def _read(self, _connection: Any) -> dt.datetime:
        return self.database

    def pass_(self, seconds: float) -> None:
        self.process += seconds
        self.set(seconds)

    def set(self, seconds: float) -> None:
        """Set the clock ahead, or let both sleep."""
        self.database += dt.timedelta(seconds=seconds)

    async def steady(self) -> bool:
        return await self.watch.steady(_CONNECTION, LIMIT)


@pytest.fixture
async def clocks() -> Clocks:
    clocks = Clocks()
    assert await clocks.steady()
    return clocks


async def test_time_that_passes_is_no_jump(clocks: Clocks) -> None:
    for seconds in (5.0, 60.0, 30 * 86_400.0):
        clocks.pass_(seconds)
        assert await clocks.steady()


async def test_small_corrections_are_no_jump(clocks: Clocks) -> None:
    for seconds in (59.0, -59.0, 30.0):
        clocks.set(seconds)
        assert await clocks.steady()


@pytest.mark.parametrize("seconds", [61.0, 86_400.0])
async def test_limits_begin_again_after_a_jump(clocks: Clocks, seconds: float) -> None:
    clocks.set(seconds)
    assert not await clocks.steady()
    clocks.pass_(LIMIT - 1)
    assert not await clocks.steady()
    clocks.pass_(1)
    assert await clocks.steady()


async def test_a_clock_that_is_set_back_is_right_again(clocks: Clocks) -> None:
    clocks.set(86_400.0)
    assert not await clocks.steady()
    clocks.set(-86_400.0)
    assert await clocks.steady()


async def test_the_last_of_several_jumps_counts(clocks: Clocks) -> None:
    clocks.set(600.0)
    assert not await clocks.steady()
    clocks.pass_(LIMIT - 1)
    clocks.set(600.0)
    assert not await clocks.steady()
    clocks.pass_(LIMIT - 1)
    assert not await clocks.steady()
