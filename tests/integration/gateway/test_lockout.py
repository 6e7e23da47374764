"""Lock-out of names by attempts to sign in, in a real database."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import pytest

from common.background.times_ahead import bring_back
from common.errors import ResourceExhaustedError
from common.postgres import Database
from gateway.accounts.lockout import Lockout
from gateway.sessions.session import utc_now
from tests.integration.gateway.accounts import start_over

HERE, ELSEWHERE = "192.0.2.1", "198.51.100.1"


@pytest.fixture
async def lockout(database: Database) -> AsyncIterator[Lockout]:
    """Lock names after 2 failures from one network, and 20 from anywhere."""
    await start_over(database)
    yield Lockout(database, "secret", attempts=2, lasts=dt.timedelta(minutes=15))
    await start_over(database)


async def test_successful_sign_ins_never_lock_a_name(lockout: Lockout) -> None:
    for _ in range(25):
        await lockout.attempt("Bob", HERE, utc_now())
        await lockout.succeeded("Bob", HERE)
    await lockout.attempt("Bob", ELSEWHERE, utc_now())


async def test_a_success_leaves_the_failures_of_other_networks(lockout: Lockout) -> None:
    for number in range(19):
        await lockout.attempt("Bob", f"203.0.{number}.1", utc_now())
    await lockout.attempt("Bob", HERE, utc_now())
    await lockout.succeeded("Bob", HERE)
    await lockout.attempt("Bob", ELSEWHERE, utc_now())
    with pytest.raises(ResourceExhaustedError):
        await lockout.attempt("Bob", HERE, utc_now())


async def test_attempts_at_the_same_time_are_limited(lockout: Lockout) -> None:
    attempts = [lockout.attempt("Bob", HERE, utc_now()) for _ in range(10)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert outcomes.count(None) == 2
    assert sum(isinstance(one, ResourceExhaustedError) for one in outcomes) == 8


async def test_a_burst_from_one_network_locks_no_other(lockout: Lockout) -> None:
    burst = [lockout.attempt("Bob", HERE, utc_now()) for _ in range(60)]
    outcomes = await asyncio.gather(*burst, return_exceptions=True)
    assert outcomes.count(None) == 2
    # Refused attempts count for nobody.
    await lockout.attempt("Bob", ELSEWHERE, utc_now())
    await lockout.succeeded("Bob", ELSEWHERE)


async def test_a_clock_that_was_ahead_locks_no_name_for_longer(
    lockout: Lockout, database: Database
) -> None:
    for _ in range(2):
        await lockout.attempt("Bob", HERE, utc_now() + dt.timedelta(days=2))
    await bring_back(database, [lockout.time(utc_now)])
    with pytest.raises(ResourceExhaustedError) as refused:
        await lockout.attempt("Bob", HERE, utc_now())
    assert int(refused.value.details["retry_after_seconds"]) == pytest.approx(900, abs=20)


async def test_bursts_from_many_networks_are_limited_together(lockout: Lockout) -> None:
    burst = [
        lockout.attempt("Bob", f"203.0.{number}.1", utc_now())
        for number in range(15)
        for _ in range(3)
    ]
    outcomes = await asyncio.gather(*burst, return_exceptions=True)
    assert outcomes.count(None) == 20
    with pytest.raises(ResourceExhaustedError):
        await lockout.attempt("Bob", ELSEWHERE, utc_now())
    await lockout.attempt("Ada", HERE, utc_now())


async def test_successes_at_the_same_time_leave_no_failures(lockout: Lockout) -> None:
    async def visit(number: int) -> None:
        address = f"203.0.{number}.1"
        await lockout.attempt("Bob", address, utc_now())
        await lockout.succeeded("Bob", address)

    for _ in range(3):
        await asyncio.gather(*(visit(number) for number in range(15)))
    # Otherwise 20 failures from anywhere would be counted by now.
    await lockout.attempt("Bob", HERE, utc_now())
    await lockout.attempt("Bob", HERE, utc_now())


async def test_refused_attempts_do_not_prolong_the_lock(lockout: Lockout) -> None:
    begun = utc_now()
    for _ in range(2):
        await lockout.attempt("Bob", HERE, begun)
    for minutes in (5, 10, 14):
        with pytest.raises(ResourceExhaustedError) as refused:
            await lockout.attempt("Bob", HERE, begun + dt.timedelta(minutes=minutes))
        left = int(refused.value.details["retry_after_seconds"])
        assert left == pytest.approx((15 - minutes) * 60, abs=1)
    await lockout.attempt("Bob", HERE, begun + dt.timedelta(minutes=16))
