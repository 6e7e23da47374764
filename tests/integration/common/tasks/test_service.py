import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from nats.aio.msg import Msg
from pydantic import SecretStr

from common import bus, gpu
from common.errors import TranscriptionError
from common.grpc_client import channel
from common.identity import Grant
from common.inference import Inference
from common.objects import RangedObject
from common.runtime import Supervisor
from common.signing import CallSigner, digest_of
from common.tasks import service as worker_service
from common.tasks.service import Services, WorkerKind, WorkerSettings
from common.tasks.task import TaskControl
from common.times import seconds
from securetranscribe.v1 import queue_pb2
from tests.integration.common.grpc_service import SECRET
from tests.integration.common.tasks.workers import Bench, Held, until
from tests.nats_clients import flushed

NAME = "test.v1.Speech"


class Engine:
    """Fake of the models that works on one thread and reports which."""

    def __init__(self, handler: Held) -> None:
        self.threads = {threading.current_thread().name}
        self.handler = handler
        self.calls = 0
        self.answer = threading.Event()

    def add(self, inference: Inference) -> Services:
        async def call(request: bytes, context: Any) -> bytes:
            def work(control: TaskControl) -> bytes:
                self.threads.add(threading.current_thread().name)
                self.calls += 1
                while request == b"long" and not self.answer.wait(0.02):
                    assert not control.cancelled()
                return request[::-1]

            return await inference.call(work)

        def add_to(server: grpc.aio.Server) -> None:
            methods: dict[str, Any] = {"Recognize": grpc.unary_unary_rpc_method_handler(call)}
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, methods),))

        return {NAME: add_to}


class Running:
    """Run a worker service in this process."""

    def __init__(self, settings: WorkerSettings, port: int, at_once: int, handler: Held) -> None:
        self._handler = handler
        self.engine: Engine | None = None
        self.supervisor = Supervisor()
        self.channel = channel(settings, f"127.0.0.1:{port}")
        kind = WorkerKind(
            name="speech",
            stage="transcribe",
            failure=TranscriptionError,
            load=self._load,
            handler=lambda engine: engine.handler,
            services=lambda engine, inference: engine.add(inference),
            at_once=lambda _engine: at_once,
        )
        self.serving = asyncio.create_task(worker_service.serve(settings, self.supervisor, kind))

    def _load(self) -> Engine:
        self.engine = Engine(self._handler)
        return self.engine

    async def healthy(self) -> bool:
        assert not self.serving.done()
        stub = health_pb2_grpc.HealthStub(self.channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=1)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@pytest.fixture
def settings(nats_url: str, unused_port: int) -> WorkerSettings:
    return WorkerSettings(
        secret_key=SecretStr(SECRET),
        grpc_port=unused_port,
        nats_url=SecretStr(nats_url),
        worker_id="worker-1",
        task_ack_wait_seconds=3,
        task_max_deliver=2,
        shutdown_grace_seconds=1,
    )


@asynccontextmanager
async def running(
    settings: WorkerSettings, *, at_once: int = 1, handler: Held | None = None
) -> AsyncIterator[Running]:
    running = Running(settings, settings.grpc_port, at_once, handler or Held())
    try:
        await until(running.healthy, 60)
        yield running
    finally:
        if running.engine:
            running.engine.handler.release.set()
        running.supervisor.stop()
        await asyncio.wait_for(running.serving, 30)
        await running.supervisor.cancel()
        await running.channel.close()


async def test_worker_loads_works_answers_and_ends(bench: Bench, settings: WorkerSettings) -> None:
    async with running(settings) as service:
        assert service.engine is not None
        recognize: Any = service.channel.unary_unary(f"/{NAME}/Recognize")
        assert await recognize(b"abc", metadata=signed(b"abc"), timeout=20) == b"cba"
        service.engine.handler.release.set()
        task = await bench.task(b"sound")
        await bench.give(task)
        assert (await bench.result()).worker_id == "worker-1"
        await bench.settled()
        assert await bench.store.get("results", task.result_key) == b"dnuos"
        assert len(service.engine.threads) == 1

    assert not service.supervisor.failed


def signed(request: bytes) -> tuple[tuple[str, str], ...]:
    """Return the metadata of a call by the gateway."""
    signature = CallSigner(SECRET, "gateway").sign(
        "speech", f"/{NAME}/Recognize", digest=digest_of(request), owner=Grant.of("session_1")
    )
    return tuple(signature.items())


