"""Dispatch of tasks to workers, in the order of the queue and as workers become free."""

from collections.abc import Sequence

from common import telemetry
from common.background.steps import BatchStep
from common.postgres import Connection, Database
from transcriber.domain import release_rule
from transcriber.domain.jobs import WORKER_STAGES, Failure, JobStatus, Stage, Task
from transcriber.outbox.messages import TaskSource
from transcriber.queue.lifecycle import Lifecycle
from transcriber.queue.task_issue import TaskIssuer
from transcriber.queue.workers import WorkerRegistry
from transcriber.store import locks
from transcriber.store.early_parts import EarlyParts
from transcriber.store.jobs import Jobs
from transcriber.store.outbox import JobOutbox
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
        outstanding = await Tasks(connection).outstanding()
        tasks: list[Task] = []
        for stage in WORKER_STAGES:
            of_stage = outstanding.get(stage, Outstanding())
            telemetry.TASKS_OUTSTANDING.labels(stage).set(of_stage.open)
            workers = self._workers.alive(stage)
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
        """Update the metric of jobs by status, which takes longer the more jobs there are."""
        async with self._database.statements() as connection:
            by_status = await Jobs(connection).by_status()
        for status in JobStatus:
            telemetry.QUEUE_DEPTH.labels(status).set(by_status.get(status, 0))

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
        transcription = await Transcriptions(connection).get(item.transcription_id)
        release = await Tasks(connection).release(item.task_id)
        if release is None or transcription is None:
            return
        jobs = Jobs(connection)
        await jobs.released(item.job_id)
        source = TaskSource.of(transcription)
        message = await self._issuer.message(item, source, release)
        await JobOutbox(connection).task(
            task_id=item.task_id,
            release=release,
            stage=item.stage,
            payload=message.SerializeToString(),
            trace=await jobs.trace(item.job_id),
        )

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
