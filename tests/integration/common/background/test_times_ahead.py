"""Waits that began while the clock of the database was ahead."""

import datetime as dt
from collections.abc import AsyncIterator, Callable

import pytest

from common.background.registry import Background, Work
from common.background.times_ahead import TimeColumn, bring_back
from common.postgres import Database
from tests.integration.common.background.test_steps import Chores
from tests.integration.serving import migrated

_SETUP = "CREATE TABLE moments (name text PRIMARY KEY, at timestamptz)"
_ADD = "INSERT INTO moments SELECT %s, now() + make_interval(secs => %s)"
_AHEAD = "SELECT name, extract(epoch FROM at - now())::float AS seconds FROM moments"
_ATTEMPTS = """
INSERT INTO item_attempts (step, item, next_attempt_at, set_aside_at)
VALUES ('chores', 'resting', now() + interval '1 day', NULL),
       ('chores', 'aside', now() + interval '1 day', now())
"""
_WAITS = """
SELECT item, extract(epoch FROM next_attempt_at - now())::float AS seconds FROM item_attempts
"""


@pytest.fixture
async def database(postgres_url: Callable[[str], str]) -> AsyncIterator[Database]:
    async with migrated(postgres_url("speakers"), "speakers") as database:
        await database.execute("TRUNCATE item_attempts")
        await database.execute(_SETUP)
        yield database
        await database.execute("DROP TABLE moments")
        await database.execute("TRUNCATE item_attempts")


async def seconds_ahead(database: Database) -> dict[str, float]:
    return {row["name"]: row["seconds"] for row in await database.fetch_all(_AHEAD)}


async def test_only_impossible_times_are_brought_back(database: Database) -> None:
    wanted = {"past": -86_400.0, "now": 0.0, "wait": 300.0, "skewed": 330.0}
    for name, seconds in {**wanted, "hours": 9_000.0, "year": 31_536_000.0}.items():
        await database.execute(_ADD, (name, seconds))
    await database.execute("INSERT INTO moments VALUES ('never', NULL)")
    column = TimeColumn(table="moments", column="at", furthest=300.0)
    assert await bring_back(database, [column]) == 2
    found = await seconds_ahead(database)
    assert found.pop("never") is None
    assert found == pytest.approx({**wanted, "hours": 300.0, "year": 300.0}, abs=20.0)
    assert await bring_back(database, [column]) == 0


async def test_times_of_a_process_are_compared_with_its_clock(database: Database) -> None:
    for name, seconds in {"near": 5_000.0, "far": 90_000.0}.items():
        await database.execute(_ADD, (name, seconds))
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    column = TimeColumn(table="moments", column="at", furthest=900.0, clock=lambda: ahead)
    assert await bring_back(database, [column]) == 1
    found = await seconds_ahead(database)
    assert found == pytest.approx({"near": 5_000.0, "far": 4_500.0}, abs=20.0)


async def test_rows_that_nothing_waits_for_stay(database: Database) -> None:
    for name in ("waiting", "done"):
        await database.execute(_ADD, (name, 86_400.0))
    column = TimeColumn(table="moments", column="at", where="name = 'waiting'")
    assert await bring_back(database, [column]) == 1
    found = await seconds_ahead(database)
    assert found == pytest.approx({"waiting": 0.0, "done": 86_400.0}, abs=20.0)


async def test_attempts_rest_no_longer_than_the_longest_pause(database: Database) -> None:
    background = Background(database, [Work(step=Chores(database), every=60.0)])
    await database.execute(_ATTEMPTS)
    await background.bring_back()
    found = {row["item"]: row["seconds"] for row in await database.fetch_all(_WAITS)}
    assert found == pytest.approx({"resting": 600.0, "aside": 86_400.0}, abs=20.0)