async def test_task_waits_for_a_call_and_goes_before_the_next(
    bench: Bench, settings: WorkerSettings
) -> None:
    beats: list[queue_pb2.WorkerHeartbeat] = []

    async def hear(message: Msg) -> None:
        beats.append(queue_pb2.WorkerHeartbeat.FromString(message.data))

    await bench.client.subscribe(bus.worker_subject("transcribe", "*"), cb=hear)
    await flushed(bench.client)
    task = await bench.task(b"sound")
    async with running(settings) as service:
        engine = service.engine
        assert engine is not None
        recognize: Any = service.channel.unary_unary(f"/{NAME}/Recognize")
        long = asyncio.ensure_future(recognize(b"long", metadata=signed(b"long"), timeout=60))
        await until(lambda: engine.calls == 1)
        await bench.give(task)
        await until(lambda: bool(beats) and beats[-1].task_id == task.task_id and beats[-1].queued)
        next_call = asyncio.ensure_future(recognize(b"abc", metadata=signed(b"abc"), timeout=60))
        await until(lambda: seconds(beats[-1].queued_duration) > 1)
        assert not engine.handler.calls
        engine.answer.set()
        await engine.handler.begun()
        assert await long == b"gnol"
        await until(lambda: not beats[-1].queued)
        assert beats[-1].task_id == task.task_id
        assert engine.calls == 1
        engine.handler.release.set()
        assert await next_call == b"cba"
        await bench.settled()
        assert (await bench.result()).task_id == task.task_id


async def test_worker_works_on_several_tasks_at_once(
    bench: Bench, settings: WorkerSettings
) -> None:
    """Each has a worker of its own to the queue, and the end of one is not that of another."""
    beats: dict[str, str] = {}

    async def hear(message: Msg) -> None:
        beat = queue_pb2.WorkerHeartbeat.FromString(message.data)
        beats[beat.worker_id] = beat.task_id

    await bench.client.subscribe(bus.worker_subject("transcribe", "*"), cb=hear)
    tasks = [await bench.task() for _ in range(3)]
    async with running(settings.model_copy(update={"worker_batch": 3}), at_once=8) as service:
        assert service.engine is not None
        handler = service.engine.handler
        for task in tasks:
            await bench.give(task)
        await handler.begun(3)
        ids = {task.task_id for task in tasks}
        await until(lambda: set(beats.values()) == ids)
        assert set(beats) == {"worker-1", "worker-1-2", "worker-1-3"}
        await bench.cancel(tasks[1])
        await until(handler.stopped.is_set)
        await until(lambda: set(beats.values()) == {tasks[0].task_id, tasks[2].task_id, ""})
        handler.release.set()
        results = {(await bench.result()).task_id for _ in range(2)}
        assert results == {tasks[0].task_id, tasks[2].task_id}
        await bench.settled()


async def test_engine_for_one_recording_gets_one_at_a_time(
    bench: Bench, settings: WorkerSettings
) -> None:
    async with running(settings.model_copy(update={"worker_batch": 3})) as service:
        assert service.engine is not None
        for _ in range(2):
            await bench.give(await bench.task())
        await service.engine.handler.begun()
        await asyncio.sleep(1)
        assert len(service.engine.handler.calls) == 1
        service.engine.handler.release.set()
        await bench.result()
        await bench.result()
        assert len(service.engine.threads) == 1


class Repeating(Held):
    """Handler of recordings that it holds, and of one that fails at first and then notes others."""

    def __init__(self) -> None:
        super().__init__()
        self.running = 0
        self.neighbors: list[int] = []

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        self.running += 1
        try:
            if audio.read() != b"poison":
                return super().__call__(task, audio, control)
            self.calls.append(task.task_id)
            self.neighbors.append(self.running - 1)
            if len(self.neighbors) == 1:
                raise RuntimeError("poison")
            return b"done"
        finally:
            self.running -= 1


async def test_repeated_task_is_done_alone(bench: Bench, settings: WorkerSettings) -> None:
    """It may be the one that ended the worker before, with all others in it."""
    queued: set[str] = set()

    async def hear(message: Msg) -> None:
        beat = queue_pb2.WorkerHeartbeat.FromString(message.data)
        if beat.queued:
            queued.add(beat.task_id)

    await bench.client.subscribe(bus.worker_subject("transcribe", "*"), cb=hear)
    other, poison = await bench.task(b"other"), await bench.task(b"poison")
    handler = Repeating()
    two = settings.model_copy(update={"worker_batch": 2})
    async with running(two, at_once=2, handler=handler):
        await bench.give(other)
        await handler.begun()
        await bench.give(poison)
        await until(lambda: poison.task_id in queued)
        assert handler.neighbors == [1]
        handler.release.set()
        done = {(await bench.result()).task_id for _ in range(2)}
        assert done == {other.task_id, poison.task_id}
        assert handler.neighbors == [1, 0]
        await bench.settled()


async def test_ending_worker_returns_its_task(bench: Bench, settings: WorkerSettings) -> None:
    task = await bench.task()
    async with running(settings) as service:
        assert service.engine is not None
        await bench.give(task)
        await service.engine.handler.begun()
        service.supervisor.stop()
        await asyncio.wait_for(service.serving, 30)
        assert service.engine.handler.stopped.is_set()

    result = await bench.result()
    assert (result.task_id, result.returned) == (task.task_id, True)
    assert not result.result_key
    await bench.settled()


@pytest.mark.usefixtures("bench")
@pytest.mark.parametrize("use_gpu", [True, False])
async def test_only_a_worker_with_a_graphics_card_exports_its_memory(
    settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch, *, use_gpu: bool
) -> None:
    watched: list[str] = []
    monkeypatch.setattr(gpu, "watch_memory", lambda: watched.append("cards"))
    async with running(settings.model_copy(update={"use_gpu": use_gpu})):
        assert watched == (["cards"] if use_gpu else [])
