"""The transcriber's outbox: events, tasks for the workers, and cancellations."""

from collections.abc import Mapping

from common import bus
from common.outbox import Outbox
from common.postgres import Connection, execute
from transcriber.domain.jobs import Stage

SOURCE = "transcriber"

_ADD_TASK = """
INSERT INTO outbox (kind, subject, headers, payload, task_id)
VALUES (%(kind)s, %(subject)s, %(headers)s, %(payload)s, %(task_id)s)
"""
_REMOVE_TASKS = """
DELETE FROM outbox o USING tasks t WHERE o.task_id = t.task_id AND t.job_id = %s
"""
_FORGET = """
DELETE FROM outbox
WHERE starts_with(subject, %(prefix)s) AND NOT subject LIKE '%%.' || %(verb)s
"""


class JobOutbox(Outbox):
    """The table of messages to publish, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, source=SOURCE)

    async def task(
        self, *, task_id: str, release: int, stage: Stage, payload: bytes, trace: Mapping[str, str]
    ) -> None:
        """Add a task for the workers. Each release of a task is a message of its own."""
        headers = {"Nats-Msg-Id": f"{task_id}.{release}", **trace}
        row = self.row("kept", bus.tasks_subject(stage), headers, payload)
        await self.add(_ADD_TASK, {**row, "task_id": task_id})

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
