import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from common import postgres
from common.errors import ConflictError, DiskFullError, UnavailableError, ValidationError
from common.postgres import Database, MigrationError, migrate
from common.settings import PostgresSettings
from devstack.stack import EmbeddedServers

URL = Callable[[str], str]
_SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(300)'"


#: Migrations of every service with a schema.
SHARED = sorted(
    item.name
    for item in files("common.background").joinpath("migrations").iterdir()
    if item.name.endswith(".sql")
)


@pytest.fixture
async def database(empty_schema: str) -> AsyncIterator[Database]:
    """Yield a database with an empty schema."""
    settings = PostgresSettings(database_url=SecretStr(empty_schema), database_pool_size=4)
    database = Database(settings)
    await database.open(20)
    yield database
    await database.close()


@pytest.fixture
async def things(database: Database) -> Database:
    await database.execute("CREATE TABLE things (id int PRIMARY KEY, name text NOT NULL)")
    return database


class Package:
    """A package with migrations."""

    def __init__(self, directory: Path) -> None:
        self.name = directory.name
        self._directory = directory / "migrations"
        self._directory.mkdir(parents=True)
        (directory / "__init__.py").touch()

    def write(self, name: str, script: str) -> None:
        (self._directory / name).write_text(script, encoding="utf-8")

    def remove(self, name: str) -> None:
        (self._directory / name).unlink()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    monkeypatch.syspath_prepend(str(tmp_path))
    package = Package(tmp_path / f"package_{uuid.uuid4().hex}")
    package.write("0001_things.sql", "CREATE TABLE things (id int); INSERT INTO things VALUES (1);")
    package.write("0002_names.sql", "ALTER TABLE things ADD name text DEFAULT '100 % Größe'")
    package.write("README.md", "not SQL")
    return package


async def test_rows_are_dictionaries(things: Database) -> None:
    assert await things.execute("INSERT INTO things VALUES (1, 'a'), (2, 'b')") == 2

    assert await things.fetch_one("SELECT * FROM things WHERE id = %s", (2,)) == {
        "id": 2,
        "name": "b",
    }
    assert await things.fetch_one("SELECT * FROM things WHERE id = 3") is None
    assert await things.fetch_all(
        "SELECT name FROM things WHERE name = ANY(%(names)s) ORDER BY id", {"names": ["a", "b"]}
    ) == [{"name": "a"}, {"name": "b"}]
    await things.check()


async def test_transaction_is_atomic(things: Database) -> None:
    async def change_of_mind() -> None:
        async with things.transaction() as connection:
            await postgres.execute(connection, "INSERT INTO things VALUES (1, 'a')")
            raise ConflictError("No.")

    with pytest.raises(ConflictError):
        await change_of_mind()
    assert await things.fetch_all("SELECT * FROM things") == []

    async with things.transaction() as connection:
        await postgres.execute(connection, "INSERT INTO things VALUES (1, 'a')")
        await postgres.execute(connection, "INSERT INTO things VALUES (2, 'b')")
    assert len(await things.fetch_all("SELECT * FROM things")) == 2


async def test_snapshot_does_not_see_later_changes(things: Database) -> None:
    count = "SELECT count(*) AS count FROM things"

    async with things.snapshot() as connection:
        assert await postgres.fetch_one(connection, count) == {"count": 0}
        await things.execute("INSERT INTO things VALUES (1, 'a')")
        assert await postgres.fetch_one(connection, count) == {"count": 0}

    assert await things.fetch_one(count) == {"count": 1}


async def test_snapshot_is_for_reading_only(things: Database) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        async with things.snapshot() as connection:
            await postgres.execute(connection, "INSERT INTO things VALUES (1, 'a')")

    # All connections of the pool can write.
    async with asyncio.TaskGroup() as group:
        for number in range(8):
            group.create_task(things.execute("INSERT INTO things VALUES (%s, 'a')", (number,)))
    async with things.transaction() as connection:
        level = await postgres.fetch_one(connection, "SHOW transaction_isolation")
    assert level == {"transaction_isolation": "read committed"}


async def test_connections_ended_by_the_server_are_not_used(
    things: Database, empty_schema: str
) -> None:
    own = "SELECT pg_backend_pid() AS pid"
    async with things.transaction() as first, things.transaction() as second:
        pids = [await postgres.fetch_one(one, own) for one in (first, second)]
    with psycopg.connect(empty_schema, autocommit=True) as server:
        for row in pids:
            assert row is not None
            server.execute("SELECT pg_terminate_backend(%s, 10000)", (row["pid"],))

    for _ in range(4):
        await things.check()


