"""Queue endpoints."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from common import times
from gateway.api.conversion import optional_moment
from gateway.api.parameters import Caller, EmptyIsNone, JobId, JsonBody, Limit, Offset
from gateway.api.stages import FailureReason, StageData, failure_reason, stage_data
from gateway.api.transcription_conversion import JOB_STATUS
from gateway.api.transcription_models import JobWord
from gateway.backends import Backends
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import ApiModel, Moment, Success
from securetranscribe.v1 import queue_pb2

_TAG = "Queue"
_STATUS_BY_WORD: "dict[JobWord | None, queue_pb2.JobStatus.ValueType]" = {
    None: queue_pb2.JOB_STATUS_UNSPECIFIED,
    **{word: number for number, word in JOB_STATUS.items()},
}


class QueueQuotaData(ApiModel):
    """What the session uses, and the limits for one user. Durations are in seconds."""

    queue_places: int = Field(description="Waiting jobs, and uploads that start one.")
    max_queue_places: int
    stored_bytes: int = Field(description="Size of stored recordings.")
    max_stored_bytes: int
    queued_duration: float = Field(description="Sound of the waiting jobs.")
    max_queued_duration: float


class QueueData(ApiModel):
    """State of the whole queue, and the session's position in it. Times are in seconds."""

    total_jobs: int
    queued_jobs: int
    processing_jobs: int
    completed_jobs: int
    failed_jobs: int
    cancelled_jobs: int
    active_jobs: int = Field(description="Jobs in progress.")
    max_workers: int = Field(description="Live workers of both kinds.")
    transcribe_workers: int
    diarize_workers: int
    is_running: bool
    user_queue_position: int = Field(
        description="Position of the session's first waiting job, 0 if none is waiting."
    )
    estimated_wait_time: float
    average_processing_time: float
    success_rate: float = Field(description="Percent.")
    queue_size: int = Field(description="Maximum number of waiting jobs.")
    speech_models: list[str] = Field(
        description="Models for speech recognition that can be requested, none without a worker."
    )
    quota: QueueQuotaData


class JobFile(ApiModel):
    """File of a job."""

    file_size: int = Field(description="Bytes.")
    file_duration: float = Field(description="Seconds.")
    file_path: str = Field(description="Logical path, not a location on disk.")


class JobData(ApiModel):
    """A transcription job."""

    id: int
    job_id: str
    transcription_id: int
    session_id: str
    queue_position: int = Field(description="Position from 1, or 0 if the job is not waiting.")
    priority: int
    status: JobWord
    progress_percentage: float
    current_step: str
    created_at: Moment
    started_at: Moment | None
    completed_at: Moment | None
    file_info: JobFile
    estimated_completion: Moment | None
    processing_time: float | None = Field(description="Seconds.")
    stages: list[StageData]
    error: FailureReason | None = Field(description="Set if the job failed.")


class JobList(ApiModel):
    """One page of jobs, newest first."""

    jobs: list[JobData]
    total: int
    limit: int
    offset: int
    status_filter: JobWord | None


class JobUpdateBody(JsonBody):
    """Change to a waiting job."""

    priority: int = Field(
        ge=1, le=10, description="1 (last) to 10 (first). Only administrators set more than 5."
    )


class CancelledJob(ApiModel):
    """A cancelled job."""

    message: str
    job_id: str


