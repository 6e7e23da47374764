"""Load of the whole system, as administrators see it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from common.postgres import Connection, fetch_all, fetch_one
from transcriber.domain.jobs import WORKER_STAGES, Stage

_STAGES = """
SELECT t.stage, count(*) FILTER (WHERE t.state <> 'running') AS waiting,
       count(*) FILTER (WHERE t.state = 'running') AS running
FROM tasks t JOIN jobs j USING (job_id)
WHERE t.state IN ('waiting', 'released', 'running') AND j.status IN ('queued', 'processing')
GROUP BY t.stage
"""
_OLDEST = """
SELECT extract(epoch FROM now() - min(created_at))::double precision AS seconds
FROM jobs WHERE status = 'queued'
"""
# Each half has an index of its own.
_LAST_HOUR = """
WITH ended AS (
    SELECT transcription_id, status, completed_at FROM jobs
    WHERE status = 'completed' AND completed_at >= now() - interval '1 hour'
    UNION ALL
    SELECT transcription_id, status, completed_at FROM jobs
    WHERE status = 'failed' AND completed_at >= now() - interval '1 hour'
)
SELECT start, count(*) FILTER (WHERE e.status = 'completed') AS completed,
       count(*) FILTER (WHERE e.status = 'failed') AS failed,
       coalesce(sum(t.duration) FILTER (WHERE e.status = 'completed'), 0)::double precision
           AS sound_seconds
FROM generate_series(now() - interval '1 hour', now() - interval '5 minutes',
                     interval '5 minutes') AS start
LEFT JOIN ended e ON e.completed_at >= start
                 AND (e.completed_at < start + interval '5 minutes'
                      OR start = now() - interval '5 minutes')
LEFT JOIN transcriptions t ON t.id = e.transcription_id
GROUP BY start ORDER BY start
"""
_TASKS = """
SELECT k.task_id::text AS task_id, k.fraction, t.duration AS sound_seconds
FROM tasks k JOIN transcriptions t ON t.id = k.transcription_id
WHERE k.task_id = ANY(%s::uuid[])
"""
_UNPUBLISHED = "SELECT count(*) AS messages FROM outbox"


@dataclass(frozen=True, kw_only=True, slots=True)
class StageLoad:
    """Tasks of a stage."""

    waiting: int = 0
    running: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Throughput:
    """Jobs that ended in five minutes, and the length of the completed ones' recordings."""

    start: dt.datetime
    completed: int
    failed: int
    sound_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskFigures:
    """Progress of a task, 0 to 1, and the length of its recording."""

    fraction: float
    sound_seconds: float


class Load:
    """Figures about all jobs and tasks, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def stages(self) -> dict[Stage, StageLoad]:
        """Return the tasks of each stage that workers process."""
        rows = {row["stage"]: row for row in await fetch_all(self._connection, _STAGES)}
        return {
            stage: StageLoad(waiting=rows[stage]["waiting"], running=rows[stage]["running"])
            if stage in rows
            else StageLoad()
            for stage in WORKER_STAGES
        }

    async def oldest_wait(self) -> float | None:
        """Return the seconds that the oldest waiting job has waited, None without one."""
        row = await fetch_one(self._connection, _OLDEST)
        return None if row is None else row["seconds"]

    async def last_hour(self) -> list[Throughput]:
        """Return the jobs that ended in the last hour, in twelve periods, oldest first."""
        return [Throughput(**row) for row in await fetch_all(self._connection, _LAST_HOUR)]

    async def tasks(self, task_ids: Iterable[str]) -> Mapping[str, TaskFigures]:
        """Return figures of tasks by their identifiers. Unknown ones are left out."""
        known = [task_id for task_id in task_ids if _is_uuid(task_id)]
        return {
            row["task_id"]: TaskFigures(
                fraction=row["fraction"], sound_seconds=row["sound_seconds"]
            )
            for row in await fetch_all(self._connection, _TASKS, (known,))
        }

    async def unpublished(self) -> int:
        """Return the number of messages that are not published yet."""
        row = await fetch_one(self._connection, _UNPUBLISHED)
        return int(row["messages"]) if row else 0


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
