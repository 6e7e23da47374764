"""Batch steps that handle all items with a few statements, over the rows of a small table."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import ClassVar

import pytest

from common.background.attempts import ItemAttempts
from common.background.policy import Policy
from common.background.steps import BatchStep
from common.errors import UnavailableError
from common.postgres import Connection, Database, execute, fetch_all
from tests.integration.serving import migrated

_SETUP = "CREATE TABLE IF NOT EXISTS errands (name text PRIMARY KEY, done integer DEFAULT 0)"
_DUE = """
SELECT name FROM errands WHERE done = 0 AND NOT item_rests('errands', name) ORDER BY name LIMIT %s
"""
_DO = "UPDATE errands SET done = done + 1 WHERE name = ANY(%s)"
_DONE = "SELECT name FROM errands WHERE done = 1 ORDER BY name"


class Errands(BatchStep[str]):
    """Does each errand once. Errands marked so raise an error."""

    name = "errands"
    items = "errands"
    outcome = "The errand is left out."
    policy: ClassVar[Policy] = Policy(first_pause=3600.0)
    size = 4
    together = True

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.raises: dict[str, Exception] = {}
        self.batches: list[list[str]] = []

    def key(self, item: str) -> str:
        return item

    async def due(self, connection: Connection, limit: int) -> Sequence[str]:
        return [row["name"] for row in await fetch_all(connection, _DUE, (limit,))]

    async def handle(self, connection: Connection, item: str) -> None:
        await self.handle_all(connection, [item])

    async def handle_all(self, connection: Connection, items: Sequence[str]) -> None:
        self.batches.append(list(items))
        await execute(connection, _DO, (list(items),))
        for item in items:
            if item in self.raises:
                raise self.raises[item]


@pytest.fixture
async def errands(postgres_url: Callable[[str], str]) -> AsyncIterator[Errands]:
    """Return the step with errands from a to e."""
    async with migrated(postgres_url("speakers"), "speakers") as database:
        await database.execute(_SETUP)
        await database.execute("TRUNCATE errands, item_attempts")
        await database.execute("INSERT INTO errands SELECT unnest(%s::text[])", (list("abcde"),))
        yield Errands(database)
        await database.execute("TRUNCATE item_attempts")
        await database.execute("DROP TABLE errands")


async def done(errands: Errands) -> str:
    rows = await errands._database.fetch_all(_DONE)
    return "".join(row["name"] for row in rows)


async def test_items_are_handled_together(errands: Errands) -> None:
    await errands.step()
    assert errands.batches == [list("abcd"), ["e"]]
    assert await done(errands) == "abcde"


async def test_failing_item_affects_only_itself(errands: Errands) -> None:
    errands.raises["c"] = ZeroDivisionError()
    await errands.step()
    assert errands.batches[:5] == [list("abcd"), ["a"], ["b"], ["c"], ["d"]]
    assert await done(errands) == "abde"
    async with errands._database.transaction() as connection:
        assert await ItemAttempts(connection).aside("errands") == []


async def test_outage_ends_the_round(errands: Errands) -> None:
    errands.raises["c"] = UnavailableError("away")
    with pytest.raises(UnavailableError):
        await errands.step()
    assert errands.batches == [list("abcd")]
    assert await done(errands) == ""
