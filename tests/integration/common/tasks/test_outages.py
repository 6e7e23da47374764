"""Outages of servers while a worker waits or works."""

import asyncio

import pytest
import structlog.testing

from common import bus
from common.objects import ObjectStore, RangedObject
from common.tasks import worker
from common.tasks.task import TaskControl
from devstack.stack import EmbeddedServers
from securetranscribe.v1 import queue_pb2
from tests.integration.common.tasks.workers import Bench, Echo, Held, until


async def test_nats_dies_during_a_task(bench: Bench, servers: EmbeddedServers) -> None:
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


async def test_nats_is_away_while_a_worker_is_idle(bench: Bench, servers: EmbeddedServers) -> None:
    handler = Echo()
    running = await bench.start(handler)
    await bench.idle()
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
    await bench.idle()
    servers.process("nats").kill()
    await asyncio.sleep(0.2)
    try:
        await asyncio.wait_for(running.stop(), 15)
        await asyncio.wait_for(bus.close(running.client), 15)
    finally:
        await servers.restart("nats")
    await until(lambda: bench.client.is_connected)


async def test_stopping_leaves_a_result_that_cannot_be_announced(
    bench: Bench, servers: EmbeddedServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_SETTLE_SECONDS", 0.2)
    handler = Held()
    running = await bench.start(handler, grace=0.5)
    task = await bench.task()
    await bench.give(task)
    await handler.begun()
    servers.process("nats").kill()
    await until(lambda: not running.client.is_connected)
    try:
        with structlog.testing.capture_logs() as logs:
            handler.release.set()
            retrying = "cannot announce the result, retrying"
            await until(lambda: [line for line in logs if line["event"] == retrying])
            await asyncio.wait_for(running.stop(), 15)
        assert "cannot settle the task, which will be redelivered" in [
            line["event"] for line in logs
        ]
        await asyncio.wait_for(bus.close(running.client), 15)
    finally:
        await servers.restart("nats")
    await until(lambda: bench.client.is_connected)

    other = Echo()
    await bench.start(other, name="worker-2")
    result = await bench.result()
    assert (result.task_id, result.worker_id) == (task.task_id, "worker-2")
    assert result.result_key == task.result_key
    assert other.calls == [], "the stored result is announced"
    await bench.settled()


async def test_object_store_dies_during_a_task(
    bench: Bench, servers: EmbeddedServers, store: ObjectStore
) -> None:
    class Reading(Held):
        """Read the recording a second time once released."""

        def __call__(
            self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl
        ) -> bytes:
            super().__call__(task, audio, control)
            again = RangedObject(audio.read_range, audio.size)
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
            waits = "task waits for a server"
            await until(lambda: [line for line in logs if line["event"] == waits], 30)
        assert await bench.announced() == 0
    finally:
        await servers.restart("s3")

    result = await bench.result(30)

    assert not result.HasField("failure")
    assert await store.get("results", task.result_key) == b"sound"
    await bench.settled()
