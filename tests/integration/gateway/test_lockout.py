"""Lock-out of names by attempts to sign in, in a real database."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import pytest

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
