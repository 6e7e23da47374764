"""Dead letters: tasks at which workers died at every delivery, kept for analysis."""

from common.background.attempts import SetAside
from common.postgres import Connection, execute, fetch_all
from transcriber.domain.jobs import Task

#: Name under which `set-aside list` shows dead letters. There is no step to retry them: the job
#: has failed, and its owner can start it again.
LISTED_AS = "dead-tasks"

_ADD = """
INSERT INTO dead_tasks (task_id, job_id, stage, deliveries, payload)
VALUES (%(task_id)s, %(job_id)s, %(stage)s, %(deliveries)s, %(payload)s)
"""
_DELETE_OLD = "DELETE FROM dead_tasks WHERE kept_at < now() - make_interval(days => 30)"
_DELETE_OF = """
DELETE FROM dead_tasks d USING jobs j WHERE j.job_id = d.job_id AND j.transcription_id = %s
"""
_LATEST = """
SELECT task_id, job_id, stage, deliveries, kept_at FROM dead_tasks ORDER BY id DESC LIMIT %s
"""


class DeadLetters:
    """Table of dead letters, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, task: Task, *, deliveries: int, payload: bytes) -> None:
        """Keep the message of a task delivered too often."""
        parameters = {
            "task_id": task.task_id,
            "job_id": task.job_id,
            "stage": task.stage,
            "deliveries": deliveries,
            "payload": payload,
        }
        await execute(self._connection, _ADD, parameters)

    async def delete_old(self) -> None:
        """Delete dead letters older than 30 days."""
        await execute(self._connection, _DELETE_OLD)

    async def delete_of(self, transcription_id: int) -> None:
        """Delete the dead letters of a transcription's jobs. Call this before deleting the jobs."""
        await execute(self._connection, _DELETE_OF, (transcription_id,))

    async def listed(self, limit: int = 1000) -> list[SetAside]:
        """Return the latest dead letters, oldest first, in the form of items set aside."""
        rows = await fetch_all(self._connection, _LATEST, (limit,))
        return [
            SetAside(
                step=LISTED_AS,
                item=str(row["task_id"]),
                attempts=row["deliveries"],
                error=f"Workers died at the task {row['stage']} of {row['job_id']}.",
                first_attempt_at=row["kept_at"],
                set_aside_at=row["kept_at"],
            )
            for row in reversed(rows)
        ]
