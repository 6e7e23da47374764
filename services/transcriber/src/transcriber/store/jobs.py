"""Jobs: queued, processing and ended."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from common.audio.signals import ChannelPlan
from common.identity import Owner
from common.postgres import Connection, execute, fetch_all, fetch_one, fetch_tuples, server_time
from transcriber.domain.jobs import Failure, Job, JobStatus, Stage
from transcriber.store.channel_plans import plan_to_json
from transcriber.store.rows import job_of
from transcriber.store.tasks import Tasks

# A concurrent repetition may be found by the index of the workspace or by that of the session.
_INSERT = """
INSERT INTO jobs (job_id, transcription_id, session_id, workspace_id, request_id, status, priority,
                  current_step, trace, channel_plan, origin)
VALUES (%(job_id)s, %(transcription_id)s, %(session_id)s, %(workspace_id)s, %(request_id)s,
        'queued', %(priority)s, %(current_step)s, %(trace)s, %(channel_plan)s, %(origin)s)
ON CONFLICT DO NOTHING
"""
# Without what only other statements need, such as the headers of the request.
_COLUMNS = """\
SELECT j.id, j.job_id, j.transcription_id, j.session_id, j.workspace_id, j.status, j.priority,
       j.progress, j.current_step, j.created_at, j.release_number, j.started_at, j.completed_at,
       j.failure_code, j.failure_message, j.channel_plan, t.filename, t.size_bytes, t.duration
FROM jobs j JOIN transcriptions t ON t.id = j.transcription_id"""
_OWN = f"""
{_COLUMNS}
WHERE j.job_id = %s AND j.workspace_id = %s AND t.trashed_at IS NULL
"""
_ANY = f"""
{_COLUMNS}
WHERE j.job_id = ANY(%s)
"""
_BY_REQUEST = f"""
{_COLUMNS}
WHERE j.workspace_id = %s AND j.request_id = %s
"""
_LIST = f"""
{_COLUMNS}
WHERE j.workspace_id = %(workspace_id)s AND t.trashed_at IS NULL
  AND (%(status)s::text IS NULL OR j.status = %(status)s)
  AND (%(transcription_id)s::bigint = 0 OR j.transcription_id = %(transcription_id)s)
ORDER BY j.id DESC LIMIT %(limit)s OFFSET %(offset)s
"""
# Leaving out the few transcriptions in the trash costs less than joining all the others.
_COUNT = """
SELECT count(*) AS total FROM jobs j
WHERE j.workspace_id = %(workspace_id)s
  AND (%(status)s::text IS NULL OR j.status = %(status)s)
  AND (%(transcription_id)s::bigint = 0 OR j.transcription_id = %(transcription_id)s)
  AND NOT EXISTS (SELECT FROM transcriptions t
                  WHERE t.id = j.transcription_id AND t.trashed_at IS NOT NULL)
