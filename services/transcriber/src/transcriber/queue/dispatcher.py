"""Dispatch of tasks to workers, in the order of the queue and as workers become free."""

from collections.abc import Mapping, Sequence
from typing import Any

from common import telemetry
from common.background.steps import BatchStep
from common.postgres import Connection, Database
from transcriber.domain import release_rule
from transcriber.domain.jobs import WORKER_STAGES, Failure, JobStatus, Stage, Task
from transcriber.outbox.messages import TaskSource
from transcriber.queue.lifecycle import Lifecycle
from transcriber.queue.task_issue import Release, TaskIssuer
from transcriber.queue.workers import WorkerRegistry
from transcriber.store import locks
from transcriber.store.early_parts import EarlyParts
from transcriber.store.jobs import Jobs
from transcriber.store.outbox import JobOutbox, TaskMessage
from transcriber.store.tasks import Outstanding, Tasks
from transcriber.store.transcriptions import Transcriptions
from transcriber.wakeups import WakeUps

_NOT_HANDED_OUT = Failure(
    code="QUEUE_ERROR",
    message="The job could not be handed to a worker. The service's log has the reason.",
)


class Dispatcher(BatchStep[Task]):
    """Releases waiting tasks to the workers. Only tasks not yet released can be overtaken."""

    name = "dispatcher"
    items = "tasks to hand to the workers"
    outcome = "The job fails with a reason. It can be started again."
    size = 1000
    together = True

    def __init__(
        self,
        database: Database,
        workers: WorkerRegistry,
        wake_ups: WakeUps,
        *,
        issuer: TaskIssuer,
    ) -> None:
        super().__init__(database)
        self._issuer = issuer
        self._workers = workers
        self._wake_ups = wake_ups

    def key(self, item: Task) -> str:
        """Return the task's id."""
        return item.task_id

    async def due(self, connection: Connection, limit: int) -> Sequence[Task]:
        """Return as many waiting tasks of each stage as there are free workers."""
        await locks.acquire(connection, locks.DISPATCH)
        tasks: list[Task] = []
        for stage in WORKER_STAGES:
            workers = self._workers.alive(stage)
            # More waiting tasks than this change nothing.
            of_stage = await Tasks(connection).load(stage, workers + release_rule.AHEAD)
            early = 0
            if stage is Stage.TRANSCRIBE:
                early = await self._early(connection, of_stage, workers)
            room = release_rule.room(workers=workers, handed_out=of_stage.handed_out + early)
            room = min(room, limit)
            if room > 0 and of_stage.open > of_stage.handed_out:
                waiting = await Tasks(connection).next_waiting(stage, room)
                free = await Jobs(connection).lock_free([task.job_id for task in waiting])
                tasks += [task for task in waiting if task.job_id in free]
        return tasks

    async def measure(self) -> None:
        """Update the metrics of jobs and tasks, which takes longer the more there are."""
        async with self._database.statements() as connection:
            by_status = await Jobs(connection).by_status()
            outstanding = await Tasks(connection).outstanding()
        for status in JobStatus:
            telemetry.QUEUE_DEPTH.labels(status).set(by_status.get(status, 0))
        for stage in WORKER_STAGES:
            open_tasks = outstanding.get(stage, Outstanding()).open
            telemetry.TASKS_OUTSTANDING.labels(stage).set(open_tasks)

    async def _early(self, connection: Connection, tasks: Outstanding, workers: int) -> int:
        """Return the number of parts that workers began early and that leave room for tasks.

        Others give way: their workers stop.
        """
        parts = EarlyParts(connection)
        early = await parts.outstanding()
        excess = min(early, tasks.open + early - workers)
        if excess <= 0 or tasks.open == tasks.handed_out:
            return early
        for job_id in await parts.give_way(excess):
            await JobOutbox(connection).cancellation(job_id)
        self._wake_ups.outbox.notify()
        return early - excess

    async def handle(self, connection: Connection, item: Task) -> None:
        """Hand out one task."""
        await self.handle_all(connection, [item])

    async def handle_all(self, connection: Connection, items: Sequence[Task]) -> None:
        """Hand out tasks, with as many statements as for one."""
        jobs = Jobs(connection)
        ids = [task.transcription_id for task in items]
        sources = await Transcriptions(connection).sources(ids)
        releases = await Tasks(connection).release([task.task_id for task in items])
        released = [
            task for task in items if task.task_id in releases and task.transcription_id in sources
        ]
        job_ids = [task.job_id for task in released]
        await jobs.released(job_ids)
        traces = await jobs.traces(job_ids)
        handed_out = [
            Release(task=task, source=_source(task, sources), number=releases[task.task_id])
            for task in released
        ]
        payloads = await self._issuer.messages(handed_out, connection)
        messages = [
            TaskMessage(
                task_id=release.task.task_id,
                release=release.number,
                stage=release.task.stage,
                payload=payload.SerializeToString(),
                trace=traces.get(release.task.job_id, {}),
            )
            for release, payload in zip(handed_out, payloads, strict=True)
        ]
        await JobOutbox(connection).tasks(messages)

    async def handled(self, _connection: Connection, _items: Sequence[Task]) -> None:
        """Wake the steps for publishing and announcing."""
        self._wake_ups.outbox.notify()
        self._wake_ups.queue.notify()

    async def set_aside(self, connection: Connection, item: Task) -> None:
        """Fail the job."""
        job = await Jobs(connection).get(item.job_id)
        if job is None:
            return
        await Transcriptions(connection).lock(item.transcription_id)
        if await Jobs(connection).lock([item.job_id]):
            await Lifecycle(connection).fail(job, _NOT_HANDED_OUT, stop_workers=True)
        self._wake_ups.jobs_changed()


def _source(task: Task, sources: Mapping[int, Mapping[str, Any]]) -> TaskSource:
    row = sources[task.transcription_id]
    return TaskSource(
        transcription_id=task.transcription_id,
        session_id=row["session_id"],
        source_key=row["source_key"],
        seconds=row["duration"],
    )
