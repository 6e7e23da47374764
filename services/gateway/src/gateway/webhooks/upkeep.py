"""Upkeep of webhooks: old log entries, ended secrets, figures."""

import datetime as dt
from collections.abc import Awaitable, Callable

from common import telemetry
from common.postgres import Database
from gateway.webhooks.delivery_log import DeliveryLog
from gateway.webhooks.store import WebhookStore

_AT_A_TIME = 1000


class WebhookUpkeep:
    """Background loop for waits without success, old entries and ended secrets."""

    def __init__(self, database: Database, *, now: Callable[[], dt.datetime]) -> None:
        self._database = database
        self._now = now

    async def step(self) -> None:
        """Bring everything up to date."""
        now = self._now()
        async with self._database.statements() as connection:
            log, store = DeliveryLog(connection), WebhookStore(connection)
            await _all(lambda: log.expire(now))
            await _all(lambda: log.forget(now))
            await store.forget_secrets(now)
            active, paused = await store.counts()
        telemetry.WEBHOOKS.labels("active").set(active)
        telemetry.WEBHOOKS.labels("paused").set(paused)


async def _all(some: Callable[[], Awaitable[int]]) -> None:
    """Repeat something for a thousand rows at most until no more are left."""
    while await some() == _AT_A_TIME:
        pass
