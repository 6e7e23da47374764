"""What a clock that jumps means for limits of time without progress."""

from typing import cast

import pytest

from common.postgres import Connection
from tests.clocks import Clocks

LIMIT = 3600.0
_CONNECTION = cast(Connection, None)


async def steady(clocks: Clocks) -> bool:
    return await clocks.watch.steady(_CONNECTION, LIMIT)


@pytest.fixture
async def clocks() -> Clocks:
    clocks = Clocks()
    assert await steady(clocks)
    return clocks


async def test_time_that_passes_is_no_jump(clocks: Clocks) -> None:
    for seconds in (5.0, 60.0, 30 * 86_400.0):
        clocks.go_on(seconds)
        assert await steady(clocks)


async def test_small_corrections_are_no_jump(clocks: Clocks) -> None:
    for seconds in (59.0, -59.0, 30.0):
        clocks.jump(seconds)
        assert await steady(clocks)


@pytest.mark.parametrize("seconds", [61.0, 86_400.0])
async def test_limits_begin_again_after_a_jump(clocks: Clocks, seconds: float) -> None:
    clocks.jump(seconds)
    assert not await steady(clocks)
    clocks.go_on(LIMIT - 1)
    assert not await steady(clocks)
    clocks.go_on(1)
    assert await steady(clocks)


async def test_a_clock_that_is_set_back_is_right_again(clocks: Clocks) -> None:
    clocks.jump(86_400.0)
    assert not await steady(clocks)
    clocks.jump(-86_400.0)
    assert await steady(clocks)


async def test_the_last_of_several_jumps_counts(clocks: Clocks) -> None:
    clocks.jump(600.0)
    assert not await steady(clocks)
    clocks.go_on(LIMIT - 1)
    clocks.jump(600.0)
    assert not await steady(clocks)
    clocks.go_on(LIMIT - 1)
    assert not await steady(clocks)
