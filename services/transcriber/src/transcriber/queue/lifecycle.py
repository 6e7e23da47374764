"""Life cycle of jobs. Every transition changes the tables and adds an event in one transaction.

Callers hold the row locks, that of the transcription before that of the job.
"""

from common import telemetry
from common.postgres import Connection
from transcriber.domain import progress
from transcriber.domain.jobs import Failure, Job, JobStatus
from transcriber.outbox import messages
from transcriber.store.jobs import Ended, Jobs
from transcriber.store.live import LiveTexts
from transcriber.store.outbox import JobOutbox
from transcriber.store.partial_transcripts import PartialTranscripts
from transcriber.store.tasks import Tasks
from transcriber.store.transcriptions import Transcriptions


class Lifecycle:
    """Transitions of jobs, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._jobs = Jobs(connection)
        self._tasks = Tasks(connection)
        self._partial = PartialTranscripts(connection)
        self._live_texts = LiveTexts(connection)
        self._outbox = JobOutbox(connection)
        self._transcriptions = Transcriptions(connection)

    async def update_progress(self, job_id: str) -> Job | None:
        """Update the progress of a locked live job from its tasks, and start it the first time.

        Return the updated job.
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
        """Fail a live job. Return False if it has already ended.

        Without `stop_workers` running tasks continue, and the next job can use their results.
        """
        ended = await self._end(job, JobStatus.FAILED, progress.FAILED_STEP, why)
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
        """Cancel a live job. Return None if it has already ended.

        Otherwise return the stream sequences of its tasks, to be deleted there.
        """
        ended = await self._end(job, JobStatus.CANCELLED, progress.CANCELLED_STEP)
        if ended is None:
            return None
        sequences = await self._stop_workers(job.job_id)
        await self._transcriptions.cancelled(job.transcription_id)
        await self._outbox.event(messages.job_cancelled(job, at=ended.at))
        _measure(JobStatus.CANCELLED, ended)
        return sequences

    async def complete(self, job: Job, *, confidence: float, speakers: int, warnings: bool) -> None:
        """Complete a live job after its transcript was stored."""
        ended = await self._end(job, JobStatus.COMPLETED, progress.COMPLETED_STEP)
        assert ended is not None, "the job was locked while it was live"
        await self._live_texts.forget(job.transcription_id)
        await self._outbox.event(
            messages.job_completed(
                job, at=ended.at, confidence=confidence, speakers=speakers, warnings=warnings
            )
        )
        _measure(JobStatus.COMPLETED, ended)

    async def _end(
        self, job: Job, status: JobStatus, step: str, why: Failure | None = None
    ) -> Ended | None:
        """End a live job. Return None if it has already ended."""
        await self._partial.forget(job.job_id)
        return await self._jobs.end(job.job_id, status, step, why)

    async def _stop_workers(self, job_id: str) -> list[int]:
        await self._outbox.withdraw_tasks(job_id)
        await self._outbox.cancellation(job_id)
        return await self._tasks.cancel(job_id)


def _measure(status: JobStatus, ended: Ended) -> None:
    if ended.seconds is not None:
        telemetry.JOB_SECONDS.labels(status).observe(ended.seconds)
