"""Live workers and their current tasks, tracked from heartbeats."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg

from common import bus, telemetry
from common.background.wakeups import WakeUp
from common.times import seconds
from securetranscribe.v1 import queue_pb2
from transcriber.domain.jobs import WORKER_STAGES, Stage
from transcriber.store.tasks import ProgressReport

#: A worker without a heartbeat for this long counts as dead. One is sent every two seconds.
SILENT_SECONDS = 7.0
_STAGES = {
    queue_pb2.STAGE_TRANSCRIBE: Stage.TRANSCRIBE,
    queue_pb2.STAGE_DIARIZE: Stage.DIARIZE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveWorker:
    """A worker at its last heartbeat."""

    worker_id: str
    stage: Stage
    task_id: str
    draining: bool
    heard_at: float
    device: str = ""
    #: Whether the task waits for a direct call to end.
    queued: bool = False
    #: When the worker took its task, or became idle.
    changed_at: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerActivity:
    """A worker, and seconds since its last heartbeat and since it took its task."""

    worker: LiveWorker
    silent: float
    busy: float


class WorkerRegistry:
    """Live workers. Every replica receives all heartbeats."""

    def __init__(
        self,
        *,
        freed: WakeUp,
        on_task: Callable[[ProgressReport], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Notify `freed` when a worker becomes free. Pass heartbeats of tasks to `on_task`."""
        self._freed = freed
        self._on_task = on_task
        self._clock = clock
        self._workers: dict[str, LiveWorker] = {}

    async def listen(self, client: Client) -> None:
        """Subscribe to heartbeats."""

        async def hear(message: Msg) -> None:
            self.note(queue_pb2.WorkerHeartbeat.FromString(message.data))

        await client.subscribe(bus.worker_subject("*", "*"), cb=hear)

    def note(self, beat: queue_pb2.WorkerHeartbeat) -> None:
        """Update a worker from its heartbeat."""
        stage = _STAGES.get(beat.stage)
        if stage is None:
            return
        before = self._workers.get(beat.worker_id)
        now = self._clock()
        same = before is not None and before.task_id == beat.task_id
        self._workers[beat.worker_id] = LiveWorker(
            worker_id=beat.worker_id,
            stage=stage,
            task_id=beat.task_id,
            draining=beat.draining,
            heard_at=now,
            device=beat.device,
            queued=beat.queued,
            changed_at=before.changed_at if before is not None and same else now,
        )
        if beat.task_id:
            self._on_task(
                ProgressReport(
                    task_id=beat.task_id,
                    worker_id=beat.worker_id,
                    queued=beat.queued,
                    queued_seconds=seconds(beat.queued_duration),
                )
            )
        if before is None or (before.task_id and not beat.task_id):
            self._freed.notify()
        self._show()

    def alive(self, stage: Stage) -> int:
        """Return the number of workers of a stage, except those shutting down."""
        return sum(not worker.draining for worker in self._heard() if worker.stage is stage)

    def idle(self, stage: Stage) -> int:
        """Return the number of workers of a stage that wait for a task."""
        return sum(
            worker.stage is stage and not worker.draining and not worker.task_id
            for worker in self._heard()
        )

    def holds(self, task_id: str) -> bool:
        """Return whether a worker is working on a task."""
        return any(worker.task_id == task_id for worker in self._heard())

    def activities(self) -> list[WorkerActivity]:
        """Return all live workers, by stage and identifier."""
        now = self._clock()
        found = [
            WorkerActivity(
                worker=worker, silent=now - worker.heard_at, busy=now - worker.changed_at
            )
            for worker in self._heard()
        ]
        return sorted(found, key=lambda one: (one.worker.stage, one.worker.worker_id))

    def _heard(self) -> list[LiveWorker]:
        limit = self._clock() - SILENT_SECONDS
        for worker in list(self._workers.values()):
            if worker.heard_at < limit:
                del self._workers[worker.worker_id]
        return list(self._workers.values())

    def _show(self) -> None:
        for stage in WORKER_STAGES:
            telemetry.WORKERS.labels(stage).set(self.alive(stage))
