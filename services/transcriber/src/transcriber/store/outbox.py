"""Messages that a transaction decides on and that are published after it, come what may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from common import bus, events
from common.postgres import Connection, execute, fetch_all, fetch_one
from securetranscribe.v1 import event_pb2
from transcriber.domain.jobs import Stage

SOURCE = "transcriber"

_ADD = """
INSERT INTO outbox (kind, subject, headers, payload, task_id)
VALUES (%(kind)s, %(subject)s, %(headers)s, %(payload)s, %(task_id)s)
"""
_NEXT = """
SELECT id, kind, subject, headers, payload, task_id FROM outbox ORDER BY id LIMIT %s FOR UPDATE
"""
_REMOVE = "DELETE FROM outbox WHERE id = ANY(%s)"
_REMOVE_TASKS = """
DELETE FROM outbox o USING tasks t WHERE o.task_id = t.task_id AND t.job_id = %s
"""
_PENDING = "SELECT count(*) AS pending FROM outbox"


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxMessage:
    """A message to be published. `kept` ones wait for JetStream's answer."""

    id: int
    kept: bool
    subject: str
    headers: dict[str, str]
    payload: bytes
    task_id: str | None


class Outbox:
    """The table of messages that are still to be published, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def event(self, event: event_pb2.Event) -> None:
        """Adds a public event."""
        ready = events.envelope(event, source=SOURCE)
        await self._add("kept", ready.subject, ready.headers, ready.payload)

    async def task(
        self, *, task_id: str, release: int, stage: Stage, payload: bytes, trace: Mapping[str, str]
    ) -> None:
        """Adds a task for the workers; another release of it is another message."""
        headers = {"Nats-Msg-Id": f"{task_id}.{release}", **trace}
        await self._add("kept", bus.tasks_subject(stage), headers, payload, task_id)

    async def cancellation(self, job_id: str) -> None:
        """Adds what tells workers that a job is over: a lasting note, and a word at once."""
        subject = f"$KV.{bus.CANCELLED_BUCKET}.{job_id}"
        await self._add("kept", subject, {"Nats-Msg-Id": f"cancel {job_id}"}, b"1")
        await self._add("notice", bus.cancel_subject(job_id), {}, b"")

    async def withdraw_tasks(self, job_id: str) -> None:
        """Removes tasks of a job that have not been published yet."""
        await execute(self._connection, _REMOVE_TASKS, (job_id,))

    async def next(self, limit: int) -> list[OutboxMessage]:
        """The oldest messages, locked."""
        return [
            OutboxMessage(
                id=row["id"],
                kept=row["kind"] == "kept",
                subject=row["subject"],
                headers=row["headers"],
                payload=bytes(row["payload"]),
                task_id=None if row["task_id"] is None else str(row["task_id"]),
            )
            for row in await fetch_all(self._connection, _NEXT, (limit,))
        ]

    async def remove(self, ids: Sequence[int]) -> None:
        """Removes messages that have been published."""
        await execute(self._connection, _REMOVE, (list(ids),))

    async def pending(self) -> int:
        """How many messages wait."""
        row = await fetch_one(self._connection, _PENDING)
        return int(row["pending"]) if row else 0

    async def _add(
        self,
        kind: str,
        subject: str,
        headers: Mapping[str, Any],
        payload: bytes,
        task_id: str | None = None,
    ) -> None:
        parameters = {
            "kind": kind,
            "subject": subject,
            "headers": Jsonb(dict(headers)),
            "payload": payload,
            "task_id": task_id,
        }
        await execute(self._connection, _ADD, parameters)
