"""Connection pool, and migrations: numbered SQL files, each applied once and in order."""

import datetime as dt
import hashlib
import select
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from psycopg.rows import DictRow, dict_row, tuple_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from common import logging, telemetry
from common.errors import ApplicationError, DiskFullError, UnavailableError, ValidationError
from common.settings import PostgresSettings

_log = logging.get(__name__)
_MIGRATION_LOCK = 0x5E_C0_7A_5C  # an arbitrary number, the same in every process

#: Source of the tables common to every service with a schema.
_SHARED_TABLES = "common.background"

_CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_APPLIED = "SELECT name, sha256 FROM schema_migrations"
_RECORD = "INSERT INTO schema_migrations (name, sha256) VALUES (%s, %s)"

#: SQLSTATEs of a transaction ended by the server: a deadlock or a serialization conflict.
_ROLLED_BACK = ("40P01", "40001")
#: Where the server refuses a prepared statement whose columns a migration has changed. The message
#: may be in any language.
_OUTDATED = "RevalidateCachedQuery"
#: Part of the message with which the driver refuses a text. It tells no other way.
_NUL = "cannot contain NUL"
#: A connection unused for this time is asked whether it still works before it is used again.
_TRUSTED_SECONDS = 5.0

Connection = psycopg.AsyncConnection[DictRow]
Row = TypeVar("Row")
#: Notifies a background step, a number of seconds later.
Notify = Callable[[float], None]
# By connection, the steps that its transaction has given work, and in how many seconds it is due.
_given_work: WeakKeyDictionary[Connection, dict[str, float]] = WeakKeyDictionary()


class MigrationError(ApplicationError):
    """A migration in the database differs from its file."""


class Database:
    """Connection pool to one service's schema. Rows are dictionaries."""

    def __init__(self, settings: PostgresSettings) -> None:
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            settings.database_url.get_secret_value(),
            min_size=1,
            max_size=settings.database_pool_size,
            kwargs={"row_factory": dict_row, "autocommit": False, "connect_timeout": 5},
            check=self._check_unless_trusted,
            timeout=10,
            open=False,
        )
        self._used_at: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
        self._steps: dict[str, Notify] = {}

    async def open(self, wait_seconds: float = 60) -> None:
        """Open the pool and wait for the server.

        Raises:
            UnavailableError: the server did not answer in time.
        """
        try:
            await self._pool.open(wait=True, timeout=wait_seconds)
        except PoolTimeout as error:
            raise UnavailableError("The database does not answer. Check DATABASE_URL.") from error

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    def when_given_work(self, step: str, notify: Notify) -> None:
        """Notify a background step after transactions of this process that give it work."""
        self._steps[step] = notify

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Open a transaction: committed at the end, rolled back on an exception.

        Raises:
            UnavailableError: the server does not answer, or ended the transaction because of a
                deadlock or conflict with another one, or of a migration.
            DiskFullError: the server has no room for the transaction.
            ValidationError: a text has a NUL character, which the server cannot store.
        """
        async with self._connection() as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Open a read-only transaction whose statements see the same state of the tables.

        Raises the errors of `transaction`.
        """
        async with self._connection() as connection:
            await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            await connection.set_read_only(True)
            try:
                async with connection.transaction():
                    yield connection
            finally:
                if not connection.closed:
                    await connection.set_isolation_level(None)
                    await connection.set_read_only(None)

    async def fetch_all(self, sql: str, parameters: Any = None) -> list[DictRow]:
        """Run a statement in its own transaction and return all rows."""
        async with self.statements() as connection:
            return await fetch_all(connection, sql, parameters)

    async def fetch_one(self, sql: str, parameters: Any = None) -> DictRow | None:
        """Run a statement in its own transaction and return the first row."""
        async with self.statements() as connection:
            return await fetch_one(connection, sql, parameters)

    async def execute(self, sql: str, parameters: Any = None) -> int:
        """Run a statement in its own transaction and return the number of affected rows."""
        async with self.statements() as connection:
            return await execute(connection, sql, parameters)

    async def check(self) -> None:
        """Raise UnavailableError unless the server answers."""
        await self.fetch_one("SELECT 1 AS one")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.connection() as connection:
                given = _given_work[connection] = {}
                try:
                    yield connection
                finally:
                    self._used_at[connection] = time.monotonic()
            self._notify_steps(given)
        except psycopg.errors.DiskFull as error:
            raise DiskFullError from error
        except psycopg.errors.FeatureNotSupported as error:
            if not _is_outdated(error):
                raise
            # The other connections have such statements as well.
            await self._pool.drain()
            raise UnavailableError("The database was just upgraded. Try again.") from error
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise UnavailableError(_outage(error)) from error
        except psycopg.Error as error:
            if error.sqlstate is None and _NUL in str(error):
                raise ValidationError("NUL characters are not allowed.") from error
            if error.diag.message_primary:
                # The rest quotes rows, and with them names and transcripts. It must not be logged.
                error.args = (error.diag.message_primary,)
            raise

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[Connection]:
        """Yield a connection on which every statement is a transaction of its own.

        This saves the round trips of BEGIN and COMMIT. Raises the errors of `transaction`.
        """
        async with self._connection() as connection:
            await connection.set_autocommit(True)
            try:
                yield connection
            finally:
                if not connection.closed:
                    await connection.set_autocommit(False)

    def _notify_steps(self, given: Mapping[str, float]) -> None:
        """Notify the steps that a committed transaction has given work."""
        for step, after in given.items():
            notify = self._steps.get(step)
            if notify is not None:
                notify(after)

    async def _check_unless_trusted(self, connection: Connection) -> None:
        """Ask the server unless the connection was in use just now and is still open.

        A server that ended a connection has told so, which makes the connection readable.
        """
        idle = time.monotonic() - self._used_at.get(connection, 0.0)
        if idle > _TRUSTED_SECONDS or _is_readable(connection.fileno()):
            await AsyncConnectionPool.check_connection(connection)


