"""Queue of deliveries: noted once per event, leased to one replica, tried again when due."""

import datetime as dt
from dataclasses import dataclass

from common.postgres import Connection, execute, fetch_all, fetch_one, give_work
from gateway.webhooks.payloads import Payload
from gateway.webhooks.webhook import Attempt, DueDelivery

#: Background loop that sends them.
LOOP = "webhook-deliveries"
#: Waiting deliveries of one webhook. Further events are not sent to it.
MOST_WAITING = 10_000
#: Time that a waiting delivery is kept at most, also while its webhook is paused.
LONGEST_WAIT = dt.timedelta(days=4)
#: Failures in a row after which a receiver gets one request at a time.
FAILING = 3
# An event that is received twice is noted once.
_NOTE = """
INSERT INTO webhook_deliveries (
    delivery_id, webhook_id, event_id, event_type, body, created_at, queued_at, due_at
)
SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), w.webhook_id, %(event_id)s,
    %(event_type)s, %(body)s, %(now)s, %(now)s, %(now)s
FROM webhooks AS w
WHERE w.workspace_id = %(workspace_id)s AND %(event_type)s = ANY (w.events)
  AND %(most)s > (
    SELECT count(*) FROM webhook_deliveries AS d
    WHERE d.webhook_id = w.webhook_id AND d.due_at IS NOT NULL
  )
ON CONFLICT (webhook_id, event_id) DO NOTHING
"""
# Counts an attempt before it begins, so that a crash is counted too. Every webhook gives a few, so
# that none of them holds up the others.
_LEASE = """
WITH chosen AS (
    SELECT d.delivery_id FROM webhooks AS w
    CROSS JOIN LATERAL (
        SELECT due.delivery_id, due.due_at FROM webhook_deliveries AS due
        WHERE due.webhook_id = w.webhook_id AND due.due_at <= %(now)s
        ORDER BY due.due_at
        LIMIT greatest(0, %(each)s - (
            SELECT count(*) FROM webhook_deliveries AS busy
            WHERE busy.webhook_id = w.webhook_id AND busy.leased_until > %(now)s
        ))
        FOR UPDATE SKIP LOCKED
    ) AS d
    WHERE w.active AND (w.held_until IS NULL OR w.held_until <= %(now)s)
      AND (w.failures >= %(failing)s) = %(to_failing)s
    ORDER BY d.due_at LIMIT %(limit)s
)
UPDATE webhook_deliveries AS d SET
    attempts = d.attempts + 1,
    tries = d.tries + 1,
    first_attempt_at = coalesce(d.first_attempt_at, %(now)s),
    due_at = %(until)s,
    leased_until = %(until)s
FROM webhooks AS w
WHERE d.delivery_id IN (SELECT delivery_id FROM chosen) AND w.webhook_id = d.webhook_id
RETURNING d.delivery_id, d.webhook_id, w.url, d.event_type, d.body, d.attempts AS attempt, d.tries,
    d.queued_at, d.first_attempt_at, %(now)s::timestamptz AS leased_at, w.secret,
    CASE WHEN w.previous_until > %(now)s THEN w.previous_secret END AS previous_secret
"""
_RELEASE = """
UPDATE webhook_deliveries SET
    attempts = attempts - 1, tries = tries - 1, due_at = %(now)s, leased_until = NULL
WHERE delivery_id = %(delivery_id)s AND attempts = %(attempt)s AND state = 'waiting'
"""
_LOG = """
INSERT INTO webhook_attempts (
    delivery_id, attempt, started_at, milliseconds, status, error, answer
)
SELECT delivery_id, %(attempt)s, %(started_at)s, %(milliseconds)s, %(status)s, %(error)s, %(answer)s
FROM webhook_deliveries WHERE delivery_id = %(delivery_id)s
ON CONFLICT (delivery_id, attempt) DO NOTHING
"""
_DELIVERED = """
UPDATE webhook_deliveries SET
    state = 'delivered', due_at = NULL, leased_until = NULL, ended_at = %(now)s
WHERE delivery_id = %(delivery_id)s
"""
# An attempt whose lease has expired leaves the state to the next one.
_RETRY = """
UPDATE webhook_deliveries SET due_at = %(due_at)s, leased_until = NULL
WHERE delivery_id = %(delivery_id)s AND attempts = %(attempt)s AND state = 'waiting'
"""
_GIVE_UP = """
UPDATE webhook_deliveries SET
    state = 'failed', due_at = NULL, leased_until = NULL, ended_at = %(now)s
WHERE delivery_id = %(delivery_id)s AND attempts = %(attempt)s AND state = 'waiting'
"""
_GIVE_UP_ALL = """
UPDATE webhook_deliveries SET
    state = 'failed', due_at = NULL, leased_until = NULL, ended_at = %(now)s
WHERE webhook_id = %(webhook_id)s AND state = 'waiting'
"""
_SUCCEEDED = """
UPDATE webhooks SET failures = 0, failing_since = NULL, held_until = NULL
WHERE webhook_id = %(webhook_id)s AND (failures > 0 OR held_until IS NOT NULL)
"""
_FAILED = """
UPDATE webhooks SET
    failures = failures + 1,
    failing_since = coalesce(failing_since, %(leased_at)s),
    held_until = greatest(held_until, %(held_until)s)
WHERE webhook_id = %(webhook_id)s
"""
_PAUSE = """
UPDATE webhooks SET active = false, paused_reason = %(reason)s, paused_at = %(now)s
WHERE webhook_id = %(webhook_id)s AND active
  AND (%(failing_since)s::timestamptz IS NULL OR failing_since <= %(failing_since)s)
RETURNING workspace_id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Consequences of a failed attempt."""

    due_at: dt.datetime | None
    """When the next one begins, None after the last."""

    held_until: dt.datetime | None
    """Until when the receiver wants nothing."""


