import asyncio
import signal
import time
from contextlib import AbstractAsyncContextManager

import pytest
import structlog.testing
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from common import bus, telemetry
from common.errors import AudioProcessingError, NotFoundError, UnavailableError
from common.objects import ObjectStore, RangedObject
from common.tasks.task import TaskCancelledError, TaskControl
from devstack.stack import EmbeddedServers
from securetranscribe.v1 import queue_pb2
from tests.integration.common.processes import ServiceProcess, service
from tests.integration.common.tasks.workers import STAGE, Bench, Echo, Held, until


async def test_a_task_is_done_once(bench: Bench, store: ObjectStore) -> None:
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
    assert 0 < result.busy_duration.ToTimedelta().total_seconds() < 10
    assert await store.get("results", task.result_key) == b"dnuos"
    await bench.settled()
    assert handler.calls == [task.task_id]


async def test_what_is_found_done_is_only_announced(bench: Bench, store: ObjectStore) -> None:
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


async def test_a_long_task_is_not_given_to_another_worker(bench: Bench) -> None:
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


async def test_an_accident_is_tried_again(bench: Bench) -> None:
    class Clumsy(Echo):
        def __call__(
            self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl
        ) -> bytes:
            result = super().__call__(task, audio, control)
            if len(self.calls) == 1:
                raise RuntimeError("out of memory")
            return result

    handler = Clumsy()
    await bench.start(handler)
    await bench.give(await bench.task())

    result = await bench.result()

    assert not result.HasField("failure")
    assert len(handler.calls) == 2


async def test_a_task_that_keeps_failing_is_reported(bench: Bench) -> None:
    class Broken(Echo):
        def __call__(
            self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl
        ) -> bytes:
            super().__call__(task, audio, control)
            raise RuntimeError("words of a transcript")

    handler = Broken()
    task = await bench.task()
    await bench.start(handler)
    await bench.give(task)

    result = await bench.result()

    assert result.task_id == task.task_id
    assert result.failure.code == "TRANSCRIPTION_ERROR"
    assert "2 times (RuntimeError)" in result.failure.message
    assert "words of a transcript" not in result.failure.message
    assert result.result_key == ""
    await bench.settled()
    assert len(handler.calls) == bench.delivery.max_deliver


async def test_what_can_never_succeed_is_reported_at_once(bench: Bench) -> None:
    class Refusing(Echo):
        def __call__(
            self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl
        ) -> bytes:
            super().__call__(task, audio, control)
            raise AudioProcessingError("Nothing in it can be decoded.")

    handler = Refusing()
    await bench.start(handler)
    await bench.give(await bench.task())

    result = await bench.result()

    assert result.failure.code == "AUDIO_PROCESSING_ERROR"
    assert result.failure.message == "Nothing in it can be decoded."
    await bench.settled()
    assert len(handler.calls) == 1


async def test_a_recording_that_is_gone_is_reported(bench: Bench, store: ObjectStore) -> None:
    handler = Echo()
    task = await bench.task()
    await store.delete("audio", task.audio_key)
    await bench.start(handler)
    await bench.give(task)

    result = await bench.result()

    assert result.failure.code == "NOT_FOUND"
    assert "upload it again" in result.failure.message
    assert handler.calls == []


async def test_a_running_task_is_cancelled_at_once(bench: Bench) -> None:
    handler = Held()
    task = await bench.task()
    await bench.start(handler)
    await bench.give(task)
    await handler.begun()
    begun = time.monotonic()

    await bench.cancel(task)
    await bench.settled()

    assert handler.stopped.is_set()
    assert time.monotonic() - begun < 1
    assert await bench.announced() == 0


async def test_a_cancellation_whose_telling_was_lost_is_looked_up(bench: Bench) -> None:
    handler = Held()
    task = await bench.task()
    await bench.start(handler)
    await bench.give(task)
    await handler.begun()

    await bench.cancel(task, tell=False)
    await bench.settled()

    assert handler.stopped.is_set()
    assert await bench.announced() == 0


async def test_cancelling_another_job_disturbs_nothing(bench: Bench) -> None:
    handler = Held()
    task, other = await bench.task(), await bench.task()
    await bench.start(handler)
    await bench.give(task)
    await handler.begun()

    await bench.cancel(other)
    await asyncio.sleep(0.2)

    assert not handler.stopped.is_set()
    handler.release.set()
    await bench.settled()
    assert await bench.announced() == 1


