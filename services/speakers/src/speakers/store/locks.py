"""The one lock that everything which changes profiles or the ledger takes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.postgres import Connection, Database, execute

_LEDGER = 0x5E_C0_7A_5D  # any number that no other lock of the schema uses
_TAKE = "SELECT pg_advisory_xact_lock(%s)"
# Writers come one after another; a writer that hangs must not stop the service for ever.
_PATIENCE = "SET LOCAL lock_timeout = '10s'"


@asynccontextmanager
async def ledger(database: Database) -> AsyncIterator[Connection]:
    """A transaction in which nobody else changes profiles or the ledger.

    People's decisions are few, each takes milliseconds, and many touch several profiles whose
    prototypes follow from rows that another decision may be moving: one after another is the
    order that needs no further thought. Reading and recognising take no lock.

    Raises:
        UnavailableError: the server does not answer, or others held the lock for too long.
    """
    async with database.transaction() as connection:
        await execute(connection, _PATIENCE)
        await execute(connection, _TAKE, (_LEDGER,))
        yield connection
