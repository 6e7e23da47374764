"""Work goes on after the clock of the database was ahead for a while."""

from common.background.times_ahead import bring_back
from common.postgres import Database
from transcriber.queue import announcer
from transcriber.store.times_ahead import times_ahead

_TIMES = times_ahead(1800.0)
_TOMORROW = "UPDATE queue_announcement SET announced_at = now() + interval '1 day'"
_SECONDS_LATER = "UPDATE queue_announcement SET announced_at = announced_at - interval '2 seconds'"
_COLUMNS = """
SELECT data_type FROM information_schema.columns WHERE table_name = %s AND column_name = %s
"""


async def test_columns_are_times(database: Database) -> None:
    assert await bring_back(database, _TIMES) == 0
    for one in _TIMES:
        row = await database.fetch_one(_COLUMNS, (one.table, one.column))
        assert row is not None
        assert row["data_type"] == "timestamp with time zone"


async def test_queue_is_announced_again(database: Database) -> None:
    await database.execute(_TOMORROW)
    async with database.transaction() as connection:
        assert not await announcer._claim(connection)
    assert await bring_back(database, _TIMES) == 1
    await database.execute(_SECONDS_LATER)
    async with database.transaction() as connection:
        assert await announcer._claim(connection)