async def test_steps_are_notified_of_work_once_it_is_committed(things: Database) -> None:
    notified: list[tuple[str, float]] = []
    things.when_given_work("now", lambda after: notified.append(("now", after)))
    things.when_given_work("later", lambda after: notified.append(("later", after)))
    async with things.transaction() as connection:
        postgres.give_work(connection, "later", after=9.0)
        postgres.give_work(connection, "later", after=5.0)
        postgres.give_work(connection, "now")
        postgres.give_work(connection, "of another service")
        assert notified == []
    assert notified == [("later", 5.0), ("now", 0.0)]


async def test_steps_are_not_notified_of_work_that_is_rolled_back(things: Database) -> None:
    notified: list[float] = []
    things.when_given_work("step", notified.append)

    async def fail() -> None:
        async with things.transaction() as connection:
            postgres.give_work(connection, "step")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    for _ in range(5):  # more often than there are connections
        await things.check()
    assert notified == []


async def test_constraint_violation_is_not_an_outage(things: Database) -> None:
    await things.execute("INSERT INTO things VALUES (1, 'a')")

    with pytest.raises(psycopg.errors.UniqueViolation):
        await things.execute("INSERT INTO things VALUES (1, 'a')")
    assert await things.fetch_one("SELECT count(*) AS count FROM things") == {"count": 1}


async def test_errors_do_not_quote_rows(things: Database) -> None:
    with pytest.raises(psycopg.errors.NotNullViolation) as raised:
        await things.execute("INSERT INTO things SELECT NULL, 'words of a transcript'")

    assert "words of a transcript" not in str(raised.value)
    assert 'null value in column "id"' in str(raised.value)
    assert raised.value.diag.column_name == "id"


@pytest.mark.parametrize("sql", ["SELECT %s::text AS one", "SELECT unnest(%s::text[]) AS one"])
async def test_nul_characters_are_refused(things: Database, sql: str) -> None:
    text = "a\0b"
    with pytest.raises(ValidationError, match="NUL"):
        await things.fetch_all(sql, ([text] if "[]" in sql else text,))
    assert await things.fetch_one("SELECT 1 AS one") == {"one": 1}


async def test_a_full_disk_is_told_apart(things: Database) -> None:
    with pytest.raises(DiskFullError, match="disk is full"):
        await things.execute(
            "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
        )

    assert await things.execute("INSERT INTO things VALUES (1, 'a')") == 1


async def test_cancelled_transaction_is_rolled_back_and_frees_its_connection(
    things: Database, empty_schema: str
) -> None:
    async def slow(number: int) -> None:
        async with things.transaction() as connection:
            await postgres.execute(connection, "INSERT INTO things VALUES (%s, 'a')", (number,))
            await postgres.execute(connection, "SELECT pg_sleep(300)")

    tasks = [asyncio.create_task(slow(number)) for number in range(4)]
    async with asyncio.timeout(60):
        # Postgres ignores a request to cancel between two statements.
        async with await psycopg.AsyncConnection.connect(empty_schema, autocommit=True) as other:
            cursor = other.cursor()
            while (await (await cursor.execute(_SLEEPING)).fetchone()) != (4,):  # noqa: ASYNC110 - nothing to wait for
                await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert await things.fetch_all("SELECT * FROM things") == []


async def test_broken_connection_is_replaced(things: Database) -> None:
    with pytest.raises(UnavailableError):
        async with things.transaction() as connection:
            await postgres.execute(connection, "SELECT pg_terminate_backend(pg_backend_pid())")

    await things.check()


_RENAME = "UPDATE things SET name = 'c' WHERE id = %s"


async def test_deadlock_can_be_retried(things: Database) -> None:
    await things.execute("INSERT INTO things VALUES (1, 'a'), (2, 'b')")
    met = asyncio.Barrier(2)

    async def change(first: int, second: int) -> None:
        async with things.transaction() as connection:
            await postgres.execute(connection, _RENAME, (first,))
            await met.wait()
            await postgres.execute(connection, _RENAME, (second,))

    results = await asyncio.gather(change(1, 2), change(2, 1), return_exceptions=True)
    (refused,) = [result for result in results if result is not None]
    assert isinstance(refused, UnavailableError)
    assert "at the same time" in refused.message


_ALL = "SELECT * FROM things"
#: More often than the driver waits before it prepares a statement.
_OFTEN = 10


