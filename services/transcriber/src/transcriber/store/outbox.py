"""The transcriber's outbox: events, tasks for the workers, and cancellations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from common import bus
from common.outbox import Outbox
from common.postgres import Connection, execute
from transcriber.domain.jobs import Stage

SOURCE = "transcriber"

_ADD_TASKS = """
INSERT INTO outbox (kind, subject, headers, payload, task_id)
SELECT 'kept', subject, headers, payload, task_id
FROM unnest(%(subjects)s::text[], %(headers)s::jsonb[], %(payloads)s::bytea[], %(task_ids)s::uuid[])
    WITH ORDINALITY AS added (subject, headers, payload, task_id, place)
ORDER BY place
"""
_REMOVE_TASKS = """
DELETE FROM outbox o USING tasks t WHERE o.task_id = t.task_id AND t.job_id = %s
"""
_FORGET = """
DELETE FROM outbox
WHERE starts_with(subject, %(prefix)s) AND NOT subject LIKE '%%.' || %(verb)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskMessage:
    """A message that hands out a task. `release` counts from 1 how often it is handed out."""

    task_id: str
    release: int
    stage: Stage
    payload: bytes
    trace: Mapping[str, str]


class JobOutbox(Outbox):
    """The table of messages to publish, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, source=SOURCE)

    async def tasks(self, messages: Sequence[TaskMessage]) -> None:
        """Add tasks for the workers. Each release of a task is a message of its own."""
        parameters = {
            "subjects": [bus.tasks_subject(one.stage) for one in messages],
            "headers": [
                Jsonb({"Nats-Msg-Id": f"{one.task_id}.{one.release}", **one.trace})
                for one in messages
            ],
            "payloads": [one.payload for one in messages],
            "task_ids": [one.task_id for one in messages],
        }
        await self.add(_ADD_TASKS, parameters)

    async def cancellation(self, job_id: str) -> None:
        """Notify workers of a cancelled job, durably and at once."""
        subject = f"$KV.{bus.CANCELLED_BUCKET}.{job_id}"
        await self.keep(subject, {"Nats-Msg-Id": f"cancel {job_id}"}, b"1")
        await self.notice(bus.cancel_subject(job_id))

    async def withdraw_tasks(self, job_id: str) -> None:
        """Remove unpublished tasks of a job."""
        await execute(self._connection, _REMOVE_TASKS, (job_id,))

    async def forget(self, prefix: str, kept_verb: str) -> None:
        """Remove unpublished messages by the beginning of their subjects, except one verb."""
        await execute(self._connection, _FORGET, {"prefix": prefix, "verb": kept_verb})