"""
_LOCK_LIVE = """
SELECT job_id FROM jobs WHERE job_id = ANY(%s) AND status IN ('queued', 'processing')
ORDER BY id FOR NO KEY UPDATE
"""
_LOCK_ALL = f"""
{_COLUMNS}
WHERE j.job_id = ANY(%s) AND j.status IN ('queued', 'processing')
ORDER BY j.id FOR NO KEY UPDATE OF j
"""
_LOCK_FREE = """
SELECT job_id FROM jobs WHERE job_id = ANY(%s) AND status IN ('queued', 'processing')
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
_LIVE_OF = """
SELECT job_id FROM jobs WHERE transcription_id = %s AND status IN ('queued', 'processing')
"""
_LAST_COMPLETED = """
SELECT job_id FROM jobs WHERE transcription_id = %s AND status = 'completed'
ORDER BY id DESC LIMIT 1
"""
_WAITING = "SELECT count(*) AS jobs FROM jobs WHERE status = 'queued'"
_PRIORITY = """
UPDATE jobs SET priority = %s WHERE job_id = %s AND status = 'queued'
"""
# Sorted, because the numbers of one statement are drawn in any order.
_RELEASED = """
WITH numbers AS (
    SELECT number, row_number() OVER (ORDER BY number) AS place
    FROM (SELECT nextval('job_releases') AS number
          FROM generate_series(1, cardinality(%(job_ids)s::text[]))) AS drawn
)
UPDATE jobs SET release_number = numbers.number
FROM unnest(%(job_ids)s::text[]) WITH ORDINALITY AS released (job_id, place)
     JOIN numbers USING (place)
WHERE jobs.job_id = released.job_id AND release_number IS NULL
"""
_BEGIN = """
UPDATE jobs SET status = 'processing', started_at = now() WHERE job_id = %s AND status = 'queued'
RETURNING extract(epoch FROM now() - created_at)::double precision AS waited
"""
_PROGRESS = """
UPDATE jobs SET progress = greatest(progress, least(%(progress)s, 99.99)), current_step = %(step)s
WHERE job_id = %(job_id)s AND status IN ('queued', 'processing')
"""
_PROGRESSED = """
UPDATE jobs j
SET progress = greatest(j.progress, least(seen.progress, 99.99)), current_step = seen.step
FROM unnest(%(job_ids)s::text[], %(progress)s::double precision[], %(steps)s::text[])
    AS seen (job_id, progress, step)
WHERE j.job_id = seen.job_id AND j.status IN ('queued', 'processing')
"""
_END = """
UPDATE jobs
SET status = %(status)s, current_step = %(step)s, completed_at = now(),
    started_at = coalesce(started_at, CASE WHEN %(status)s = 'completed' THEN now() END),
    progress = CASE WHEN %(status)s = 'completed' THEN 100 ELSE progress END,
    failure_code = %(code)s, failure_message = %(message)s
WHERE job_id = %(job_id)s AND status IN ('queued', 'processing')
RETURNING completed_at, extract(epoch FROM now() - started_at)::double precision AS seconds
"""
_TRACES = "SELECT job_id, trace FROM jobs WHERE job_id = ANY(%s)"
_LIVE_COLUMNS = """\
SELECT j.id, j.job_id, j.workspace_id, j.status, j.priority, j.release_number, j.started_at,
       j.progress,
       t.duration * greatest(1, jsonb_array_length(j.channel_plan -> 'signals')) AS sound
FROM jobs j JOIN transcriptions t ON t.id = j.transcription_id
"""
_LIVE = _LIVE_COLUMNS + "WHERE j.status IN ('queued', 'processing') ORDER BY j.id"
_QUEUED = _LIVE_COLUMNS + "WHERE j.status = 'queued' AND j.job_id = ANY(%s) ORDER BY j.id"
# Jobs with reused results do not measure speed. Waits for direct calls of others are no processing.
_RECENT = """
SELECT extract(epoch FROM j.completed_at - j.started_at)::double precision
           - (SELECT coalesce(max(queued_seconds), 0) FROM tasks WHERE tasks.job_id = j.job_id)
           AS processing,
       t.duration * greatest(1, jsonb_array_length(j.channel_plan -> 'signals')) AS sound
FROM jobs j JOIN transcriptions t ON t.id = j.transcription_id
WHERE j.status = 'completed' AND j.started_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM tasks WHERE tasks.job_id = j.job_id AND tasks.reused)
ORDER BY j.completed_at DESC LIMIT 50
"""
# Nothing of the job was handed out or has ended for so long. Neither the time that a task waits in
# line at its worker counts, nor that for which all of the job waits for stages with workers.
_OVERDUE = """
SELECT job_id FROM jobs
WHERE status = 'processing' AND NOT item_rests('overdue', job_id)
  AND started_at < now() - make_interval(secs => %(seconds)s)
  AND (SELECT max(greatest(released_at, ended_at))
              + make_interval(secs => coalesce(
                    max(queued_seconds) FILTER (WHERE state IN ('released', 'running')), 0))
       FROM tasks WHERE tasks.job_id = jobs.job_id)
      < now() - make_interval(secs => %(seconds)s)
  AND (NOT EXISTS (SELECT FROM tasks t WHERE t.job_id = jobs.job_id AND t.stage <> 'merge'
                   AND t.state IN ('waiting', 'released', 'running'))
       OR EXISTS (SELECT FROM tasks t WHERE t.job_id = jobs.job_id AND t.stage <> 'merge'
                  AND (t.state IN ('released', 'running')
                       OR t.state = 'waiting' AND NOT t.stage = ANY(%(served)s))))
ORDER BY started_at LIMIT %(limit)s
"""
_BY_STATUS = "SELECT status, count(*) AS jobs FROM jobs GROUP BY status"
_OF_WORKSPACE = """
SELECT count(*) FILTER (WHERE j.status = 'completed') AS completed,
       bool_or(j.status = 'processing') AS processing,
       coalesce(sum(t.duration) FILTER (WHERE j.status = 'completed'), 0) AS audio,
       coalesce(sum(extract(epoch FROM j.completed_at - j.started_at))
                FILTER (WHERE j.status = 'completed'), 0)::double precision AS spent
FROM jobs j JOIN transcriptions t ON t.id = j.transcription_id
WHERE j.workspace_id = %s AND t.trashed_at IS NULL
"""
_CONFIDENCE = """
SELECT coalesce(avg(confidence), 0)::double precision AS mean FROM transcriptions
WHERE workspace_id = %s AND transcript_at IS NOT NULL AND trashed_at IS NULL
  AND EXISTS (SELECT FROM segments WHERE transcription_id = transcriptions.id)
"""