async def test_a_task_cancelled_before_is_not_begun(bench: Bench) -> None:
    handler = Echo()
    task = await bench.task()
    await bench.cancel(task)
    await bench.give(task)
    await bench.start(handler)

    await bench.settled()

    assert handler.calls == []
    assert await bench.announced() == 0


async def test_a_handler_that_gives_up_unasked_is_tried_again(bench: Bench) -> None:
    class Nervous(Echo):
        def __call__(
            self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl
        ) -> bytes:
            result = super().__call__(task, audio, control)
            if len(self.calls) == 1:
                raise TaskCancelledError
            return result

    handler = Nervous()
    await bench.start(handler)
    await bench.give(await bench.task())

    assert not (await bench.result()).HasField("failure")
    assert len(handler.calls) == 2


async def test_stopping_lets_a_task_finish(bench: Bench) -> None:
    handler = Held()
    running = await bench.start(handler)
    await bench.give(await bench.task())
    await handler.begun()

    stopping = asyncio.create_task(running.stop())
    await asyncio.sleep(0.1)
    assert not stopping.done()
    handler.release.set()
    await stopping

    assert not (await bench.result()).HasField("failure")
    assert not handler.stopped.is_set()


async def test_stopping_gives_a_task_back_that_takes_too_long(bench: Bench) -> None:
    slow = Held()
    running = await bench.start(slow, grace=0.1)
    task = await bench.task()
    await bench.give(task)
    await slow.begun()

    await running.stop()
    assert slow.stopped.is_set()
    result = await bench.result()

    assert (result.task_id, result.job_id) == (task.task_id, task.job_id)
    assert result.returned
    assert result.worker_id == "worker-1"
    assert not result.result_key
    assert not result.HasField("failure")
    await bench.settled()


async def test_a_stopped_worker_takes_nothing(bench: Bench) -> None:
    handler = Echo()
    running = await bench.start(handler)
    await running.stop()
    await bench.give(await bench.task())
    await asyncio.sleep(0.3)

    assert handler.calls == []


async def test_what_is_not_a_task_is_discarded(bench: Bench) -> None:
    handler = Echo()
    await bench.start(handler)
    await bench.stream.publish(bus.tasks_subject(STAGE), b"\xff\xff")
    task = await bench.task()
    await bench.give(task)

    assert (await bench.result()).task_id == task.task_id
    await bench.settled()


async def test_a_worker_shows_that_it_lives_and_how_far_it_is(
    bench: Bench, client: Client, stream: JetStreamContext
) -> None:
    class Telling(Held):
        def __call__(
            self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl
        ) -> bytes:
            control.progress(0.5, "Recognising")
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
    await client.flush()
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
    assert (progress[0].fraction, progress[0].step) == (0.5, "Recognising")
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


