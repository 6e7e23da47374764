"""Log of deliveries, as owners of webhooks read it."""

import datetime as dt
from collections import defaultdict

from psycopg.rows import DictRow

from common.postgres import Connection, execute, fetch_all, fetch_one, give_work
from gateway.webhooks.delivery_queue import LONGEST_WAIT, LOOP
from gateway.webhooks.payloads import Payload
from gateway.webhooks.webhook import Attempt, Delivery, DeliveryState

#: Time that the log keeps an ended delivery.
KEPT = dt.timedelta(days=7)
_AT_A_TIME = 1000
_ADD = """
INSERT INTO webhook_deliveries (
    delivery_id, webhook_id, event_id, event_type, body, created_at, queued_at, due_at
) VALUES (
    %(delivery_id)s, %(webhook_id)s, %(event_id)s, %(event_type)s, %(body)s, %(now)s, %(now)s,
    %(now)s
) RETURNING *
"""
_PAGE = """
SELECT d.* FROM webhook_deliveries AS d JOIN webhooks AS w USING (webhook_id)
WHERE w.workspace_id = %(workspace_id)s AND d.webhook_id = %(webhook_id)s
  AND (%(state)s::text IS NULL OR d.state = %(state)s)
  AND (%(before)s::bigint IS NULL OR d.number < %(before)s)
ORDER BY d.number DESC LIMIT %(limit)s
"""
_ATTEMPTS = """
SELECT * FROM webhook_attempts WHERE delivery_id = ANY (%(delivery_ids)s)
ORDER BY delivery_id, attempt
"""
_EXISTS = """
SELECT 1 AS one FROM webhook_deliveries
WHERE webhook_id = %(webhook_id)s AND delivery_id = %(delivery_id)s
"""
_SEND_AGAIN = """
UPDATE webhook_deliveries AS d SET
    state = 'waiting', tries = 0, queued_at = %(now)s, first_attempt_at = NULL, due_at = %(now)s,
    ended_at = NULL
FROM webhooks AS w
WHERE w.webhook_id = d.webhook_id AND w.workspace_id = %(workspace_id)s
  AND d.webhook_id = %(webhook_id)s AND d.delivery_id = %(delivery_id)s
  AND (d.leased_until IS NULL OR d.leased_until <= %(now)s)
RETURNING d.*
"""
# Only of a paused webhook. One that is active keeps its pauses between attempts.
_SEND_WAITING = """
UPDATE webhook_deliveries AS d SET due_at = %(now)s
FROM webhooks AS w
WHERE w.webhook_id = d.webhook_id AND w.workspace_id = %(workspace_id)s AND NOT w.active
  AND d.webhook_id = %(webhook_id)s AND d.due_at > %(now)s
  AND (d.leased_until IS NULL OR d.leased_until <= %(now)s)
"""
_EXPIRE = """
UPDATE webhook_deliveries SET
    state = 'failed', due_at = NULL, leased_until = NULL, ended_at = %(now)s
WHERE number IN (
    SELECT number FROM webhook_deliveries
    WHERE due_at IS NOT NULL AND queued_at < %(before)s
      AND (leased_until IS NULL OR leased_until <= %(now)s)
    LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
"""
_FORGET = """
DELETE FROM webhook_deliveries WHERE number IN (
    SELECT number FROM webhook_deliveries WHERE ended_at < %(before)s LIMIT %(most)s
)
"""


class DeliveryLog:
    """All deliveries, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self, delivery_id: str, webhook_id: str, payload: Payload, now: dt.datetime
    ) -> Delivery:
        """Add a message without an event."""
        row = await fetch_one(
            self._connection,
            _ADD,
            {
                "delivery_id": delivery_id,
                "webhook_id": webhook_id,
                "event_id": delivery_id,
                "event_type": payload.type,
                "body": payload.body,
                "now": now,
            },
        )
        assert row is not None
        give_work(self._connection, LOOP)
        return _delivery(row, ())

    async def page(
        self,
        workspace_id: str,
        webhook_id: str,
        *,
        state: DeliveryState | None,
        before: int | None,
        limit: int,
    ) -> list[Delivery]:
        """Return deliveries with their attempts, the latest first, those before a number."""
        parameters = {
            "workspace_id": workspace_id,
            "webhook_id": webhook_id,
            "state": state,
            "before": before,
            "limit": limit,
        }
        return await self._with_attempts(await fetch_all(self._connection, _PAGE, parameters))

    async def exists(self, webhook_id: str, delivery_id: str) -> bool:
        """Return whether a webhook has a delivery."""
        parameters = {"webhook_id": webhook_id, "delivery_id": delivery_id}
        return await fetch_one(self._connection, _EXISTS, parameters) is not None

    async def send_again(
        self, workspace_id: str, webhook_id: str, delivery_id: str, now: dt.datetime
    ) -> Delivery | None:
        """Make a delivery due again. None if it is unknown, or being sent at this moment."""
        parameters = {
            "workspace_id": workspace_id,
            "webhook_id": webhook_id,
            "delivery_id": delivery_id,
            "now": now,
        }
        rows = await fetch_all(self._connection, _SEND_AGAIN, parameters)
        if not rows:
            return None
        give_work(self._connection, LOOP)
        (found,) = await self._with_attempts(rows)
        return found

    async def send_waiting(self, workspace_id: str, webhook_id: str, now: dt.datetime) -> None:
        """Make all waiting deliveries of a paused webhook due, before it becomes active."""
        parameters = {"workspace_id": workspace_id, "webhook_id": webhook_id, "now": now}
        await execute(self._connection, _SEND_WAITING, parameters)

    async def expire(self, now: dt.datetime) -> int:
        """End deliveries after the longest wait. Return their number, up to a thousand."""
        parameters = {"before": now - LONGEST_WAIT, "now": now, "most": _AT_A_TIME}
        return await execute(self._connection, _EXPIRE, parameters)

    async def forget(self, now: dt.datetime) -> int:
        """Delete old deliveries from the log. Return their number, up to a thousand."""
        parameters = {"before": now - KEPT, "most": _AT_A_TIME}
        return await execute(self._connection, _FORGET, parameters)

    async def _with_attempts(self, rows: list[DictRow]) -> list[Delivery]:
        parameters = {"delivery_ids": [row["delivery_id"] for row in rows]}
        found: defaultdict[str, list[Attempt]] = defaultdict(list)
        for row in await fetch_all(self._connection, _ATTEMPTS, parameters):
            delivery_id = row.pop("delivery_id")
            found[delivery_id].append(Attempt(**row))
        return [_delivery(row, tuple(found[row["delivery_id"]])) for row in rows]


def _delivery(row: DictRow, attempts: tuple[Attempt, ...]) -> Delivery:
    return Delivery(
        number=row["number"],
        delivery_id=row["delivery_id"],
        event_id=row["event_id"],
        event_type=row["event_type"],
        state=DeliveryState(row["state"]),
        created_at=row["created_at"],
        next_attempt_at=row["due_at"],
        ended_at=row["ended_at"],
        attempts=attempts,
    )
