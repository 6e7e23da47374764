"""Tasks: waiting, handed out to workers, and ended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.domain.jobs import Failure, Stage, Task, TaskState
from transcriber.store.rows import task_of

_INSERT = """
INSERT INTO tasks (task_id, job_id, transcription_id, stage, part, state, options, fraction,
                   result_key, reused, ended_at)
VALUES (%(task_id)s, %(job_id)s, %(transcription_id)s, %(stage)s, %(part)s, %(state)s,
        %(options)s, %(fraction)s, %(result_key)s, %(reused)s,
        CASE WHEN %(reused)s THEN now() END)
"""
_OF_JOBS = "SELECT * FROM tasks WHERE job_id = ANY(%s)"
_ONE = "SELECT * FROM tasks WHERE task_id = %s"
_REUSABLE = """
SELECT * FROM tasks
WHERE transcription_id = %s AND stage = %s AND state = 'done' AND options = %s
ORDER BY ended_at DESC LIMIT 1
"""
# All tasks of the stage in one job of which some have a result for these options: the newest job of
# which all have, else the newest.
_CUT_BEFORE = """
SELECT * FROM tasks
WHERE stage = %(stage)s AND job_id = (
    SELECT job_id FROM (
        SELECT job_id, ended_at, state = 'done' AND options - 'part' = %(options)s AS fits
        FROM tasks WHERE transcription_id = %(transcription_id)s AND stage = %(stage)s
    ) AS known
    GROUP BY job_id HAVING bool_or(fits)
    ORDER BY bool_and(fits) DESC, max(ended_at) FILTER (WHERE fits) DESC LIMIT 1
)
ORDER BY part
"""
# The order of the queue (see domain.queue_order), in each stage by itself: priority, then the share
# of the workspace, then age. The share counts the tasks of the stage at the workers, divided by the
# weight of the workspace. A job that the
# other stage has begun does not go first. If it did, the stage with free workers would begin all
# jobs of a long queue, and those that come later would wait for all of them in the other stage.
# Parts begun early count for their workspace. The next part of a recording waits for jobs of its
# workspace with fewer tasks at the workers.
# In a long queue most of the time goes into sorting, so that rows are narrow until the last step.
_NEXT_WAITING = """
WITH handed_out AS (
    SELECT t.job_id, j.workspace_id FROM tasks t JOIN jobs j USING (job_id)
    WHERE t.stage = %(stage)s AND t.state IN ('released', 'running')
      AND j.status IN ('queued', 'processing')
),
held AS (
    SELECT workspace_id FROM handed_out
    UNION ALL
    SELECT workspace_id FROM early_parts
    WHERE %(stage)s = 'transcribe' AND state IN ('preparing', 'released') AND NOT adopted
      AND NOT dropped
),
taken AS (
    SELECT workspace_id, count(*) AS tasks FROM held GROUP BY workspace_id
),
begun AS (
    SELECT job_id, count(*) AS tasks FROM handed_out GROUP BY job_id
),
resting AS (
    SELECT item FROM item_attempts WHERE step = 'dispatcher' AND item_rests('dispatcher', item)
),
waiting AS (
    SELECT t.task_id, t.part, j.id AS number, j.workspace_id COLLATE "C" AS workspace_id,
           j.priority,
           coalesce(begun.tasks, 0) + row_number() OVER (PARTITION BY j.id ORDER BY t.part)
               AS turn
    FROM tasks t JOIN jobs j USING (job_id) LEFT JOIN begun USING (job_id)
    WHERE t.stage = %(stage)s AND t.state = 'waiting' AND j.status IN ('queued', 'processing')
      AND NOT EXISTS (SELECT FROM resting WHERE item = t.task_id::text)
),
ranked AS (
    SELECT task_id, part, number, workspace_id, priority,
           row_number() OVER (
               PARTITION BY workspace_id ORDER BY priority DESC, turn, number, part
           ) AS place
    FROM waiting
),
next AS (
    SELECT r.task_id, r.part, r.number, r.priority,
           (coalesce(taken.tasks, 0) + r.place) / coalesce(w.queue_weight, 1) AS share
    FROM ranked r LEFT JOIN taken ON taken.workspace_id = r.workspace_id
         LEFT JOIN workspace_settings w ON w.workspace_id = r.workspace_id
    WHERE r.place <= %(limit)s
    ORDER BY priority DESC, share, number, part LIMIT %(limit)s
)
SELECT t.* FROM next JOIN tasks t USING (task_id)
ORDER BY next.priority DESC, next.share, next.number, next.part
"""
# The sorts of a queue of 100,000 tasks do not go to the disk with it.
_MEMORY_FOR_SORTS = "SET LOCAL work_mem = '64MB'"
_RELEASE = """
UPDATE tasks SET state = 'released', releases = releases + 1, released_at = now(),
                 heartbeat_at = NULL, stream_sequence = NULL, worker_id = ''
