"""The ledger of erasures: kept complete, and carried out again after a restore."""

import asyncio
from collections.abc import Sequence

from common import logging
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.erasure_ledger import Erasure, ErasureLedger
from common.errors import ApplicationError
from common.postgres import Connection, Database
from transcriber.store import step_names
from transcriber.store.erasures import LEDGER_SECONDS, Erasures

#: How long (seconds) a caller waits for the ledger. The background step writes what is missing.
_AT_ONCE_SECONDS = 5.0
_log = logging.get(__name__)


class LedgerWriter:
    """Copies erasures from the database to the ledger."""

    def __init__(self, database: Database, ledger: ErasureLedger) -> None:
        self._database = database
        self._ledger = ledger

    async def write(self, erasure: Erasure) -> None:
        """Write one erasure.

        Raises:
            UnavailableError: the object store or the database does not answer.
        """
        await self._ledger.add(erasure)
        async with self._database.transaction() as connection:
            await Erasures(connection).written(erasure)

    async def write_soon(self, erasure: Erasure) -> None:
        """Write one erasure now if possible, else leave it to the background step."""
        try:
            async with asyncio.timeout(_AT_ONCE_SECONDS):
                await self.write(erasure)
        except (ApplicationError, TimeoutError) as error:
            _log.warning("erasure not yet in the ledger", key=erasure.key, reason=repr(error))


class LedgerStep(ItemStep[Erasure]):
    """Writes erasures missing from the ledger, after an outage of the object store."""

    name = step_names.LEDGER
    items = "erasures that the ledger in the object store lacks"
    outcome = "A restored backup would bring the erased thing back."
    policy = Policy(most_attempts=20, first_pause=5.0, longest_pause=3600.0, at_a_time=4)

    def __init__(
        self, database: Database, writer: LedgerWriter, *, after_seconds: float = LEDGER_SECONDS
    ) -> None:
        super().__init__(database)
        self._writer = writer
        self._after_seconds = after_seconds

    def key(self, item: Erasure) -> str:
        """Return the key in the ledger."""
        return item.key

    async def due(self, connection: Connection, limit: int) -> Sequence[Erasure]:
        """Return erasures overdue for writing."""
        return await Erasures(connection).unwritten(self._after_seconds, limit)

    async def handle(self, item: Erasure) -> None:
        """Write one erasure."""
        await self._writer.write(item)
