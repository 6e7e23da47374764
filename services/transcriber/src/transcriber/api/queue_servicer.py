"""QueueService: status of the queue, jobs, cancellation and priorities."""

import datetime as dt
from typing import Any

from common import identity, rights
from common.errors import NotFoundError, StateError, ValidationError
from common.postgres import Connection, Database
from common.rights import Right
from securetranscribe.v1 import queue_pb2, queue_pb2_grpc
from transcriber.api import requests, responses
from transcriber.api.priorities import PriorityRule
from transcriber.api.speech_models import SpeechModels
from transcriber.domain.jobs import Job, JobStatus
from transcriber.queue.admission import Quotas
from transcriber.queue.cancellation import JobCanceller
from transcriber.queue.queue_status import QueueMonitor
from transcriber.store.jobs import Jobs
from transcriber.store.usage import Usage
from transcriber.store.workspace_settings import StoredSettings
from transcriber.wakeups import WakeUps


class QueueServicer(queue_pb2_grpc.QueueServiceServicer):
    """Serves QueueService. Callers see only the jobs of their workspace."""

    def __init__(
        self,
        database: Database,
        monitor: QueueMonitor,
        canceller: JobCanceller,
        wake_ups: WakeUps,
        priorities: PriorityRule,
        *,
        models: SpeechModels,
        quotas: Quotas,
    ) -> None:
        self._database = database
        self._monitor = monitor
        self._canceller = canceller
        self._wake_ups = wake_ups
        self._priorities = priorities
        self._models = models
        self._quotas = quotas

    async def GetQueueStatus(
        self, _request: queue_pb2.GetQueueStatusRequest, _context: Any
    ) -> queue_pb2.GetQueueStatusResponse:
        """Return the state of the whole queue, and what the caller uses of its quotas."""
        workspace_id = identity.current().workspace_id
        async with self._database.transaction() as connection:
            status = await self._monitor.status(connection)
            used = await Usage(connection, workspace_id).used()
            quotas = self._quotas.of(await StoredSettings(connection).get(workspace_id))
        message = responses.queue_status(
            status, workspace_id, capacity=self._quotas.queue_size, running=True
        )
        message.caller_quota.CopyFrom(responses.queue_quota(used, quotas))
        message.speech_models.extend(self._models.names())
        return queue_pb2.GetQueueStatusResponse(status=message)

    async def GetJob(
        self, request: queue_pb2.GetJobRequest, _context: Any
    ) -> queue_pb2.GetJobResponse:
        """Return one job."""
        job_id = requests.job_id(request.job_id)
        async with self._database.transaction() as connection:
            job = await Jobs(connection).find(job_id, rights.workspace(Right.READ))
            if job is None:
                raise NotFoundError("There is no such job.")
            return queue_pb2.GetJobResponse(job=await self._shown(connection, job))

    async def ListJobs(
        self, request: queue_pb2.ListJobsRequest, _context: Any
    ) -> queue_pb2.ListJobsResponse:
        """Return a page of the workspace's jobs."""
        limit, offset = requests.page(request.limit, request.offset)
        async with self._database.transaction() as connection:
            jobs, total = await Jobs(connection).page(
                rights.workspace(Right.READ),
                status=requests.job_status(request.status),
                transcription_id=request.transcription_id,
                limit=limit,
                offset=offset,
            )
            queued = [job.job_id for job in jobs if job.status is JobStatus.QUEUED]
            snapshot = await self._monitor.shown(connection, *queued)
        now = dt.datetime.now(dt.UTC)
        return queue_pb2.ListJobsResponse(
            jobs=[responses.job(job, snapshot, now) for job in jobs], total=total
        )

    async def CancelJob(
        self, request: queue_pb2.CancelJobRequest, _context: Any
    ) -> queue_pb2.CancelJobResponse:
        """Cancel a job."""
        job = await self._canceller.cancel(
            requests.job_id(request.job_id), rights.workspace(Right.CHANGE)
        )
        async with self._database.transaction() as connection:
            return queue_pb2.CancelJobResponse(job=await self._shown(connection, job))

    async def UpdateJobPriority(
        self, request: queue_pb2.UpdateJobPriorityRequest, context: Any
    ) -> queue_pb2.UpdateJobPriorityResponse:
        """Change the priority of a queued job."""
        if not 1 <= request.priority <= 10:
            raise ValidationError.of("priority", "priority must be from 1 (last) to 10 (first).")
        self._priorities.check(request.priority, context)
        async with self._database.transaction() as connection:
            jobs = Jobs(connection)
            workspace_id = rights.workspace(Right.CHANGE)
            job = await jobs.find(requests.job_id(request.job_id), workspace_id)
            if job is None:
                raise NotFoundError("There is no such job.")
            if not await jobs.set_priority(job.job_id, request.priority):
                raise StateError("The job is no longer queued.", {"status": job.status})
            changed = await jobs.get(job.job_id)
            assert changed is not None, "it was found in this transaction"
            job = changed
            snapshot = await self._monitor.shown(connection, job.job_id, moved=True)
            shown = responses.job(job, snapshot, dt.datetime.now(dt.UTC))
        self._wake_ups.dispatch.notify()
        self._wake_ups.queue.notify()
        return queue_pb2.UpdateJobPriorityResponse(job=shown)

    async def _shown(self, connection: Connection, job: Job) -> queue_pb2.Job:
        queued = [job.job_id] if job.status is JobStatus.QUEUED else []
        snapshot = await self._monitor.shown(connection, *queued)
        return responses.job(job, snapshot, dt.datetime.now(dt.UTC))