WHERE task_id = ANY(%s::uuid[]) AND state = 'waiting' RETURNING task_id::text, releases
"""
_PUBLISHED = """
UPDATE tasks SET stream_sequence = %(sequence)s
WHERE task_id = %(task_id)s AND state IN ('released', 'running')
"""
# Only the part of the wait since the job started counts, which is known until the task begins.
_PROGRESS = """
UPDATE tasks t
SET state = CASE WHEN seen.queued THEN t.state ELSE 'running' END,
    heartbeat_at = now(), worker_id = seen.worker_id,
    fraction = greatest(t.fraction, seen.fraction),
    step = CASE WHEN seen.step = '' THEN t.step ELSE seen.step END,
    queued_seconds = CASE
        WHEN t.state = 'running' OR j.started_at IS NULL THEN t.queued_seconds
        ELSE greatest(t.queued_seconds, least(
            seen.queued_seconds, extract(epoch FROM now() - j.started_at)::double precision))
        END
FROM unnest(%(task_ids)s::uuid[], %(fractions)s::double precision[], %(steps)s::text[],
            %(worker_ids)s::text[], %(queued)s::boolean[], %(queued_seconds)s::double precision[])
        AS seen (task_id, fraction, step, worker_id, queued, queued_seconds),
     jobs j
WHERE t.task_id = seen.task_id AND t.state IN ('released', 'running') AND j.job_id = t.job_id
"""
_REPORTED = """
SELECT task_id::text, job_id, state = 'running' AS running,
       item_rests('progress', task_id::text) AS rests
FROM tasks WHERE task_id = ANY(%s::uuid[])
"""
_RUNNING = "SELECT task_id::text FROM tasks WHERE task_id = ANY(%s::uuid[]) AND state = 'running'"
_JOBS_OF = "SELECT DISTINCT job_id FROM tasks WHERE task_id = ANY(%s::uuid[])"
_FINISH = """
UPDATE tasks
SET state = %(state)s, fraction = CASE WHEN %(state)s = 'done' THEN 1 ELSE fraction END,
    failure_code = %(code)s, failure_message = %(message)s, busy_seconds = %(busy_seconds)s,
    ended_at = now()
WHERE task_id = %(task_id)s
"""
_CANCEL = """
UPDATE tasks SET state = 'cancelled', ended_at = now()
WHERE job_id = %s AND state IN ('waiting', 'released', 'running')
RETURNING task_id, stream_sequence
"""
_CANCEL_WAITING = """
UPDATE tasks SET state = 'cancelled', ended_at = now()
WHERE job_id = %s AND (state = 'waiting' OR (stage = 'merge' AND state = 'running'))
"""
_REQUEUE = """
UPDATE tasks SET state = 'waiting', fraction = 0, step = '', worker_id = '', heartbeat_at = NULL,
                 stream_sequence = NULL
