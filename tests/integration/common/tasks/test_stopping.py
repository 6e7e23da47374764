"""Workers that stop or die during a task."""

import asyncio
import signal
from contextlib import AbstractAsyncContextManager

from devstack.stack import EmbeddedServers
from tests.integration.common.processes import ServiceProcess, service
from tests.integration.common.tasks.workers import Bench, Echo, Held


async def test_stopping_lets_a_task_finish(bench: Bench) -> None:
    handler = Held()
    running = await bench.start(handler, grace=30)
    await bench.give(await bench.task())
    await handler.begun()

    stopping = asyncio.create_task(running.stop())
    await asyncio.sleep(0.1)
    assert not stopping.done()
    handler.release.set()
    await stopping

    assert not (await bench.result()).HasField("failure")
    assert not handler.stopped.is_set()


async def test_stopping_returns_a_long_task(bench: Bench) -> None:
    slow = Held()
    running = await bench.start(slow, grace=0.1)
    task = await bench.task()
    task.release = 3
    await bench.give(task)
    await slow.begun()

    await running.stop()
    assert slow.stopped.is_set()
    result = await bench.result()

    assert (result.task_id, result.job_id) == (task.task_id, task.job_id)
    assert result.returned
    assert (result.worker_id, result.release) == ("worker-1", 3)
    assert not result.result_key
    assert not result.HasField("failure")
    await bench.settled()


async def test_stopped_worker_takes_no_task(bench: Bench) -> None:
    handler = Echo()
    running = await bench.start(handler)
    await running.stop()
    await bench.give(await bench.task())
    await asyncio.sleep(0.3)

    assert handler.calls == []


def worker_process(servers: EmbeddedServers) -> AbstractAsyncContextManager[ServiceProcess]:
    environment = servers.environment("transcriber-worker")
    return service(program="tasks/worker_process.py", environment=environment)


async def test_task_of_a_dead_worker_is_redelivered(bench: Bench, servers: EmbeddedServers) -> None:
    task = await bench.task()
    await bench.give(task)
    async with worker_process(servers) as doomed:
        await doomed.says("begun")
        doomed.process.kill()
    handler = Echo()
    await bench.start(handler)

    result = await bench.result()

    assert result.worker_id == "worker-1"
    assert handler.calls == [task.task_id]
    await bench.settled()
    assert await bench.announced() == 1


async def test_terminated_worker_returns_its_task_and_succeeds(
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
    await bench.settled()  # the coordinator releases it again
