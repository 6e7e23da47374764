"""Lock to serialize changes of profiles and ledgers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.postgres import Connection, Database, execute

_LEDGER = 0x5E_C0_7A_5D  # any number that no other lock of the schema uses
_TAKE = "SELECT pg_advisory_xact_lock(%s)"
# Writers queue for the lock. A writer that hangs must not block the others indefinitely.
_PATIENCE = "SET LOCAL lock_timeout = '10s'"


@asynccontextmanager
async def ledger(database: Database) -> AsyncIterator[Connection]:
    """Open a transaction with exclusive write access to profiles and ledgers.

    A decision often touches several profiles. Another decision may be moving the rows behind their
    prototypes. Decisions are rare and take milliseconds, so running them one after another is fast
    enough and rules out such conflicts. Reading and recognition take no lock.

    Raises:
        UnavailableError: The server does not answer, or other writers held the lock too long.
    """
    async with database.transaction() as connection:
        await execute(connection, _PATIENCE)
        await execute(connection, _TAKE, (_LEDGER,))
        yield connection