WHERE task_id = %s AND state IN ('released', 'running')
"""
# Under a new id, because a second announcement of the old one would be dropped as a duplicate.
_REDO = """
UPDATE tasks t SET state = 'waiting', task_id = fresh.id, fraction = 0, step = '', worker_id = '',
                   heartbeat_at = NULL, stream_sequence = NULL, reused = false, ended_at = NULL,
                   result_key = t.transcription_id || '/' || fresh.id || '.pb'
FROM (SELECT gen_random_uuid() AS id) AS fresh
WHERE t.task_id = %s AND t.state = 'done'
"""
_HANDED_OUT = """
SELECT t.* FROM tasks t JOIN jobs j USING (job_id)
WHERE t.state IN ('released', 'running') AND t.stage <> 'merge'
  AND j.status IN ('queued', 'processing') AND NOT item_rests('lost-tasks', t.task_id::text)
ORDER BY t.released_at LIMIT 10000
"""
# Workers of a failed or cancelled job may go on for a while.
_MAY_STILL_WRITE = """
SELECT 1 AS one FROM tasks
WHERE transcription_id = %s
  AND (state IN ('released', 'running')
       OR state = 'cancelled' AND releases > 0 AND ended_at > now() - interval '1 hour') LIMIT 1
"""
_OUTSTANDING = """
SELECT t.stage, count(*) FILTER (WHERE t.state <> 'waiting') AS handed_out, count(*) AS open
FROM tasks t JOIN jobs j USING (job_id)
WHERE t.state IN ('waiting', 'released', 'running') AND j.status IN ('queued', 'processing')
GROUP BY t.stage
"""
# Waiting tasks are those of live jobs: the others are cancelled with their job.
_LOAD = """
SELECT (SELECT count(*) FROM tasks t JOIN jobs j USING (job_id)
        WHERE t.stage = %(stage)s AND t.state IN ('released', 'running')
          AND j.status IN ('queued', 'processing')) AS handed_out,
       (SELECT count(*) FROM (
            SELECT FROM tasks WHERE stage = %(stage)s AND state = 'waiting' LIMIT %(most)s
        ) AS counted) AS waiting
"""
_BEGIN_MERGE = """
UPDATE tasks SET state = 'running', heartbeat_at = now(), releases = releases + 1
WHERE job_id = %s AND stage = 'merge' AND state IN ('waiting', 'running')
RETURNING *
"""
_REQUEUE_MERGE = "UPDATE tasks SET state = 'waiting' WHERE task_id = %s AND state = 'running'"
_SETTLED_JOBS = """
SELECT j.job_id FROM jobs j JOIN tasks m ON m.job_id = j.job_id AND m.stage = 'merge'
WHERE j.status IN ('queued', 'processing')
  AND m.state IN ('waiting', 'running') AND NOT item_rests('merges', j.job_id)
  AND (NOT EXISTS (SELECT FROM tasks t WHERE t.job_id = j.job_id AND t.stage <> 'merge'
                   AND t.state NOT IN ('done', 'failed', 'cancelled'))
       OR EXISTS (SELECT FROM tasks t WHERE t.job_id = j.job_id AND t.stage = 'transcribe'
                  AND t.state = 'failed'))
