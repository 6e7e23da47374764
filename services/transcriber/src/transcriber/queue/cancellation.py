"""Cancellation of jobs, first in the tables, then at the workers."""

import contextlib

import nats.errors
from nats.js import JetStreamContext

from common import bus
from common.errors import NotFoundError, StateError
from common.postgres import Connection, Database
from transcriber.domain.jobs import Job
from transcriber.queue.lifecycle import Lifecycle
from transcriber.store.jobs import Jobs
from transcriber.store.transcriptions import Transcriptions
from transcriber.wakeups import WakeUps


class JobCanceller:
    """Cancels jobs. Workers stop within seconds, and finished stages are kept."""

    def __init__(self, database: Database, stream: JetStreamContext, wake_ups: WakeUps) -> None:
        self._database = database
        self._stream = stream
        self._wake_ups = wake_ups

    async def cancel(self, job_id: str, workspace_id: str) -> Job:
        """Cancel a workspace's job.

        Raises:
            NotFoundError: the workspace has no such job.
            StateError: it has ended.
        """
        async with self._database.transaction() as connection:
            job = await Jobs(connection).find(job_id, workspace_id)
            if job is None:
                raise NotFoundError("There is no such job.")
            sequences = await self.cancel_within(connection, job)
            if sequences is None:
                raise StateError(f"The job is already {job.status}.", {"status": job.status})
            job = await Jobs(connection).get(job_id)
            assert job is not None, "it was found in this transaction"
        await self.withdraw(sequences)
        return job

    async def cancel_within(self, connection: Connection, job: Job) -> list[int] | None:
        """Cancel a job in the caller's transaction. Return None if it has ended.

        Pass the result to `withdraw` after the transaction.
        """
        await Transcriptions(connection).lock(job.transcription_id)
        if not await Jobs(connection).lock([job.job_id]):
            return None
        return await Lifecycle(connection).cancel(job)

    async def withdraw(self, sequences: list[int]) -> None:
        """Delete waiting tasks from the stream and wake the steps following jobs."""
        self._wake_ups.jobs_changed()
        self._wake_ups.queue.notify()
        for sequence in sequences:
            # A missing message is harmless. Workers are notified of cancellations separately.
            with contextlib.suppress(nats.errors.Error):
                await self._stream.delete_msg(bus.TASKS_STREAM, sequence)
