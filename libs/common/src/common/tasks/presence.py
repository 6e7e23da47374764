"""A worker's signs of life on core NATS: heartbeats, and progress of the task in hand."""

import asyncio
import contextlib
from collections.abc import Sequence

import nats.errors
from nats.aio.client import Client

from common import bus
from common.tasks.task import TaskControl
from common.times import duration
from securetranscribe.v1 import queue_pb2

_HEARTBEAT_SECONDS = 2.0
_STAGES = {
    "transcribe": queue_pb2.STAGE_TRANSCRIBE,
    "diarize": queue_pb2.STAGE_DIARIZE,
}


class WorkerPresence:
    """Publishes a worker's heartbeats and progress. Messages are neither kept nor confirmed."""

    def __init__(
        self,
        client: Client,
        *,
        worker_id: str,
        stage: str,
        device: str,
        models: Sequence[str] = (),
    ) -> None:
        self._client = client
        self._subject = bus.worker_subject(stage, worker_id)
        self._beat = queue_pb2.WorkerHeartbeat(
            worker_id=worker_id, stage=_STAGES[stage], device=device, models=models
        )
        self._control: TaskControl | None = None

    async def run(self) -> None:
        """Publish heartbeats until cancelled."""
        while True:
            await self._publish_beat()
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def at(self, task_id: str, control: TaskControl | None = None) -> None:
        """Publish the current task. An empty one means idle."""
        self._beat.task_id = task_id
        self._control = control
        await self._publish_beat()

    async def draining(self) -> None:
        """Publish that no further task is taken."""
        self._beat.draining = True
        await self._publish_beat()

    async def progress(self, task: queue_pb2.Task, fraction: float, step: str) -> None:
        """Publish the progress of the task, 0 to 1."""
        progress = queue_pb2.TaskProgress(
            task_id=task.task_id,
            job_id=task.job_id,
            fraction=fraction,
            step=step,
            worker_id=self._beat.worker_id,
        )
        await self._publish(bus.progress_subject(task.task_id), progress.SerializeToString())

    async def _publish_beat(self) -> None:
        control = self._control
        self._beat.queued = control is not None and control.queued
        queued_seconds = 0.0 if control is None else control.queued_seconds
        self._beat.queued_duration.CopyFrom(duration(queued_seconds))
        await self._publish(self._subject, self._beat.SerializeToString())

    async def _publish(self, subject: str, payload: bytes) -> None:
        with contextlib.suppress(nats.errors.Error):
            await self._client.publish(subject, payload)
