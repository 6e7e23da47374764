"""Dispatch of tasks to workers, in the order of the queue and as workers become free."""

from collections.abc import Sequence
from dataclasses import replace

from common import telemetry
from common.background.steps import BatchStep
from common.postgres import Connection, Database
from common.signed_objects import TaskAccess, UrlSigner
from transcriber.domain import release_rule
from transcriber.domain.jobs import WORKER_STAGES, Failure, JobStatus, Stage, Task
from transcriber.domain.playback import CopyKeys
from transcriber.outbox import messages
from transcriber.queue.lifecycle import Lifecycle
from transcriber.queue.workers import WorkerRegistry
from transcriber.recordings import sources
from transcriber.store import locks
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
        signer: UrlSigner,
        playback: bool,
    ) -> None:
        """With `playback`, workers make copies of recordings."""
        super().__init__(database)
        self._playback = playback
        self._signer = signer
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
            room = release_rule.room(workers=workers, handed_out=of_stage.handed_out)
            room = min(room, limit)
            if room > 0 and of_stage.open > of_stage.handed_out:
                waiting = await Tasks(connection).next_waiting(stage, room)
                free = await Jobs(connection).lock_free([task.job_id for task in waiting])
                tasks += [task for task in waiting if task.job_id in free]
        by_status = await Jobs(connection).by_status()
        for status in JobStatus:
            telemetry.QUEUE_DEPTH.labels(status).set(by_status.get(status, 0))
        return tasks

    async def handle(self, connection: Connection, item: Task) -> None:
        """Hand out one task."""
        transcription = await Transcriptions(connection).get(item.transcription_id)
        release = await Tasks(connection).release(item.task_id)
        if release is None or transcription is None:
            return
        jobs = Jobs(connection)
        await jobs.released(item.job_id)
        access = self._access(transcription.source_key, item)
        await JobOutbox(connection).task(
            task_id=item.task_id,
            release=release,
            stage=item.stage,
            payload=messages.task(item, transcription, release, access).SerializeToString(),
            trace=await jobs.trace(item.job_id),
        )

    def _access(self, audio_key: str, task: Task) -> TaskAccess:
        """Return the URLs of a task, with those of a playback copy if it is to make one."""
        copy_key = sources.copy_key(task.options)
        if copy_key:
            # A copy of a copy would be worse.
            return self._signer.task_on_copy(copy_key, task.result_key)
        access = self._signer.task(audio_key, task.result_key)
        if not self._playback or task.stage is not Stage.TRANSCRIBE:
            return access
        keys = CopyKeys.of_result(task.result_key)
        return replace(
            access,
            playback=self._signer.writable(keys.playback),
            peaks=self._signer.writable(keys.peaks),
        )

    async def handled(self, _connection: Connection, _items: Sequence[Task]) -> None:
        """Wake the steps that publish and announce."""
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