class QueueApi:
    """Queue status and jobs."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/queue/status",
                handler=self.get_queue_status,
                summary="Get queue status",
                tag=_TAG,
            ),
            Endpoint(
                method="GET",
                path="/queue/jobs/{job_id}",
                handler=self.get_job,
                summary="Get job status",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="PUT",
                path="/queue/jobs/{job_id}",
                handler=self.update_job,
                summary="Change the priority of a waiting job",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="DELETE",
                path="/queue/jobs/{job_id}",
                handler=self.cancel_job,
                summary="Cancel job",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="GET",
                path="/queue/jobs",
                handler=self.list_jobs,
                summary="List user jobs",
                tag=_TAG,
            ),
        ]

    async def get_queue_status(self, caller: Caller) -> Success[QueueData]:
        """Return the state of the whole queue and the session's position in it."""
        answer = await self._backends.ask(
            self._backends.queue.GetQueueStatus,
            queue_pb2.GetQueueStatusRequest(),
            caller,
        )
        return Success[QueueData].of(queue_data(answer.status), "Queue status retrieved")

    async def get_job(self, job_id: JobId, caller: Caller) -> Success[JobData]:
        """Return one of the session's jobs."""
        answer = await self._backends.ask(
            self._backends.queue.GetJob,
            queue_pb2.GetJobRequest(job_id=job_id),
            caller,
        )
        return Success[JobData].of(job_data(answer.job), "Job retrieved")

    async def update_job(
        self, job_id: JobId, body: JobUpdateBody, caller: Caller
    ) -> Success[JobData]:
        """Change the priority of a waiting job. It moves to its new place in the queue."""
        answer = await self._backends.ask(
            self._backends.queue.UpdateJobPriority,
            queue_pb2.UpdateJobPriorityRequest(job_id=job_id, priority=body.priority),
            caller,
        )
        return Success[JobData].of(job_data(answer.job), "Priority changed")

    async def cancel_job(self, job_id: JobId, caller: Caller) -> Success[CancelledJob]:
        """Cancel a waiting or running job."""
        answer = await self._backends.ask(
            self._backends.queue.CancelJob,
            queue_pb2.CancelJobRequest(job_id=job_id),
            caller,
        )
        said = "Job cancelled successfully"
        data = CancelledJob(message=said, job_id=answer.job.job_id)
        return Success[CancelledJob].of(data, said)

    async def list_jobs(
        self,
        caller: Caller,
        status_filter: Annotated[JobWord | None, EmptyIsNone, Query()] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Success[JobList]:
        """List the session's jobs, newest first."""
        answer = await self._backends.ask(
            self._backends.queue.ListJobs,
            queue_pb2.ListJobsRequest(
                status=_STATUS_BY_WORD[status_filter],
                limit=limit,
                offset=offset,
            ),
            caller,
        )
        data = JobList(
            jobs=[job_data(job) for job in answer.jobs],
            total=answer.total,
            limit=limit,
            offset=offset,
            status_filter=status_filter,
        )
        return Success[JobList].of(data, "Jobs retrieved")


def queue_data(status: queue_pb2.QueueStatus) -> QueueData:
    """Convert the queue's state to its response model."""
    return QueueData(
        total_jobs=status.total_jobs,
        queued_jobs=status.queued_jobs,
        processing_jobs=status.processing_jobs,
        completed_jobs=status.completed_jobs,
        failed_jobs=status.failed_jobs,
        cancelled_jobs=status.cancelled_jobs,
        active_jobs=status.processing_jobs,
        max_workers=status.transcribe_workers + status.diarize_workers,
        transcribe_workers=status.transcribe_workers,
        diarize_workers=status.diarize_workers,
        is_running=status.running,
        user_queue_position=status.caller_position,
        estimated_wait_time=times.seconds(status.estimated_wait),
        average_processing_time=times.seconds(status.average_processing_duration),
        success_rate=status.success_rate_percent,
        queue_size=status.capacity,
        speech_models=list(status.speech_models),
        quota=quota_data(status.caller_quota),
    )


def quota_data(quota: queue_pb2.QueueQuota) -> QueueQuotaData:
    """Convert quotas to their response model."""
    return QueueQuotaData(
        queue_places=quota.queue_places,
        max_queue_places=quota.max_queue_places,
        stored_bytes=quota.stored_bytes,
        max_stored_bytes=quota.max_stored_bytes,
        queued_duration=times.seconds(quota.queued_duration),
        max_queued_duration=times.seconds(quota.max_queued_duration),
    )


def job_data(job: queue_pb2.Job) -> JobData:
    """Convert a job to its response model."""
    started = optional_moment(job, "start_time")
    return JobData(
        id=job.id,
        job_id=job.job_id,
        transcription_id=job.transcription_id,
        session_id=job.session_id,
        queue_position=job.queue_position,
        priority=job.priority,
        status=JOB_STATUS[job.status],
        progress_percentage=job.progress_percent,
        current_step=job.current_step,
        created_at=times.moment(job.create_time),
        started_at=started,
        completed_at=optional_moment(job, "complete_time"),
        file_info=JobFile(
            file_size=job.file_size_bytes,
            file_duration=times.seconds(job.file_duration),
            file_path=f"/uploads/{job.filename}",
        ),
        estimated_completion=optional_moment(job, "estimated_complete_time"),
        processing_time=None if started is None else times.seconds(job.processing_duration),
        stages=stage_data(job.stages),
        error=failure_reason(job),
    )
