"""Which workers are alive and what they are at, as they say themselves every few seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg

from common import bus, telemetry
from common.background.wakeups import WakeUp
from securetranscribe.v1 import queue_pb2
from transcriber.domain.jobs import WORKER_STAGES, Stage

#: A worker that was silent for so long (seconds) counts as gone; it speaks every two.
SILENT_SECONDS = 7.0
_STAGES = {
    queue_pb2.STAGE_TRANSCRIBE: Stage.TRANSCRIBE,
    queue_pb2.STAGE_DIARIZE: Stage.DIARIZE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveWorker:
    """A worker and when it was last heard of."""

    worker_id: str
    stage: Stage
    task_id: str
    draining: bool
    heard_at: float


class WorkerRegistry:
    """The live workers. Every replica hears them all."""

    def __init__(
        self,
        *,
        freed: WakeUp,
        on_task: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`freed` rings when a worker can take a task; `on_task` gets (task, worker)."""
        self._freed = freed
        self._at_work = on_task
        self._clock = clock
        self._workers: dict[str, LiveWorker] = {}

    async def listen(self, client: Client) -> None:
        """Hears heartbeats from now on."""

        async def hear(message: Msg) -> None:
            self.note(queue_pb2.WorkerHeartbeat.FromString(message.data))

        await client.subscribe(bus.worker_subject("*", "*"), cb=hear)

    def note(self, beat: queue_pb2.WorkerHeartbeat) -> None:
        """Notes a heartbeat."""
        stage = _STAGES.get(beat.stage)
        if stage is None:
            return
        before = self._workers.get(beat.worker_id)
        self._workers[beat.worker_id] = LiveWorker(
            worker_id=beat.worker_id,
            stage=stage,
            task_id=beat.task_id,
            draining=beat.draining,
            heard_at=self._clock(),
        )
        if beat.task_id:
            self._at_work(beat.task_id, beat.worker_id)
        if before is None or (before.task_id and not beat.task_id):
            self._freed.notify()
        self._show()

    def alive(self, stage: Stage) -> int:
        """How many workers of a stage take tasks."""
        return sum(not worker.draining for worker in self._heard() if worker.stage is stage)

    def idle(self, stage: Stage) -> bool:
        """Whether a worker of a stage waits for a task."""
        return any(
            worker.stage is stage and not worker.draining and not worker.task_id
            for worker in self._heard()
        )

    def holds(self, task_id: str) -> bool:
        """Whether a worker is at a task."""
        return any(worker.task_id == task_id for worker in self._heard())

    def _heard(self) -> list[LiveWorker]:
        limit = self._clock() - SILENT_SECONDS
        for worker in list(self._workers.values()):
            if worker.heard_at < limit:
                del self._workers[worker.worker_id]
        return list(self._workers.values())

    def _show(self) -> None:
        for stage in WORKER_STAGES:
            telemetry.WORKERS.labels(stage).set(self.alive(stage))
