"""Attempts at items: leases, retries, outages, and items set aside."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from common.postgres import Connection, execute, fetch_all, fetch_one

# Between the query for due items and the claim, no other replica may claim and settle one of them.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('background step ' || %s, 0))"
# Counts an attempt before it begins, so that a crash is counted too. The row lock of the upsert
# admits one of several replicas. The others then see a lease in the future.
_CLAIM = """
INSERT INTO item_attempts AS a (step, item, attempts, next_attempt_at)
SELECT %(step)s, item, 1, clock_timestamp() + make_interval(secs => %(lease)s)
FROM unnest(%(items)s::text[]) WITH ORDINALITY AS wanted (item, place) ORDER BY place
ON CONFLICT (step, item) DO UPDATE
SET attempts = a.attempts + 1,
    next_attempt_at = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE a.set_aside_at IS NULL AND a.next_attempt_at <= clock_timestamp()
RETURNING item, attempts, outages,
          extract(epoch FROM clock_timestamp() - first_attempt_at)::double precision AS age
"""
_CLAIM_MESSAGE = """
UPDATE item_attempts
SET attempts = attempts + 1,
    next_attempt_at = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE (step, item) = (
    SELECT step, item FROM item_attempts
    WHERE step = %(step)s AND payload IS NOT NULL AND set_aside_at IS NULL
      AND next_attempt_at <= clock_timestamp()
    ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING item, attempts, outages, subject, headers, payload,
          extract(epoch FROM clock_timestamp() - first_attempt_at)::double precision AS age
"""
_RENEW = """
UPDATE item_attempts SET next_attempt_at = clock_timestamp() + make_interval(secs => %s)
WHERE step = %s AND item = %s AND set_aside_at IS NULL
"""
_SETTLE = "DELETE FROM item_attempts WHERE step = %s AND item = ANY(%s)"
_FORGET = "DELETE FROM item_attempts WHERE step = ANY(%s) AND item = %s"
_RETRY_LATER = """
UPDATE item_attempts
SET error = %(error)s, next_attempt_at = clock_timestamp() + make_interval(secs => %(pause)s)
WHERE step = %(step)s AND item = %(item)s
"""
_POSTPONE = """
UPDATE item_attempts
SET attempts = greatest(0, attempts - 1), outages = outages + 1, error = %(error)s,
    next_attempt_at = clock_timestamp() + make_interval(secs => %(pause)s)
WHERE step = %(step)s AND item = %(item)s
"""
_RELEASE = """
UPDATE item_attempts SET attempts = greatest(0, attempts - 1), next_attempt_at = clock_timestamp()
WHERE step = %s AND item = %s
"""
_SET_ASIDE = """
UPDATE item_attempts SET error = %(error)s, set_aside_at = clock_timestamp()
WHERE step = %(step)s AND item = %(item)s
"""
_KEEP = """
INSERT INTO item_attempts (step, item, attempts, next_attempt_at, subject, headers, payload)
VALUES (%(step)s, %(item)s, %(attempts)s,
        clock_timestamp() + make_interval(secs => %(pause)s), %(subject)s, %(headers)s,
        %(payload)s)
ON CONFLICT (step, item) DO NOTHING
"""
_RESTING = """
SELECT item FROM item_attempts
WHERE step = %s AND item = ANY(%s)
  AND (set_aside_at IS NOT NULL OR next_attempt_at > clock_timestamp())
"""
_ASIDE = """
SELECT step, item, attempts, error, first_attempt_at, set_aside_at FROM item_attempts
WHERE set_aside_at IS NOT NULL AND (%(step)s::text IS NULL OR step = %(step)s)
ORDER BY set_aside_at, step, item LIMIT %(limit)s
"""
_COUNTS = """
SELECT step, count(*) AS items FROM item_attempts WHERE set_aside_at IS NOT NULL GROUP BY step
"""
_RETRY = """
UPDATE item_attempts
SET attempts = 0, outages = 0, first_attempt_at = now(), next_attempt_at = now(),
    set_aside_at = NULL
WHERE set_aside_at IS NOT NULL AND (%(step)s::text IS NULL OR step = %(step)s)
  AND (%(item)s::text IS NULL OR item = %(item)s)
"""
# An item without a message that nothing has claimed for so long is gone from its table.
_PURGE = """
DELETE FROM item_attempts
WHERE set_aside_at IS NULL AND payload IS NULL
  AND next_attempt_at < clock_timestamp() - make_interval(days => 1)
"""
_FIND = """
SELECT item, attempts, outages,
       extract(epoch FROM now() - first_attempt_at)::double precision AS age
FROM item_attempts WHERE step = %s AND item = %s
"""
_DISCARD = """
DELETE FROM item_attempts
WHERE step = %s AND item = %s AND set_aside_at IS NOT NULL AND payload IS NOT NULL
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """A started attempt. `number` counts from 1. `age` is in seconds since the first attempt."""

    item: str
    number: int
    outages: int
    age: float


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptMessage:
    """A message moved here from its stream after it failed."""

    attempt: Attempt
    subject: str
    headers: dict[str, str]
    payload: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class SetAside:
    """An item set aside until a person retries it."""

    step: str
    item: str
    attempts: int
    error: str
    first_attempt_at: dt.datetime
    set_aside_at: dt.datetime


class ItemAttempts:
    """Table of attempts, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self, step: str) -> None:
        """Wait until no other replica is claiming items of a step, and keep others waiting."""
        await fetch_one(self._connection, _LOCK, (step,))

    async def claim(self, step: str, items: Sequence[str], lease: float) -> list[Attempt]:
        """Count an attempt at each item and lease it for `lease` seconds.

        Skip items leased to another replica, waiting for a retry, or set aside.
        """
        if not items:
            return []
        parameters = {"step": step, "items": list(items), "lease": lease}
        return [_attempt(row) for row in await fetch_all(self._connection, _CLAIM, parameters)]

    async def claim_message(self, step: str, lease: float) -> KeptMessage | None:
        """Count an attempt at the next due message and lease it for `lease` seconds."""
        row = await fetch_one(self._connection, _CLAIM_MESSAGE, {"step": step, "lease": lease})
        if row is None:
            return None
        return KeptMessage(
            attempt=_attempt(row),
            subject=row["subject"],
            headers=row["headers"] or {},
            payload=bytes(row["payload"]),
        )

    async def renew(self, step: str, item: str, lease: float) -> None:
        """Extend a lease to `lease` seconds from now."""
        await execute(self._connection, _RENEW, (lease, step, item))

    async def settle(self, step: str, items: Sequence[str]) -> None:
        """Remove the rows of completed items."""
        await execute(self._connection, _SETTLE, (step, list(items)))

    async def forget(self, steps: Sequence[str], item: str) -> None:
        """Forget the attempts at an item in some steps, as when there is new work for it."""
        await execute(self._connection, _FORGET, (list(steps), item))

    async def retry_later(self, step: str, item: str, error: str, pause: float) -> None:
        """Record a failed attempt. The next one begins after at least `pause` seconds."""
        parameters = {"step": step, "item": item, "error": error, "pause": pause}
        await execute(self._connection, _RETRY_LATER, parameters)

    async def postpone(self, step: str, item: str, error: str, pause: float) -> None:
        """Record an attempt ended by an outage, without charging it to the item."""
        parameters = {"step": step, "item": item, "error": error, "pause": pause}
        await execute(self._connection, _POSTPONE, parameters)

    async def release(self, step: str, item: str) -> None:
        """Release a lease without charging an attempt."""
        await execute(self._connection, _RELEASE, (step, item))

    async def set_aside(self, step: str, item: str, error: str) -> None:
        """Set an item aside until a person retries it."""
        await execute(self._connection, _SET_ASIDE, {"step": step, "item": item, "error": error})

    async def keep(
        self,
        step: str,
        item: str,
        *,
        attempts: int,
        pause: float,
        subject: str,
        headers: Mapping[str, str],
        payload: bytes,
    ) -> None:
        """Keep a failed message, to be retried from this table instead of its stream."""
        parameters = {
            "step": step,
            "item": item,
            "attempts": attempts,
            "pause": pause,
            "subject": subject,
            "headers": Jsonb(dict(headers)),
            "payload": payload,
        }
        await execute(self._connection, _KEEP, parameters)

    async def resting(self, step: str, items: Sequence[str]) -> set[str]:
        """Return the items not due: leased, waiting for a retry, or set aside."""
        rows = await fetch_all(self._connection, _RESTING, (step, list(items)))
        return {row["item"] for row in rows}

    async def aside(self, step: str | None = None, limit: int = 1000) -> list[SetAside]:
        """Return items set aside, of one step or of all, oldest first."""
        rows = await fetch_all(self._connection, _ASIDE, {"step": step, "limit": limit})
        return [SetAside(**row) for row in rows]

    async def counts(self) -> dict[str, int]:
        """Return the number of items set aside, by step."""
        return {row["step"]: row["items"] for row in await fetch_all(self._connection, _COUNTS)}

    async def retry(self, step: str | None = None, item: str | None = None) -> int:
        """Make set-aside items due again. Return their number."""
        return await execute(self._connection, _RETRY, {"step": step, "item": item})

    async def discard(self, step: str, item: str) -> bool:
        """Remove a set-aside message. Return whether there was one."""
        return await execute(self._connection, _DISCARD, (step, item)) == 1

    async def purge(self) -> int:
        """Forget items gone from their tables. Return their number."""
        return await execute(self._connection, _PURGE)

    async def find(self, step: str, item: str) -> Attempt | None:
        """Return the state of an item, None when it has not failed."""
        row = await fetch_one(self._connection, _FIND, (step, item))
        return None if row is None else _attempt(row)


def _attempt(row: Mapping[str, Any]) -> Attempt:
    return Attempt(item=row["item"], number=row["attempts"], outages=row["outages"], age=row["age"])