ORDER BY j.id LIMIT %s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgressReport:
    """A worker's latest report on a task. `fraction` is 0 to 1.

    With `queued`, the task has not begun, because its worker has to end a direct call first. It has
    waited `queued_seconds` for that.
    """

    task_id: str
    worker_id: str
    fraction: float = 0.0
    step: str = ""
    queued: bool = False
    queued_seconds: float = 0.0

    @property
    def is_heartbeat(self) -> bool:
        """Return whether it reports nothing but that the task is being worked on."""
        return not (self.fraction or self.step or self.queued or self.queued_seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportedTask:
    """A task with a report. With `rests`, its reports could not be stored and wait."""

    task_id: str
    job_id: str
    running: bool
    rests: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Outstanding:
    """Numbers of a stage's unfinished tasks: handed out, and all."""

    handed_out: int = 0
    open: int = 0


class Tasks:
    """The table of tasks, within one transaction.

    Callers that change tasks hold the row lock of their job.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, tasks: Iterable[Task]) -> None:
        """Add tasks."""
        for task in tasks:
            parameters = {
                "task_id": task.task_id,
                "job_id": task.job_id,
                "transcription_id": task.transcription_id,
                "stage": task.stage,
                "part": task.part,
                "state": task.state,
                "options": Jsonb(dict(task.options)),
                "fraction": task.fraction,
                "result_key": task.result_key,
                "reused": task.reused,
            }
            await execute(self._connection, _INSERT, parameters)

    async def of_jobs(self, job_ids: Sequence[str]) -> dict[str, list[Task]]:
        """Return the tasks of jobs, by job."""
        found: dict[str, list[Task]] = {job_id: [] for job_id in job_ids}
        for row in await fetch_all(self._connection, _OF_JOBS, (list(job_ids),)):
            found[row["job_id"]].append(task_of(row))
        return found

    async def of_job(self, job_id: str) -> list[Task]:
        """Return the tasks of one job."""
        return (await self.of_jobs([job_id]))[job_id]

    async def find(self, task_id: str) -> Task | None:
        """Return a task."""
        row = await fetch_one(self._connection, _ONE, (task_id,))
        return None if row is None else task_of(row)

    async def reusable(
        self, transcription_id: int, stage: Stage, options: dict[str, Any]
    ) -> Task | None:
        """Return the newest finished task of a stage with the same options."""
        row = await fetch_one(
            self._connection, _REUSABLE, (transcription_id, stage, Jsonb(options))
        )
        return None if row is None else task_of(row)

    async def cut_before(
        self, transcription_id: int, stage: Stage, options: dict[str, Any]
    ) -> list[Task]:
        """Return tasks of a stage that were planned for the same options, one with a result.

        `options` are those of the whole recording. None are returned if there is no result.
        """
        parameters = {
            "transcription_id": transcription_id,
            "stage": stage,
            "options": Jsonb(options),
        }
        return [task_of(row) for row in await fetch_all(self._connection, _CUT_BEFORE, parameters)]

    async def next_waiting(self, stage: Stage, limit: int) -> list[Task]:
        """Return the tasks to hand out next, in the order of the queue."""
        await execute(self._connection, _MEMORY_FOR_SORTS)
        parameters = {"stage": stage, "limit": limit}
        return [
            task_of(row) for row in await fetch_all(self._connection, _NEXT_WAITING, parameters)
        ]

    async def load(self, stage: Stage, most: int) -> Outstanding:
        """Return a stage's unfinished tasks, of which at most a number of waiting ones count."""
        row = await fetch_one(self._connection, _LOAD, {"stage": stage, "most": most})
        assert row is not None
        handed_out = row["handed_out"]
        return Outstanding(handed_out=handed_out, open=handed_out + row["waiting"])

    async def release(self, task_ids: Sequence[str]) -> dict[str, int]:
        """Hand out those of some tasks that wait. Return the numbers of their releases."""
        rows = await fetch_all(self._connection, _RELEASE, (list(task_ids),))
        return {row["task_id"]: row["releases"] for row in rows}

    async def published(self, task_id: str, sequence: int) -> None:
        """Store the stream sequence of a task's message."""
        parameters = {"task_id": task_id, "sequence": sequence}
        await execute(self._connection, _PUBLISHED, parameters)

    async def jobs_of(self, task_ids: Sequence[str]) -> list[str]:
        """Return the jobs of tasks."""
        rows = await fetch_all(self._connection, _JOBS_OF, (list(task_ids),))
        return [row["job_id"] for row in rows]

    async def reported(self, task_ids: Sequence[str]) -> list[ReportedTask]:
        """Return those of some tasks that exist."""
        rows = await fetch_all(self._connection, _REPORTED, (list(task_ids),))
        return [ReportedTask(**row) for row in rows]

    async def running(self, task_ids: Sequence[str]) -> set[str]:
        """Return those of some tasks that are running."""
        rows = await fetch_all(self._connection, _RUNNING, (list(task_ids),))
        return {row["task_id"] for row in rows}

    async def seen(self, signs: Sequence[ProgressReport]) -> None:
        """Store reports of workers. Progress never falls."""
        parameters = {
            "task_ids": [sign.task_id for sign in signs],
            "fractions": [sign.fraction for sign in signs],
            "steps": [sign.step for sign in signs],
            "worker_ids": [sign.worker_id for sign in signs],
            "queued": [sign.queued for sign in signs],
            "queued_seconds": [sign.queued_seconds for sign in signs],
        }
        await execute(self._connection, _PROGRESS, parameters)

    async def done(self, task_id: str, busy_seconds: float = 0.0) -> None:
        """Complete a task after its result was stored."""
        await self._finish(task_id, TaskState.DONE, None, busy_seconds)

    async def failed(self, task_id: str, failure: Failure, busy_seconds: float = 0.0) -> None:
        """Fail a task for good."""
        await self._finish(task_id, TaskState.FAILED, failure, busy_seconds)

    async def cancel(self, job_id: str) -> list[int]:
        """Cancel the unfinished tasks of a job. Return the stream sequences of their messages."""
        rows = await fetch_all(self._connection, _CANCEL, (job_id,))
        return [row["stream_sequence"] for row in rows if row["stream_sequence"] is not None]

    async def cancel_waiting(self, job_id: str) -> None:
        """Cancel the tasks of a job not handed out."""
        await execute(self._connection, _CANCEL_WAITING, (job_id,))

    async def requeue(self, task_id: str) -> None:
        """Have a task handed out again after its message was lost or returned."""
        await execute(self._connection, _REQUEUE, (task_id,))

    async def redo(self, task_id: str) -> None:
        """Repeat a finished task under a new id after its result was lost."""
        await execute(self._connection, _REDO, (task_id,))

    async def handed_out(self) -> list[Task]:
        """Return the tasks of live jobs handed out to workers."""
        return [task_of(row) for row in await fetch_all(self._connection, _HANDED_OUT)]

    async def may_still_write(self, transcription_id: int) -> bool:
        """Return whether a worker or a merge may still store results of a transcription."""
        row = await fetch_one(self._connection, _MAY_STILL_WRITE, (transcription_id,))
        return row is not None

    async def outstanding(self) -> dict[Stage, Outstanding]:
        """Return the numbers of unfinished tasks of live jobs, by stage."""
        return {
            Stage(row["stage"]): Outstanding(handed_out=row["handed_out"], open=row["open"])
            for row in await fetch_all(self._connection, _OUTSTANDING)
        }

    async def begin_merge(self, job_id: str) -> Task | None:
        """Begin a job's merge. Return None if it has ended."""
        row = await fetch_one(self._connection, _BEGIN_MERGE, (job_id,))
        return None if row is None else task_of(row)

    async def requeue_merge(self, task_id: str) -> None:
        """Have a merge wait for the repetition of a stage."""
        await execute(self._connection, _REQUEUE_MERGE, (task_id,))

    async def settled_jobs(self, limit: int) -> list[str]:
        """Return live jobs without unfinished tasks of workers."""
        rows = await fetch_all(self._connection, _SETTLED_JOBS, (limit,))
        return [row["job_id"] for row in rows]

    async def _finish(
        self, task_id: str, state: TaskState, failure: Failure | None, busy_seconds: float
    ) -> None:
        parameters = {
            "task_id": task_id,
            "state": state,
            "code": failure.code if failure else None,
            "message": failure.message if failure else None,
            "busy_seconds": busy_seconds,
        }
        await execute(self._connection, _FINISH, parameters)
