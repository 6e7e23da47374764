"""A pool of connections, and migrations: numbered SQL files, each applied once, in order."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from common import logging, telemetry
from common.errors import DiskFullError, UnavailableError
from common.settings import PostgresSettings

_log = logging.get(__name__)
_MIGRATION_LOCK = 0x5E_C0_7A_5C  # any number that every process of the deployment agrees on

#: Tables that every service with a schema has in it.
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

#: Of two transactions that cannot both go on, the server ends one: a deadlock, a conflict.
_ROLLED_BACK = ("40P01", "40001")

Connection = psycopg.AsyncConnection[DictRow]


class MigrationError(Exception):
    """The database has a migration that differs from the file of that name."""


class Database:
    """A pool of connections to one service's schema. Rows come as dictionaries."""

    def __init__(self, settings: PostgresSettings) -> None:
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            settings.database_url.get_secret_value(),
            min_size=1,
            max_size=settings.database_pool_size,
            kwargs={"row_factory": dict_row, "autocommit": False, "connect_timeout": 5},
            check=AsyncConnectionPool.check_connection,
            timeout=10,
            open=False,
        )

    async def open(self, wait_seconds: float = 60) -> None:
        """Opens the pool and waits for the server.

        Raises:
            UnavailableError: no connection came in time.
        """
        try:
            await self._pool.open(wait=True, timeout=wait_seconds)
        except PoolTimeout as error:
            raise UnavailableError("The database does not answer; check DATABASE_URL.") from error

    async def close(self) -> None:
        """Closes every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection in a transaction: committed at the end, rolled back on an exception.

        Raises:
            UnavailableError: the server does not answer, or could not order this transaction
                and another.
            DiskFullError: the server has no room for what the transaction writes.
        """
        try:
            async with self._pool.connection() as connection:
                yield connection
        except psycopg.errors.DiskFull as error:
            raise DiskFullError from error
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise UnavailableError(_outage(error)) from error
        except psycopg.Error as error:
            if error.diag.message_primary:
                # The rest quotes rows, which hold names and transcripts, and would be logged.
                error.args = (error.diag.message_primary,)
            raise

    async def fetch_all(self, sql: str, parameters: Any = None) -> list[DictRow]:
        """All rows of one statement in its own transaction."""
        async with self.transaction() as connection:
            return await fetch_all(connection, sql, parameters)

    async def fetch_one(self, sql: str, parameters: Any = None) -> DictRow | None:
        """The first row of one statement in its own transaction."""
        async with self.transaction() as connection:
            return await fetch_one(connection, sql, parameters)

    async def execute(self, sql: str, parameters: Any = None) -> int:
        """Rows that one statement in its own transaction concerned."""
        async with self.transaction() as connection:
            return await execute(connection, sql, parameters)

    async def check(self) -> None:
        """Raises UnavailableError unless the server answers."""
        await self.fetch_one("SELECT 1 AS one")


async def fetch_all(connection: Connection, sql: str, parameters: Any = None) -> list[DictRow]:
    """All rows of one statement."""
    with telemetry.statement(sql):
        return await (await connection.execute(_text(sql), parameters)).fetchall()


async def fetch_one(connection: Connection, sql: str, parameters: Any = None) -> DictRow | None:
    """The first row of one statement."""
    with telemetry.statement(sql):
        return await (await connection.execute(_text(sql), parameters)).fetchone()


async def execute(connection: Connection, sql: str, parameters: Any = None) -> int:
    """Rows that one statement concerned."""
    with telemetry.statement(sql):
        return (await connection.execute(_text(sql), parameters)).rowcount


async def migrate(database: Database, package: str) -> list[str]:
    """Apply the missing `migrations/*.sql` of a package and the shared ones; return their names.

    Processes that start together wait for each other. All pending files apply, or none.

    Raises:
        MigrationError: an applied file has been changed since.
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
                    f"{package}/migrations/{name} was changed after it was applied"
                )
    if done:
        _log.info("migrated", package=package, applied=done)
    return done


def _outage(error: PoolTimeout | psycopg.OperationalError) -> str:
    if getattr(error, "sqlstate", None) in _ROLLED_BACK:
        return "Another change was made at the same time; try again."
    return "The database does not answer; try again soon."


def _text(sql: str) -> bytes:
    # psycopg asks for literals so that nobody builds SQL from strings; ours are named constants,
    # which the type checker cannot tell once they pass through a parameter.
    return sql.encode()
