"""What happens to a job: each step changes the tables and leaves an event, in one transaction.

Callers hold the locks: the transcription's row before the job's, wherever both are touched.
"""

from common import telemetry
from common.postgres import Connection
from transcriber.domain import progress
from transcriber.domain.jobs import Failure, Job, JobStatus
from transcriber.outbox import messages
from transcriber.store.jobs import Ended, Jobs
from transcriber.store.outbox import JobOutbox
from transcriber.store.tasks import Tasks
from transcriber.store.transcriptions import Transcriptions


class Lifecycle:
    """The steps of jobs, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._jobs = Jobs(connection)
        self._tasks = Tasks(connection)
        self._outbox = JobOutbox(connection)
        self._transcriptions = Transcriptions(connection)

    async def update_progress(self, job_id: str) -> Job | None:
        """Notes how far a locked live job is by its tasks; the first time, that it has begun.

        Returns the job as it is now.
        """
        waited = await self._jobs.begin(job_id)
        stages = progress.stages_of(await self._tasks.of_job(job_id))
        await self._jobs.progress(job_id, progress.percent(stages), progress.current_step(stages))
        job = await self._jobs.get(job_id)
        if waited is not None and job is not None:
            telemetry.JOB_WAIT_SECONDS.observe(waited)
            await self._outbox.event(messages.job_started(job))
        return job

    async def fail(self, job: Job, why: Failure, *, stop_workers: bool) -> bool:
        """Fails a live job; False when it had ended before.

        What workers have in hand is stopped only if asked: what they finish can be used by the
        transcription's next job.
        """
        ended = await self._jobs.end(job.job_id, JobStatus.FAILED, progress.FAILED_STEP, why)
        if ended is None:
            return False
        if stop_workers:
            await self._stop_workers(job.job_id)
        else:
            await self._tasks.cancel_waiting(job.job_id)
        await self._transcriptions.failed(job.transcription_id, why)
        await self._outbox.event(messages.job_failed(job, at=ended.at, why=why))
        _measure(JobStatus.FAILED, ended)
        return True

    async def cancel(self, job: Job) -> list[int] | None:
        """Cancels a live job; None when it had ended before.

        Returns where messages of its tasks are in the stream, to be removed there.
        """
        ended = await self._jobs.end(job.job_id, JobStatus.CANCELLED, progress.CANCELLED_STEP)
        if ended is None:
            return None
        sequences = await self._stop_workers(job.job_id)
        await self._transcriptions.cancelled(job.transcription_id)
        await self._outbox.event(messages.job_cancelled(job, at=ended.at))
        _measure(JobStatus.CANCELLED, ended)
        return sequences

    async def complete(self, job: Job, *, confidence: float, speakers: int, warnings: bool) -> None:
        """Completes a live job whose transcript has just been stored."""
        ended = await self._jobs.end(job.job_id, JobStatus.COMPLETED, progress.COMPLETED_STEP)
        assert ended is not None, "the job was locked while it was live"
        await self._outbox.event(
            messages.job_completed(
                job, at=ended.at, confidence=confidence, speakers=speakers, warnings=warnings
            )
        )
        _measure(JobStatus.COMPLETED, ended)

    async def _stop_workers(self, job_id: str) -> list[int]:
        await self._outbox.withdraw_tasks(job_id)
        await self._outbox.cancellation(job_id)
        return await self._tasks.cancel(job_id)


def _measure(status: JobStatus, ended: Ended) -> None:
    if ended.seconds is not None:
        telemetry.JOB_SECONDS.labels(status).observe(ended.seconds)