def give_work(connection: Connection, step: str, *, after: float = 0.0) -> None:
    """Notify a background step of this process once the transaction has committed.

    Its work is due `after` seconds. Without this, for example after a crash, the step finds the
    work when it looks regularly.
    """
    given = _given_work.setdefault(connection, {})
    given[step] = min(after, given.get(step, after))


async def fetch_all(connection: Connection, sql: str, parameters: Any = None) -> list[DictRow]:
    """Run a statement and return all rows."""
    with telemetry.statement(sql):
        return await (await _executed(connection, connection.execute, sql, parameters)).fetchall()


async def fetch_tuples(
    connection: Connection, sql: str, parameters: Any = None
) -> list[tuple[Any, ...]]:
    """Run a statement and return all rows as tuples, which is faster for many rows."""
    with telemetry.statement(sql):
        async with connection.cursor(row_factory=tuple_row) as cursor:
            return await (await _executed(connection, cursor.execute, sql, parameters)).fetchall()


async def fetch_one(connection: Connection, sql: str, parameters: Any = None) -> DictRow | None:
    """Run a statement and return the first row."""
    with telemetry.statement(sql):
        return await (await _executed(connection, connection.execute, sql, parameters)).fetchone()


async def execute(connection: Connection, sql: str, parameters: Any = None) -> int:
    """Run a statement and return the number of affected rows."""
    with telemetry.statement(sql):
        return (await _executed(connection, connection.execute, sql, parameters)).rowcount


async def server_time(connection: Connection) -> dt.datetime:
    """Return the time of the server, which goes on during a transaction."""
    row = await fetch_one(connection, "SELECT clock_timestamp() AS now")
    assert row is not None
    moment: dt.datetime = row["now"]
    return moment


async def migrate(database: Database, package: str) -> list[str]:
    """Apply the pending migrations of a package and the shared ones. Return their names.

    Concurrent processes wait for each other. Either all pending files apply or none.

    Raises:
        MigrationError: a file has changed since it was applied.
    """
    scripts = {
        item.name: item.read_text(encoding="utf-8")
        for source in (_SHARED_TABLES, package)
        for item in files(source).joinpath("migrations").iterdir()
        if item.name.endswith(".sql")
    }
    done: list[str] = []
    async with database.transaction() as connection:
        await execute(connection, "SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        await execute(connection, _CREATE_TABLE)
        applied = {row["name"]: row["sha256"] for row in await fetch_all(connection, _APPLIED)}
        for name, script in sorted(scripts.items()):
            digest = hashlib.sha256(script.encode()).hexdigest()
            if name not in applied:
                await connection.execute(script.encode())
                await execute(connection, _RECORD, (name, digest))
                done.append(name)
            elif applied[name] != digest:
                raise MigrationError(
                    f"The migration {name} was changed after it was applied. Restore the file."
                )
    if done:
        _log.info("migrated", package=package, applied=done)
    return done


async def _executed(
    connection: Connection,
    execute: Callable[..., Awaitable[psycopg.AsyncCursor[Row]]],
    sql: str,
    parameters: Any,
) -> psycopg.AsyncCursor[Row]:
    """Run a statement, outside of transactions again if it was prepared before a migration."""
    try:
        return await execute(_text(sql), parameters)
    except psycopg.errors.FeatureNotSupported as error:
        if not (connection.autocommit and _is_outdated(error)):
            raise
        # The server refused it before doing anything. The driver sees this, and prepares all again.
        await connection.execute("DEALLOCATE ALL")
        return await execute(_text(sql), parameters)


def _is_outdated(error: psycopg.Error) -> bool:
    return error.diag.source_function == _OUTDATED


def _is_readable(descriptor: int) -> bool:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))


def _outage(error: PoolTimeout | psycopg.OperationalError) -> str:
    if getattr(error, "sqlstate", None) in _ROLLED_BACK:
        return "Another change was made at the same time. Try again."
    return "The database does not answer. Try again soon."


def _text(sql: str) -> bytes:
    # psycopg accepts only literals as text, so that nobody builds SQL from strings. These are
    # named constants, but the type checker loses track of that at a parameter.
    return sql.encode()