async def test_the_trace_and_the_ids_reach_the_handler_and_the_result(
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


async def test_nats_dies_while_a_task_is_in_hand(bench: Bench, servers: EmbeddedServers) -> None:
    handler = Held()
    task = await bench.task()
    running = await bench.start(handler)
    await bench.give(task)
    await handler.begun()
    await asyncio.sleep(0.5)  # the server writes down a moment later that it has delivered

    servers.process("nats").kill()
    await asyncio.sleep(0.2)
    handler.release.set()  # the task is done while nobody can be told
    await asyncio.sleep(0.5)
    await servers.restart("nats")

    result = await bench.result()
    assert result.result_key == task.result_key
    await bench.settled()
    await asyncio.sleep(bench.delivery.ack_wait_seconds)
    assert handler.calls == [task.task_id]
    assert await bench.announced() == 1

    another = await bench.task()  # and life goes on
    await bench.give(another)
    await until(lambda: another.task_id in handler.calls)
    await bench.settled()
    assert not running.working.done()


async def test_nats_is_away_while_an_idle_worker_waits(
    bench: Bench, servers: EmbeddedServers
) -> None:
    handler = Echo()
    running = await bench.start(handler)
    await asyncio.sleep(0.2)
    servers.process("nats").kill()
    await asyncio.sleep(1)
    await servers.restart("nats")
    await until(lambda: bench.client.is_connected)

    await bench.give(await bench.task())

    await bench.result()
    assert len(handler.calls) == 1
    assert not running.working.done()


async def test_stopping_works_while_nats_is_away(bench: Bench, servers: EmbeddedServers) -> None:
    running = await bench.start(Echo())
    await asyncio.sleep(0.2)
    servers.process("nats").kill()
    await asyncio.sleep(0.2)
    try:
        await asyncio.wait_for(running.stop(), 5)
        await asyncio.wait_for(bus.close(running.client), 5)
    finally:
        await servers.restart("nats")
    await until(lambda: bench.client.is_connected)


async def test_the_object_store_dies_while_a_task_is_in_hand(
    bench: Bench, servers: EmbeddedServers, store: ObjectStore
) -> None:
    class Reading(Held):
        """Reads the recording a second time once it is released."""

        def __call__(
            self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl
        ) -> bytes:
            super().__call__(task, audio, control)
            again = RangedObject(store, "audio", task.audio_key, audio.size)
            return again.read()

    handler = Reading()
    task = await bench.task(b"sound")
    await bench.start(handler)
    await bench.give(task)
    await handler.begun()

    servers.process("s3").kill()
    try:
        with structlog.testing.capture_logs() as logs:
            handler.release.set()
            await until(lambda: [line for line in logs if "the task waits" in line["event"]], 30)
        assert await bench.announced() == 0
    finally:
        await servers.restart("s3")

    result = await bench.result(30)

    assert not result.HasField("failure")
    assert await store.get("results", task.result_key) == b"sound"
    await bench.settled()


async def test_a_task_that_waits_for_the_object_store_can_be_cancelled(bench: Bench) -> None:
    class Away(Echo):
        def __call__(
            self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl
        ) -> bytes:
            super().__call__(task, audio, control)
            raise UnavailableError("The object store does not answer.")

    handler = Away()
    task = await bench.task()
    await bench.start(handler)
    await bench.give(task)
    await until(lambda: handler.calls)

    await bench.cancel(task)
    await bench.settled()

    assert await bench.announced() == 0


async def test_no_result_object_is_left_by_a_cancelled_task(
    bench: Bench, store: ObjectStore
) -> None:
    handler = Held()
    task = await bench.task()
    await bench.start(handler)
    await bench.give(task)
    await handler.begun()
    await bench.cancel(task)
    await bench.settled()

    with pytest.raises(NotFoundError):
        await store.get("results", task.result_key)


def worker_process(servers: EmbeddedServers) -> AbstractAsyncContextManager[ServiceProcess]:
    environment = servers.environment("transcriber")
    return service(program="tasks/worker_process.py", environment=environment)


async def test_a_dead_workers_task_is_given_to_another(
    bench: Bench, servers: EmbeddedServers
) -> None:
    task = await bench.task()
    await bench.give(task)
    async with worker_process(servers) as doomed:
        await doomed.says("begun")
        doomed.process.kill()
        begun = time.monotonic()
    handler = Echo()
    await bench.start(handler)

    result = await bench.result()

    assert result.worker_id == "worker-1"
    assert handler.calls == [task.task_id]
    assert time.monotonic() - begun < bench.delivery.ack_wait_seconds + 5
    await bench.settled()
    assert await bench.announced() == 1


async def test_a_terminated_worker_gives_its_task_back_and_ends_well(
    bench: Bench, servers: EmbeddedServers
) -> None:
    task = await bench.task()
    await bench.give(task)
    async with worker_process(servers) as leaving:
        await leaving.says("begun")
        leaving.process.send_signal(signal.SIGTERM)
        assert await leaving.ends() == 0
    (ended,) = [line for line in leaving.lines if line["event"] == "task ended"]
    assert ended["outcome"] == "given back"
    assert (ended["task_id"], ended["job_id"]) == (task.task_id, task.job_id)
    assert len(ended["trace_id"]) == 32
    began = next(line for line in leaving.lines if line["event"] == "begun")
    assert (began["task_id"], began["trace_id"]) == (task.task_id, ended["trace_id"])

    result = await bench.result()
    assert (result.task_id, result.returned) == (task.task_id, True)
    await bench.settled()  # handing it out anew is the coordinator's
