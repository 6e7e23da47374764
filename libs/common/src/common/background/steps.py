"""Steps over items in the database, each isolated from the others."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import ClassVar, Generic, TypeVar

import structlog

from common import cancellation, logging, telemetry
from common.background.attempts import Attempt, ItemAttempts
from common.background.policy import (
    OUTAGE_PATIENCE_SECONDS,
    Policy,
    is_outage,
    outage_pause,
    reason,
)
from common.background.wakeups import WakeUp
from common.errors import ApplicationError, TimedOutError
from common.postgres import Connection, Database

_log = logging.get(__name__)
_MOST_ROUNDS = 1000
PROCESS_ENDED = "The process ended at each attempt."
#: A lease survives three failed renewals. After a crash the item is due again when it expires.
LEASE_SECONDS = 20.0
Item = TypeVar("Item")


class Step(ABC):
    """Repeated background work over users' data.

    Every step of a service is in its registry, where the tests of isolation find it.
    """

    name: ClassVar[str]
    #: Kind of item and outcome for an item that always fails, for the documentation.
    items: ClassVar[str]
    outcome: ClassVar[str]
    policy: ClassVar[Policy] = Policy()

    @abstractmethod
    def use(self, wake_up: WakeUp) -> None:
        """Use a wake-up to be taken again in time, as for the next attempt at a failed item."""

    @abstractmethod
    async def step(self) -> None:
        """Handle all items that are due."""


class IsolatedStep(Step, Generic[Item]):
    """Bookkeeping shared by all kinds of steps."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._again = WakeUp()

    def use(self, wake_up: WakeUp) -> None:
        """Use the wake-up for the next attempts at failed items."""
        self._again = wake_up

    @abstractmethod
    def key(self, item: Item) -> str:
        """Return the identifier of an item within this step."""

    async def set_aside(self, connection: Connection, item: Item) -> None:
        """Notify the owner of an item set aside, for example with a warning."""

    async def _failed(self, item: Item, attempt: Attempt, error: BaseException) -> None:
        """Record a failed attempt, and retry the item later or set it aside."""
        if isinstance(error, TimeoutError):
            error = TimedOutError(f"It took longer than {self.policy.timeout:.0f} seconds.")
        telemetry.ITEM_FAILURES.labels(self.name).inc()
        last = attempt.number >= self.policy.most_attempts
        _log.error(
            "item set aside" if last else "item failed and will be retried",
            attempt=attempt.number,
            exc_info=None if isinstance(error, ApplicationError) else error,
            reason=reason(error),
        )
        if last:
            await self._give_up(item, reason(error))
            return
        pause = self.policy.pause(attempt.number)
        async with self._database.transaction() as connection:
            await ItemAttempts(connection).retry_later(
                self.name, self.key(item), reason(error), pause
            )
        self._again.notify_in(pause)

    async def _give_up(self, item: Item, why: str) -> None:
        key = self.key(item)
        try:
            async with self._database.transaction() as connection:
                await self.set_aside(connection, item)
                await ItemAttempts(connection).set_aside(self.name, key, why)
        except Exception as error:
            if is_outage(error):
                raise
            # Set the item aside even if its owner cannot be notified.
            _log.error("owner of an item set aside not notified", exc_info=error)
            async with self._database.transaction() as connection:
                await ItemAttempts(connection).set_aside(self.name, key, why)

    async def _attempt(
        self, item: Item, attempt: Attempt, handle: Callable[[Item], Awaitable[None]]
    ) -> None:
        """Try a claimed item once, under its lease. Raise only when a server is away."""
        if attempt.number > self.policy.most_attempts:
            # Processes died at it before they could record a reason.
            telemetry.ITEM_FAILURES.labels(self.name).inc()
            _log.error("item set aside", reason=PROCESS_ENDED)
            await self._give_up(item, PROCESS_ENDED)
            return
        try:
            async with self._kept(attempt), asyncio.timeout(self.policy.timeout):
                await handle(item)
        except asyncio.CancelledError:
            # The process is stopping, which is not the item's fault.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(1), self._database.transaction() as connection:
                    await ItemAttempts(connection).release(self.name, attempt.item)
            raise
        except Exception as error:
            if is_outage(error) and attempt.age < OUTAGE_PATIENCE_SECONDS:
                with contextlib.suppress(ApplicationError):
                    await self._postpone(attempt, error)
                raise
            await self._failed(item, attempt, error)
            return
        async with self._database.statements() as connection:
            await ItemAttempts(connection).settle(self.name, [attempt.item])

    async def _postpone(self, attempt: Attempt, error: Exception) -> None:
        pause = outage_pause(attempt.outages)
        async with self._database.transaction() as connection:
            await ItemAttempts(connection).postpone(self.name, attempt.item, reason(error), pause)
        self._again.notify_in(pause)

    @contextlib.asynccontextmanager
    async def _kept(self, attempt: Attempt) -> AsyncIterator[None]:
        """Renew the lease of the current item."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(LEASE_SECONDS / 4)
                with contextlib.suppress(ApplicationError):
                    async with self._database.transaction() as connection:
                        await ItemAttempts(connection).renew(self.name, attempt.item, LEASE_SECONDS)

        keeping = asyncio.create_task(keep(), name=f"lease {self.name} {attempt.item}")
        try:
            yield
        finally:
            await cancellation.end([keeping])

    def _bound(self, key: str) -> contextlib.AbstractContextManager[object]:
        return structlog.contextvars.bound_contextvars(step=self.name, item=key)


class ItemStep(IsolatedStep[Item]):
    """A step with one attempt per item, under a lease respected by all replicas.

    The transaction of the claim counts the attempt, so that a crash is counted too. The lease is
    renewed while the item is being handled.
    """

    @abstractmethod
    async def due(self, connection: Connection, limit: int) -> Sequence[Item]:
        """Return at most `limit` due items, without those for which `item_rests` (SQL) is true.

        Changes nothing. Most steps find nothing most of the time, so they look without a lock
        first, and again under it when something was there.
        """

    @abstractmethod
    async def handle(self, item: Item) -> None:
        """Handle one item. Returning settles it. Raising counts as a failed attempt."""

    async def step(self) -> None:
        """Handle all due items.

        Raises:
                ApplicationError, nats.errors.Error: a server is away. The items wait.
        """
        for _ in range(_MOST_ROUNDS):
            async with self._database.statements() as connection:
                if not await self.due(connection, self.policy.at_a_time):
                    return
            async with self._database.transaction() as connection:
                ledger = ItemAttempts(connection)
                await ledger.lock(self.name)
                due = await self.due(connection, self.policy.at_a_time)
                found = {self.key(item): item for item in due}
                attempts = await ledger.claim(self.name, list(found), LEASE_SECONDS)
            if not attempts:
                return
            outcomes = await asyncio.gather(
                *(self._bound_attempt(found[attempt.item], attempt) for attempt in attempts),
                return_exceptions=True,
            )
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _bound_attempt(self, item: Item, attempt: Attempt) -> None:
        with self._bound(attempt.item):
            await self._attempt(item, attempt, self.handle)


class BatchStep(IsolatedStep[Item]):
    """A step over many small items in one transaction, with a savepoint per item.

    Steps that can handle all items of a batch with a few statements set `together` and define
    `handle_all`. If that fails, the items are handled one by one to find the one that fails.
    """

    #: Most items in one transaction.
    size: ClassVar[int] = 100
    #: Whether `handle_all` is tried first.
    together: ClassVar[bool] = False

    @abstractmethod
    async def due(self, connection: Connection, limit: int) -> Sequence[Item]:
        """Take the necessary locks and return at most `limit` due items, as in `ItemStep`."""

    @abstractmethod
    async def handle(self, connection: Connection, item: Item) -> None:
        """Handle one item within the transaction."""

    async def handle_all(self, connection: Connection, items: Sequence[Item]) -> None:
        """Handle all items of a batch within the transaction. Raise if one of them fails."""
        for item in items:
            await self.handle(connection, item)

    async def handled(self, connection: Connection, items: Sequence[Item]) -> None:
        """Finish the successful items of a batch, within the transaction."""

    async def committed(self) -> None:
        """Finish a batch after its transaction."""

    async def step(self) -> None:
        """Handle all due items, batch by batch.

        Raises:
            ApplicationError, nats.errors.Error: a server is away. Nothing of the batch is lost.
        """
        while await self._batch() == self.size:
            pass

    async def _batch(self) -> int:
        failed: list[tuple[Item, Attempt, Exception]] = []
        async with self._database.transaction() as connection:
            items = await self.due(connection, self.size)
            done: list[Item] = []
            if self.together and len(items) > 1 and await self._try_all(connection, items):
                done += items
            for item in items[len(done) :]:
                with self._bound(self.key(item)):
                    problem = await self._try(connection, item)
                if problem is None:
                    done.append(item)
                else:
                    failed.append((item, await self._charged(connection, item), problem))
            if done:
                await self.handled(connection, done)
                await ItemAttempts(connection).settle(self.name, [self.key(item) for item in done])
        for item, attempt, problem in failed:
            with self._bound(attempt.item):
                await self._failed(item, attempt, problem)
        await self.committed()
        return len(items)

    async def _try_all(self, connection: Connection, items: Sequence[Item]) -> bool:
        """Handle all items. Return False if one of them fails, and raise outages."""
        try:
            async with connection.transaction():
                await self.handle_all(connection, items)
        except Exception as error:
            if is_outage(error):
                raise
            _log.warning(
                "batch failed, its items are handled one by one",
                step=self.name,
                count=len(items),
                reason=reason(error),
            )
            return False
        return True

    async def _try(self, connection: Connection, item: Item) -> Exception | None:
        """Handle an item. Return its own error, if any, and raise outages."""
        try:
            async with connection.transaction():
                await self.handle(connection, item)
        except Exception as error:
            if is_outage(error):
                raise
            return error
        return None

    async def _charged(self, connection: Connection, item: Item) -> Attempt:
        """Count an attempt, within the transaction. It continues without the item."""
        key = self.key(item)
        attempts = await ItemAttempts(connection).claim(self.name, [key], LEASE_SECONDS)
        return attempts[0] if attempts else Attempt(item=key, number=1, outages=0, age=0.0)