class LiveJob(NamedTuple):
    """A queued or processing job, with the sound in seconds of all its signals.

    `number` and `release` are those of the order of the queue (see `domain.queue_order`).
    """

    number: int
    job_id: str
    workspace_id: str
    status: str
    priority: int
    release: int | None
    started_at: dt.datetime | None
    progress: float
    sound: float


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveJobs:
    """All live jobs, oldest first, and the database's time."""

    jobs: Sequence[LiveJob]
    now: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class JobStatistics:
    """Statistics of a workspace's jobs. Durations are in seconds."""

    completed: int
    processing: bool
    audio_seconds: float
    processing_seconds: float
    mean_confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """End of a job, and its seconds of processing, None if it never started."""

    at: dt.datetime
    seconds: float | None


class Jobs:
    """The table of jobs, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self,
        *,
        job_id: str,
        transcription_id: int,
        owner: Owner,
        request_id: str | None,
        priority: int,
        current_step: str,
        trace: Mapping[str, str],
        channel_plan: ChannelPlan | None,
        origin: str,
    ) -> bool:
        """Add a queued job. Return False if its idempotency key exists."""
        parameters = {
            "job_id": job_id,
            "transcription_id": transcription_id,
            "session_id": owner.session_id,
            "workspace_id": owner.workspace_id,
            "request_id": request_id,
            "priority": priority,
            "current_step": current_step,
            "trace": Jsonb(dict(trace)),
            "channel_plan": plan_to_json(channel_plan),
            "origin": origin,
        }
        return await execute(self._connection, _INSERT, parameters) == 1

    async def find(self, job_id: str, workspace_id: str) -> Job | None:
        """Return a workspace's job with its stages."""
        rows = await fetch_all(self._connection, _OWN, (job_id, workspace_id))
        return next(iter(await self._complete(rows)), None)

    async def get(self, job_id: str) -> Job | None:
        """Return any job with its stages."""
        return next(iter(await self.get_all([job_id])), None)

    async def get_all(self, job_ids: Sequence[str]) -> list[Job]:
        """Return any jobs with their stages."""
        return await self._complete(await fetch_all(self._connection, _ANY, (list(job_ids),)))

    async def find_by_request(self, workspace_id: str, request_id: str) -> Job | None:
        """Return the job with an idempotency key."""
        rows = await fetch_all(self._connection, _BY_REQUEST, (workspace_id, request_id))
        return next(iter(await self._complete(rows)), None)

    async def page(
        self,
        workspace_id: str,
        *,
        status: JobStatus | None,
        transcription_id: int,
        limit: int,
        offset: int,
    ) -> tuple[list[Job], int]:
        """Return a page of a workspace's jobs, newest first, and their total."""
        parameters = {
            "workspace_id": workspace_id,
            "status": status,
            "transcription_id": transcription_id,
            "limit": limit,
            "offset": offset,
        }
        jobs = await self._complete(await fetch_all(self._connection, _LIST, parameters))
        count = await fetch_one(self._connection, _COUNT, parameters)
        return jobs, int(count["total"]) if count else 0

    async def lock(self, job_ids: Sequence[str]) -> list[str]:
        """Lock the live ones of some jobs and return them."""
        rows = await fetch_all(self._connection, _LOCK_LIVE, (list(job_ids),))
        return [row["job_id"] for row in rows]

    async def lock_all(self, job_ids: Sequence[str]) -> list[Job]:
        """Lock the live ones of some jobs and return them without their stages."""
        return [
            job_of(row) for row in await fetch_all(self._connection, _LOCK_ALL, (list(job_ids),))
        ]

    async def lock_free(self, job_ids: Sequence[str]) -> set[str]:
        """Lock the live ones of some jobs, skipping locked ones, and return them."""
        rows = await fetch_all(self._connection, _LOCK_FREE, (list(job_ids),))
        return {row["job_id"] for row in rows}

    async def live_of(self, transcription_id: int) -> str | None:
        """Return the live job of a transcription."""
        row = await fetch_one(self._connection, _LIVE_OF, (transcription_id,))
        return None if row is None else str(row["job_id"])

    async def last_completed(self, transcription_id: int) -> str | None:
        """Return the last job that completed, which made the newest machine version."""
        row = await fetch_one(self._connection, _LAST_COMPLETED, (transcription_id,))
        return None if row is None else str(row["job_id"])

    async def waiting(self) -> int:
        """Return the number of queued jobs."""
        row = await fetch_one(self._connection, _WAITING)
        return int(row["jobs"]) if row else 0

    async def set_priority(self, job_id: str, priority: int) -> bool:
        """Change the priority of a queued job. Return False if it is not queued."""
        return await execute(self._connection, _PRIORITY, (priority, job_id)) == 1

    async def released(self, job_ids: Sequence[str]) -> None:
        """Fix the places of jobs in the queue, in this order, as they are handed to workers."""
        await execute(self._connection, _RELEASED, {"job_ids": list(dict.fromkeys(job_ids))})

    async def begin(self, job_id: str) -> float | None:
        """Start a job. Return the seconds it waited, None if it has already started."""
        row = await fetch_one(self._connection, _BEGIN, (job_id,))
        return None if row is None else float(row["waited"])

    async def progress(self, job_id: str, progress: float, step: str) -> None:
        """Raise a live job's progress in percent. It never falls and stays below 100."""
        parameters = {"job_id": job_id, "progress": progress, "step": step}
        await execute(self._connection, _PROGRESS, parameters)

    async def progressed(self, jobs: Sequence[Job]) -> None:
        """Store the progress and the current step of live jobs, as `progress` does."""
        parameters = {
            "job_ids": [job.job_id for job in jobs],
            "progress": [job.progress for job in jobs],
            "steps": [job.current_step for job in jobs],
        }
        await execute(self._connection, _PROGRESSED, parameters)

    async def end(
        self, job_id: str, status: JobStatus, step: str, failure: Failure | None = None
    ) -> Ended | None:
        """End a live job. Return None if it has already ended."""
        parameters = {
            "job_id": job_id,
            "status": status,
            "step": step,
            "code": failure.code if failure else None,
            "message": failure.message if failure else None,
        }
        row = await fetch_one(self._connection, _END, parameters)
        return None if row is None else Ended(at=row["completed_at"], seconds=row["seconds"])

    async def trace(self, job_id: str) -> dict[str, str]:
        """Return the trace headers of the request behind a job."""
        return (await self.traces([job_id])).get(job_id, {})

    async def traces(self, job_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return the trace headers of the requests behind jobs, by job."""
        rows = await fetch_all(self._connection, _TRACES, (list(job_ids),))
        return {row["job_id"]: dict(row["trace"]) for row in rows}

    async def live(self) -> LiveJobs:
        """Return all live jobs."""
        now = await self.now()
        rows = await fetch_tuples(self._connection, _LIVE)
        return LiveJobs(jobs=[LiveJob._make(row) for row in rows], now=now)

    async def queued(self, job_ids: Sequence[str]) -> list[LiveJob]:
        """Return those of some jobs that are queued, oldest first."""
        rows = await fetch_tuples(self._connection, _QUEUED, (list(job_ids),))
        return [LiveJob._make(row) for row in rows]

    async def recent(self) -> list[tuple[float, float]]:
        """Return (processing seconds, seconds of sound) of recently completed jobs."""
        rows = await fetch_all(self._connection, _RECENT)
        return [(row["processing"], row["sound"]) for row in rows]

    async def overdue(
        self, seconds: float, limit: int, *, served: Collection[Stage] = ()
    ) -> list[str]:
        """Return running jobs without a begun or ended task for a number of seconds.

        Jobs that only wait for the workers of `served` stages are left out.
        """
        stages = [str(stage) for stage in served]
        parameters = {"seconds": seconds, "limit": limit, "served": stages}
        rows = await fetch_all(self._connection, _OVERDUE, parameters)
        return [row["job_id"] for row in rows]

    async def now(self) -> dt.datetime:
        """Return the database's time."""
        return await server_time(self._connection)

    async def by_status(self) -> dict[JobStatus, int]:
        """Return the number of jobs by status."""
        rows = await fetch_all(self._connection, _BY_STATUS)
        return {JobStatus(row["status"]): row["jobs"] for row in rows}

    async def statistics(self, workspace_id: str) -> JobStatistics:
        """Return the statistics of a workspace's jobs."""
        row = await fetch_one(self._connection, _OF_WORKSPACE, (workspace_id,))
        confidence = await fetch_one(self._connection, _CONFIDENCE, (workspace_id,))
        assert row is not None
        assert confidence is not None
        return JobStatistics(
            completed=row["completed"],
            processing=bool(row["processing"]),
            audio_seconds=row["audio"],
            processing_seconds=row["spent"],
            mean_confidence=confidence["mean"],
        )

    async def _complete(self, rows: Sequence[DictRow]) -> list[Job]:
        tasks = await Tasks(self._connection).of_jobs([row["job_id"] for row in rows])
        return [job_of(row, tasks[row["job_id"]]) for row in rows]