class DeliveryQueue:
    """Waiting deliveries, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def note(
        self, workspace_id: str, event_id: str, payload: Payload, now: dt.datetime
    ) -> int:
        """Note an event for the webhooks of a workspace with its type. Return their number."""
        parameters = {
            "workspace_id": workspace_id,
            "event_id": event_id,
            "event_type": payload.type,
            "body": payload.body,
            "most": MOST_WAITING,
            "now": now,
        }
        noted = await execute(self._connection, _NOTE, parameters)
        if noted:
            give_work(self._connection, LOOP)
        return noted

    async def lease(
        self, *, limit: int, each: int, to_failing: bool, now: dt.datetime, until: dt.datetime
    ) -> list[DueDelivery]:
        """Lease due deliveries, so many of `each` webhook, to failing receivers or to others."""
        parameters = {
            "limit": limit,
            "each": each,
            "failing": FAILING,
            "to_failing": to_failing,
            "now": now,
            "until": until,
        }
        rows = await fetch_all(self._connection, _LEASE, parameters)
        return [
            DueDelivery(
                **{
                    **row,
                    "secret": bytes(row["secret"]),
                    "previous_secret": row["previous_secret"] and bytes(row["previous_secret"]),
                }
            )
            for row in rows
        ]

    async def release(self, due: DueDelivery, now: dt.datetime) -> None:
        """End a lease without an attempt."""
        parameters = {"delivery_id": due.delivery_id, "attempt": due.attempt, "now": now}
        await execute(self._connection, _RELEASE, parameters)

    async def succeeded(self, due: DueDelivery, attempt: Attempt, now: dt.datetime) -> None:
        """Log a successful attempt, and end the delivery."""
        await self._log(due, attempt)
        parameters = {"delivery_id": due.delivery_id, "now": now}
        await execute(self._connection, _DELIVERED, parameters)
        await execute(self._connection, _SUCCEEDED, {"webhook_id": due.webhook_id})

    async def failed(
        self, due: DueDelivery, attempt: Attempt, failure: Failure, now: dt.datetime
    ) -> None:
        """Log a failed attempt. The next one begins later, unless it was the last."""
        await self._log(due, attempt)
        parameters = {
            "delivery_id": due.delivery_id,
            "attempt": due.attempt,
            "due_at": failure.due_at,
            "now": now,
        }
        statement = _GIVE_UP if failure.due_at is None else _RETRY
        await execute(self._connection, statement, parameters)
        parameters = {
            "webhook_id": due.webhook_id,
            "leased_at": due.leased_at,
            "held_until": failure.held_until,
        }
        await execute(self._connection, _FAILED, parameters)

    async def pause(
        self,
        webhook_id: str,
        reason: str,
        now: dt.datetime,
        *,
        failing_since: dt.datetime | None = None,
    ) -> str | None:
        """Pause a webhook. Return its workspace, None if it stays as it is.

        With `failing_since`, only one without a success since then.
        """
        parameters = {
            "webhook_id": webhook_id,
            "reason": reason,
            "failing_since": failing_since,
            "now": now,
        }
        row = await fetch_one(self._connection, _PAUSE, parameters)
        return None if row is None else str(row["workspace_id"])

    async def give_up_all(self, webhook_id: str, now: dt.datetime) -> None:
        """End all waiting deliveries of a webhook."""
        await execute(self._connection, _GIVE_UP_ALL, {"webhook_id": webhook_id, "now": now})

    async def _log(self, due: DueDelivery, attempt: Attempt) -> None:
        await execute(
            self._connection,
            _LOG,
            {
                "delivery_id": due.delivery_id,
                "attempt": attempt.attempt,
                "started_at": attempt.started_at,
                "milliseconds": attempt.milliseconds,
                "status": attempt.status,
                "error": attempt.error,
                "answer": attempt.answer,
            },
        )
