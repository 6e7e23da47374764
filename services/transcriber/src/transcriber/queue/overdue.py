"""Jobs over their time limit are ended, and completed without speakers where possible."""

from collections.abc import Sequence

from common import logging
from common.background.clock_watch import ClockWatch
from common.background.steps import ItemStep
from common.postgres import Connection, Database
from transcriber.domain.jobs import WORKER_STAGES, Failure, Job, Stage
from transcriber.queue.lifecycle import Lifecycle
from transcriber.queue.workers import WorkerRegistry
from transcriber.store.jobs import Jobs
from transcriber.store.outbox import JobOutbox
from transcriber.store.tasks import Tasks
from transcriber.store.transcriptions import Transcriptions
from transcriber.wakeups import WakeUps

_log = logging.get(__name__)


class OverdueStep(ItemStep[str]):
    """Ends jobs without a begun or ended task for `PROCESSING_TIMEOUT`."""

    name = "overdue"
    items = "jobs that take too long"
    outcome = "The job goes on without a limit and is listed."

    def __init__(
        self,
        database: Database,
        workers: WorkerRegistry,
        wake_ups: WakeUps,
        *,
        processing_timeout: float,
        clock: ClockWatch | None = None,
    ) -> None:
        super().__init__(database)
        self._workers = workers
        self._wake_ups = wake_ups
        self._processing_timeout = processing_timeout
        self._clock = clock or ClockWatch()

    def key(self, item: str) -> str:
        """Return the job's id."""
        return item

    async def due(self, connection: Connection, limit: int) -> Sequence[str]:
        """Return jobs over their time limit."""
        limit_seconds = self._processing_timeout
        if not await self._clock.steady(connection, limit_seconds):
            return []
        served = [one for one in WORKER_STAGES if self._workers.attended(one, limit_seconds)]
        return await Jobs(connection).overdue(limit_seconds, limit, served=served)

    async def handle(self, item: str) -> None:
        """End one job."""
        async with self._database.transaction() as connection:
            job = await Jobs(connection).get(item)
            if job is None:
                return
            await Transcriptions(connection).lock(job.transcription_id)
            if await Jobs(connection).lock([item]):
                await self._end(connection, job)
        self._wake_ups.jobs_changed()

    async def _end(self, connection: Connection, job: Job) -> None:
        tasks = await Tasks(connection).of_job(job.job_id)
        seconds = f"{self._processing_timeout:.0f} seconds"
        missing = [task for task in tasks if task.stage in WORKER_STAGES and not task.state.settled]
        if missing and all(task.stage is Stage.DIARIZE for task in missing):
            failure = Failure(
                code="DIARIZATION_ERROR", message=f"It took longer than the allowed {seconds}."
            )
            for task in missing:
                await Tasks(connection).failed(task.task_id, failure)
            await JobOutbox(connection).withdraw_tasks(job.job_id)
            await JobOutbox(connection).cancellation(job.job_id)
            await Lifecycle(connection).update_progress(job.job_id)
            return
        failure = Failure(
            code="TRANSCRIPTION_ERROR",
            message=f"Processing took longer than the allowed {seconds}. "
            "A shorter recording, or more and faster workers, may help.",
        )
        await Lifecycle(connection).fail(job, failure, stop_workers=True)
        _log.warning("job over its time limit", job_id=job.job_id)