async def test_statements_survive_new_columns(things: Database) -> None:
    await things.execute("INSERT INTO things VALUES (1, 'a')")
    async with things.statements() as connection:
        for _ in range(_OFTEN):
            await postgres.fetch_all(connection, _ALL)
        # By another connection: the driver forgets the statements of one that alters a table.
        await things.execute("ALTER TABLE things ADD COLUMN age int NOT NULL DEFAULT 3")
        expected = [{"id": 1, "name": "a", "age": 3}]
        assert await postgres.fetch_all(connection, _ALL) == expected


async def test_transactions_can_be_repeated_after_new_columns(things: Database) -> None:
    async def read() -> list[dict[str, Any]]:
        async with things.transaction() as connection:
            return await postgres.fetch_all(connection, _ALL)

    async def prepared() -> None:
        async with things.transaction() as one, things.transaction() as other:
            for connection in (one, other):
                for _ in range(_OFTEN):
                    await postgres.fetch_all(connection, _ALL)

    await prepared()
    await things.execute("ALTER TABLE things ADD COLUMN age int")
    with pytest.raises(UnavailableError, match="Try again"):
        await read()
    # No other connection has the statement either.
    for _ in range(4):
        assert await read() == []


async def test_server_dies_and_returns(things: Database, servers: EmbeddedServers) -> None:
    await things.execute("INSERT INTO things VALUES (1, 'a')")
    things._pool.timeout = 1
    servers.process("postgres").kill()
    try:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(UnavailableError):
            await things.fetch_all("SELECT * FROM things")
        assert asyncio.get_running_loop().time() - begun < 15
    finally:
        await servers.restart("postgres")

    async with asyncio.timeout(20):
        while True:
            try:
                assert await things.fetch_all("SELECT id FROM things") == [{"id": 1}]
            except UnavailableError:
                continue
            break


async def test_waiting_for_a_server_ends(unused_port: int) -> None:
    settings = PostgresSettings(
        database_url=SecretStr(f"postgresql://u:secret@127.0.0.1:{unused_port}/db")
    )
    database = Database(settings)

    with pytest.raises(UnavailableError, match="DATABASE_URL") as raised:
        await database.open(1)

    assert "secret" not in str(raised.value)
    await database.close()


async def test_migrations_apply_once_and_in_order(database: Database, package: Package) -> None:
    own = ["0001_things.sql", "0002_names.sql"]
    assert await migrate(database, package.name) == [*own, *SHARED]
    assert await migrate(database, package.name) == []
    assert await database.fetch_all("SELECT * FROM things") == [{"id": 1, "name": "100 % Größe"}]

    package.write("0003_more.sql", "INSERT INTO things VALUES (2)")
    assert await migrate(database, package.name) == ["0003_more.sql"]
    recorded = await database.fetch_all("SELECT name, sha256 FROM schema_migrations ORDER BY name")
    assert [row["name"] for row in recorded] == [
        *own,
        "0003_more.sql",
        *SHARED,
    ]
    assert recorded[2]["sha256"] == hashlib.sha256(b"INSERT INTO things VALUES (2)").hexdigest()


async def test_failing_migration_rolls_back_all(database: Database, package: Package) -> None:
    package.write("0003_broken.sql", "INSERT INTO nowhere VALUES (1)")
    with pytest.raises(psycopg.errors.UndefinedTable):
        await migrate(database, package.name)

    package.write("0003_broken.sql", "INSERT INTO things VALUES (2)")
    assert len(await migrate(database, package.name)) == 3 + len(SHARED)


async def test_applied_migration_must_not_change(database: Database, package: Package) -> None:
    await migrate(database, package.name)
    package.write("0001_things.sql", "CREATE TABLE others (id int)")
    package.write("0003_more.sql", "INSERT INTO things VALUES (2)")

    with pytest.raises(MigrationError, match=r"0001_things\.sql was changed"):
        await migrate(database, package.name)

    assert len(await database.fetch_all("SELECT * FROM things")) == 1


async def test_applied_migration_without_a_file_is_ignored(
    database: Database, package: Package
) -> None:
    """A previous version can start again on a newer schema."""
    await migrate(database, package.name)
    package.remove("0002_names.sql")
    package.write("0003_more.sql", "INSERT INTO things VALUES (2)")

    assert await migrate(database, package.name) == ["0003_more.sql"]


async def test_concurrent_processes_migrate_once(database: Database, package: Package) -> None:
    package.write("0000_slow.sql", "SELECT pg_sleep(0.2)")

    applied = await asyncio.gather(*(migrate(database, package.name) for _ in range(4)))

    assert sorted(len(names) for names in applied) == [0, 0, 0, 3 + len(SHARED)]
    assert await database.fetch_one("SELECT count(*) AS count FROM things") == {"count": 1}
