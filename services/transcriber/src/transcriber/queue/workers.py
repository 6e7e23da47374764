"""Live workers and their current tasks, tracked from heartbeats."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

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
    models: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerActivity:
    """A worker, and seconds since its last heartbeat and since it took its task."""

    worker: LiveWorker
    silent: float
    busy: float


class WorkerRegistry:
    """Live workers. Every replica receives all heartbeats.

    A heartbeat and a question take the same time, however many workers there are.
    """

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
        # When a worker of a stage was heard last. A new process has not had the time to hear one.
        self._heard_of = dict.fromkeys(WORKER_STAGES, clock())
        # In the order of their last heartbeats.
        self._workers: dict[str, LiveWorker] = {}
        self._alive: Counter[Stage] = Counter()
        self._idle: Counter[Stage] = Counter()
        self._held: Counter[str] = Counter()

    async def listen(self, client: Client) -> None:
        """Subscribe to heartbeats."""

        async def hear(message: Msg) -> None:
            beat = queue_pb2.WorkerHeartbeat.FromString(message.data)
            if beat.task_id:
                # The client logs exceptions raised here and continues.
                beat.task_id = str(UUID(beat.task_id))
            self.note(beat)

        await client.subscribe(bus.worker_subject("*", "*"), cb=hear)

    def note(self, beat: queue_pb2.WorkerHeartbeat) -> None:
        """Update a worker from its heartbeat."""
        stage = _STAGES.get(beat.stage)
        if stage is None:
            return
        before = self._workers.get(beat.worker_id)
        now = self._clock()
        same = before is not None and before.task_id == beat.task_id
        self._heard_of[stage] = now
        self._remove(beat.worker_id)
        self._add(
            LiveWorker(
                worker_id=beat.worker_id,
                stage=stage,
                task_id=beat.task_id,
                draining=beat.draining,
                heard_at=now,
                device=beat.device,
                queued=beat.queued,
                changed_at=before.changed_at if before is not None and same else now,
                models=frozenset(beat.models),
            )
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
        self._forget_silent()
        return self._alive[stage]

    def attended(self, stage: Stage, seconds: float) -> bool:
        """Return whether a worker of a stage was there within a number of seconds.

        It is taken for granted while this process is younger.
        """
        return self._clock() - self._heard_of[stage] <= seconds

    def idle(self, stage: Stage) -> int:
        """Return the number of idle workers of a stage."""
        self._forget_silent()
        return self._idle[stage]

    def holds(self, task_id: str) -> bool:
        """Return whether a worker is working on a task."""
        self._forget_silent()
        return task_id in self._held

    def models(self) -> frozenset[str]:
        """Return the models that all recognition workers have, none without a worker."""
        self._forget_silent()
        found = [
            worker.models
            for worker in self._workers.values()
            if worker.stage is Stage.TRANSCRIBE and not worker.draining
        ]
        return frozenset.intersection(*found) if found else frozenset()

    def activities(self) -> list[WorkerActivity]:
        """Return all live workers, by stage and identifier."""
        self._forget_silent()
        now = self._clock()
        found = [
            WorkerActivity(
                worker=worker, silent=now - worker.heard_at, busy=now - worker.changed_at
            )
            for worker in self._workers.values()
        ]
        return sorted(found, key=lambda one: (one.worker.stage, one.worker.worker_id))

    def _forget_silent(self) -> None:
        limit = self._clock() - SILENT_SECONDS
        while self._workers:
            longest_silent = next(iter(self._workers.values()))
            if longest_silent.heard_at >= limit:
                return
            self._remove(longest_silent.worker_id)

    def _add(self, worker: LiveWorker) -> None:
        self._workers[worker.worker_id] = worker
        self._count(worker, 1)

    def _remove(self, worker_id: str) -> None:
        worker = self._workers.pop(worker_id, None)
        if worker is not None:
            self._count(worker, -1)

    def _count(self, worker: LiveWorker, difference: int) -> None:
        if not worker.draining:
            self._alive[worker.stage] += difference
        if worker.task_id:
            self._held[worker.task_id] += difference
            if not self._held[worker.task_id]:
                del self._held[worker.task_id]
        elif not worker.draining:
            self._idle[worker.stage] += difference

    def _show(self) -> None:
        for stage in WORKER_STAGES:
            telemetry.WORKERS.labels(stage).set(self.alive(stage))
