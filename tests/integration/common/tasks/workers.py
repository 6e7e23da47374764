"""Shared by tests of workers: tasks to publish, workers to start, results to wait for."""

import asyncio
import contextlib
import math
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus
from common.bus import Delivery
from common.errors import TranscriptionError
from common.objects import ObjectStore, RangedObject
from common.runtime import Supervisor
from common.signed_objects import SignedObjects, UrlSigner
from common.tasks.task import TaskCancelledError, TaskControl
from common.tasks.worker import TaskHandler, TaskWorker, WorkerOptions
from securetranscribe.v1 import queue_pb2

STAGE = "transcribe"


@dataclass(kw_only=True)
class RunningWorker:
    """A worker in this process with its own connection."""

    worker: TaskWorker
    handler: TaskHandler
    client: Client
    supervisor: Supervisor
    working: asyncio.Task[None]

    async def stop(self) -> None:
        await self.worker.stop()
        await self.working

    async def close(self) -> None:
        if isinstance(self.handler, Held):
            self.handler.release.set()
        await self.supervisor.cancel()
        await self.client.close()
        assert not self.supervisor.failed


@dataclass(kw_only=True)
class Bench:
    """Publishes tasks for workers and collects their results."""

    url: str
    client: Client
    stream: JetStreamContext
    store: ObjectStore
    objects: SignedObjects
    signer: UrlSigner
    delivery: Delivery
    workers: list[RunningWorker] = field(default_factory=list)

    async def close(self) -> None:
        for worker in self.workers:
            await worker.close()

    async def task(self, audio: bytes = b"sound") -> queue_pb2.Task:
        """Return a task with a stored recording."""
        task_id = str(uuid.uuid4())
        task = queue_pb2.Task(
            task_id=task_id,
            job_id=f"job_{uuid.uuid4().hex}",
            session_id=f"session_{uuid.uuid4().hex}",
            audio_key=f"{task_id}/source",
            result_key=f"{task_id}/result.pb",
        )
        task.audio_duration.seconds = 10
        self.sign(task)
        await self.store.put("audio", task.audio_key, audio)
        return task

    def sign(self, task: queue_pb2.Task, signer: UrlSigner | None = None) -> None:
        """Give a task the URLs of its objects."""
        access = (signer or self.signer).task(task.audio_key, task.result_key)
        task.audio_url = access.recording
        task.stored_result_url = access.stored_result
        task.result_url = access.result

    async def give(self, task: queue_pb2.Task, headers: dict[str, str] | None = None) -> None:
        await self.stream.publish(
            bus.tasks_subject(STAGE),
            task.SerializeToString(),
            headers={"Nats-Msg-Id": task.task_id, **(headers or {})},
        )

    async def cancel(self, task: queue_pb2.Task, *, note: bool = True, tell: bool = True) -> None:
        """Cancel a job as the coordinator does: record it first, then announce it."""
        if note:
            bucket = await self.stream.key_value(bus.CANCELLED_BUCKET)
            await bucket.put(task.job_id, b"")
        if tell:
            await self.client.publish(bus.cancel_subject(task.job_id))

    async def start(
        self, handler: TaskHandler, *, name: str = "worker-1", grace: float = 5
    ) -> RunningWorker:
        client = await bus.connect(self.url, name=name, wait_seconds=20)
        worker = TaskWorker(
            client=client,
            stream=client.jetstream(),
            objects=self.objects,
            handler=handler,
            options=WorkerOptions(
                worker_id=name,
                stage=STAGE,
                device="cpu",
                failure=TranscriptionError,
                delivery=self.delivery,
                shutdown_grace_seconds=grace,
            ),
        )
        supervisor = Supervisor()
        supervisor.start("heartbeat", worker.heartbeat())
        running = RunningWorker(
            worker=worker,
            handler=handler,
            client=client,
            supervisor=supervisor,
            working=supervisor.start("tasks", worker.run()),
        )
        self.workers.append(running)
        return running

    async def idle(self) -> None:
        """Wait until a worker waits for tasks. While it starts, an outage would end it."""

        async def waiting() -> bool:
            info = await self.stream.consumer_info(bus.TASKS_STREAM, STAGE)
            return bool(info.num_waiting)

        await until(waiting)

    async def result(self, seconds: float = 30) -> queue_pb2.TaskResult:
        """Return the next announced result, unacknowledged."""
        consumer = await self.stream.pull_subscribe_bind(
            durable=bus.RESULTS_CONSUMER, stream=bus.RESULTS_STREAM
        )
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(nats.errors.Error, TimeoutError):
                (message,) = await consumer.fetch(1, timeout=1)
                await consumer.unsubscribe()
                return queue_pb2.TaskResult.FromString(message.data)
            assert time.monotonic() < deadline, "no result was announced"

    async def announced(self) -> int:
        """Return the number of results since the test began."""
        state = (await self.stream.stream_info(bus.RESULTS_STREAM)).state
        return int(state.messages)

    async def settled(self, seconds: float = 30) -> None:
        """Wait until no task is waiting or running."""
        await until(self._no_tasks, seconds)

    async def _no_tasks(self) -> bool:
        with contextlib.suppress(nats.errors.Error, TimeoutError):
            return (await self.stream.stream_info(bus.TASKS_STREAM)).state.messages == 0
        return False


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a condition, which may be a coroutine function."""
    deadline = time.monotonic() + seconds
    while True:
        holds = condition()
        if asyncio.iscoroutine(holds):
            holds = await holds
        if holds:
            return
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.02)


class Echo:
    """Handler that returns the recording in reverse and records its tasks."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        self.calls.append(task.task_id)
        return audio.read()[::-1]


class Failing(Echo):
    """Handler whose first attempts fail, or all of them."""

    def __init__(self, error: Exception, *, times: float = math.inf) -> None:
        super().__init__()
        self._error = error
        self._times = times

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        result = super().__call__(task, audio, control)
        if len(self.calls) <= self._times:
            raise self._error
        return result


class Held(Echo):
    """Handler that holds its first task until released or stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()
        self.stopped = threading.Event()

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        result = super().__call__(task, audio, control)
        while not self.release.wait(0.02):
            if control.cancelled():
                self.stopped.set()
                raise TaskCancelledError
        return result

    async def begun(self, calls: int = 1) -> None:
        await until(lambda: len(self.calls) >= calls)
