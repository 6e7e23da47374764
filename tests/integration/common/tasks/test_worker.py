"""A worker's handling of tasks, its heartbeats and its progress reports."""

import asyncio

import pytest
import structlog.testing
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from common import bus, telemetry
from common.objects import ObjectStore, RangedObject
from common.tasks.task import TaskControl
from securetranscribe.v1 import queue_pb2
from tests.integration.common.tasks.workers import STAGE, Bench, Echo, Held, until
from tests.nats_clients import flushed


async def test_task_is_done_once(bench: Bench, store: ObjectStore) -> None:
    handler = Echo()
    task = await bench.task(b"sound")
    await bench.start(handler)
    await bench.give(task)

    result = await bench.result()

    assert result.task_id == task.task_id
    assert result.job_id == task.job_id
    assert result.worker_id == "worker-1"
    assert result.result_key == task.result_key
    assert not result.HasField("failure")
    assert 0 < result.busy_duration.ToTimedelta().total_seconds() < 60
    assert await store.get("results", task.result_key) == b"dnuos"
    await bench.settled()
    assert handler.calls == [task.task_id]


async def test_finished_task_is_only_announced(bench: Bench, store: ObjectStore) -> None:
    handler = Echo()
    task = await bench.task()
    await store.put("results", task.result_key, b"done by one who died before saying so")
    await bench.start(handler)
    await bench.give(task)

    result = await bench.result()

    assert result.result_key == task.result_key
    await bench.settled()
    assert handler.calls == []
    assert await store.get("results", task.result_key) == b"done by one who died before saying so"


async def test_tasks_are_done_one_at_a_time(bench: Bench) -> None:
    handler = Held()
    first, second = await bench.task(), await bench.task()
    await bench.start(handler)
    await bench.give(first)
    await bench.give(second)
    await handler.begun()
    await asyncio.sleep(0.1)

    assert handler.calls == [first.task_id]
    handler.release.set()
    await bench.settled()

    assert handler.calls == [first.task_id, second.task_id]
    assert await bench.announced() == 2


async def test_long_task_is_not_redelivered(bench: Bench) -> None:
    slow, other = Held(), Echo()
    await bench.start(slow)
    await bench.give(await bench.task())
    await slow.begun()
    await bench.start(other, name="worker-2")

    await asyncio.sleep(bench.delivery.ack_wait_seconds * 2)

    assert other.calls == []
    slow.release.set()
    await bench.settled()
    assert (await bench.result()).worker_id == "worker-1"


async def test_other_messages_are_discarded(bench: Bench) -> None:
    handler = Echo()
    await bench.start(handler)
    await bench.stream.publish(bus.tasks_subject(STAGE), b"\xff\xff")
    task = await bench.task()
    await bench.give(task)

    assert (await bench.result()).task_id == task.task_id
    await bench.settled()


async def test_worker_publishes_heartbeats_and_progress(
    bench: Bench, client: Client, stream: JetStreamContext
) -> None:
    class Telling(Held):
        def __call__(
            self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl
        ) -> bytes:
            control.progress(0.5, "Recognizing")
            return super().__call__(task, audio, control)

    beats: list[queue_pb2.WorkerHeartbeat] = []
    progress: list[queue_pb2.TaskProgress] = []

    async def on_beat(message: Msg) -> None:
        beats.append(queue_pb2.WorkerHeartbeat.FromString(message.data))

    async def on_progress(message: Msg) -> None:
        progress.append(queue_pb2.TaskProgress.FromString(message.data))

    task = await bench.task()
    await client.subscribe(bus.worker_subject(STAGE, "*"), cb=on_beat)
    await client.subscribe(bus.progress_subject(task.task_id), cb=on_progress)
    await flushed(client)
    handler = Telling()
    running = await bench.start(handler)
    await until(lambda: beats)
    assert beats[0].worker_id == "worker-1"
    assert beats[0].stage == queue_pb2.STAGE_TRANSCRIBE
    assert (beats[0].task_id, beats[0].device, beats[0].draining) == ("", "cpu", False)

    await bench.give(task)
    await until(lambda: beats[-1].task_id == task.task_id)
    await until(lambda: progress)
    assert progress[0].job_id == task.job_id
    assert (progress[0].fraction, progress[0].step) == (0.5, "Recognizing")
    handler.release.set()
    await bench.settled()
    await until(lambda: beats[-1].task_id == "")

    count = len(beats)
    await until(lambda: len(beats) > count)  # by itself, every two seconds
    await running.stop()
    await until(lambda: beats[-1].draining)


@pytest.fixture
def tracer(monkeypatch: pytest.MonkeyPatch) -> trace.Tracer:
    tracer = TracerProvider().get_tracer("test")
    monkeypatch.setattr(telemetry, "tracer", lambda: tracer)
    return tracer


async def test_trace_and_ids_reach_the_handler_and_the_result(
    bench: Bench, tracer: trace.Tracer
) -> None:
    seen: dict[str, object] = {}

    def handler(task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        seen.update(structlog.contextvars.get_contextvars())
        seen["trace"] = trace.get_current_span().get_span_context().trace_id
        return b""

    task = await bench.task()
    await bench.start(handler)
    with tracer.start_as_current_span("release") as span:
        await bench.give(task, telemetry.inject())
        sent = span.get_span_context().trace_id

    await bench.result()
    message = await bench.stream.get_last_msg(bus.RESULTS_STREAM, bus.results_subject(STAGE))
    assert seen["trace"] == sent
    assert (seen["task_id"], seen["job_id"]) == (task.task_id, task.job_id)
    assert seen["session_id"] == task.session_id
    received = trace.get_current_span(telemetry.extract(message.headers)).get_span_context()
    assert received.trace_id == sent
    assert structlog.contextvars.get_contextvars() == {}
