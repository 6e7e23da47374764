"""Tasks whose library stalls, never returns, or uses too much memory, in real processes."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from common.tasks.replacement import REPLACE_EXIT_CODE
from devstack.stack import EmbeddedServers
from tests.integration.common.processes import ServiceProcess, service
from tests.integration.common.tasks.workers import Bench, Echo

MEGABYTE = 1024**2
Start = Callable[..., AbstractAsyncContextManager[ServiceProcess]]


@pytest.fixture
def start(servers: EmbeddedServers) -> Start:
    """Starts a worker process with a stall bound of about two seconds."""

    def start(**settings: str) -> AbstractAsyncContextManager[ServiceProcess]:
        environment = servers.environment("transcriber-worker") | {
            "TASK_STALL_SECONDS": "1",
            "TASK_ACK_WAIT_SECONDS": "3",
            "TASK_MAX_DELIVER": "2",
            **settings,
        }
        return service(program="tasks/misbehaving_process.py", environment=environment)

    return start


async def ended(process: ServiceProcess) -> dict[str, object]:
    """Return the log line of the next finished task."""
    return await process.says("task ended", 60)


async def test_stuck_library_costs_the_process_but_not_the_queue(
    bench: Bench, start: Start
) -> None:
    task = await bench.task(b"stuck")
    await bench.give(task)
    async with start() as first:
        assert (await ended(first))["outcome"] == "stalled"
        assert await first.ends() == REPLACE_EXIT_CODE
    assert "the library does not return, replacing the process" in first.events
    assert await bench.announced() == 0

    async with start() as second:  # as its supervisor does
        assert (await ended(second))["outcome"] == "failed"
        assert await second.ends() == REPLACE_EXIT_CODE

    result = await bench.result()
    assert result.task_id == task.task_id
    assert result.failure.code == "TRANSCRIPTION_ERROR"
    assert "Speech recognition made no progress for" in result.failure.message
    assert "attempt 2" in result.failure.message
    await bench.settled()
    assert await bench.announced() == 1


async def test_another_worker_gets_the_second_attempt(bench: Bench, start: Start) -> None:
    task = await bench.task(b"stuck")
    await bench.give(task)
    async with start() as doomed:
        await doomed.says("begun")
        handler = Echo()
        await bench.start(handler, name="worker-2")
        assert await doomed.ends() == REPLACE_EXIT_CODE

    result = await bench.result()
    assert (result.worker_id, result.task_id) == ("worker-2", task.task_id)
    assert not result.HasField("failure")
    await bench.settled()


async def test_stalled_work_that_returns_keeps_the_process(bench: Bench, start: Start) -> None:
    await bench.give(await bench.task(b"idle"))
    async with start() as worker:
        assert (await ended(worker))["outcome"] == "stalled"
        assert (await ended(worker))["outcome"] == "failed"
        good = await bench.task(b"good")
        await bench.give(good)
        assert (await ended(worker))["outcome"] == "done"
        worker.process.send_signal(signal.SIGTERM)
        assert await worker.ends() == 0
    assert await bench.store.get("results", good.result_key) == b"doog"
    assert await bench.announced() == 2


def resident(process: ServiceProcess) -> int:
    pages = Path(f"/proc/{process.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4096


async def test_task_using_too_much_memory_fails_and_returns_it(bench: Bench, start: Start) -> None:
    task = await bench.task(b"greedy but obeying")
    await bench.give(task)
    async with start(WORKER_MEMORY_LIMIT="500MB") as worker:
        assert (await ended(worker))["outcome"] == "failed"
        assert resident(worker) < 400 * MEGABYTE
        good = await bench.task(b"good")
        await bench.give(good)
        assert (await ended(worker))["outcome"] == "done"

    result = await bench.result()
    assert (result.task_id, result.failure.code) == (task.task_id, "TRANSCRIPTION_ERROR")
    assert "more than the 500.0 MB that a worker may use" in result.failure.message
    assert "WORKER_MEMORY_LIMIT" in result.failure.message
    assert await bench.announced() == 2


async def test_unreturned_memory_costs_the_process(bench: Bench, start: Start) -> None:
    task = await bench.task(b"greedy")
    await bench.give(task)
    async with start(WORKER_MEMORY_LIMIT="500MB") as worker:
        assert (await ended(worker))["outcome"] == "failed"
        assert await worker.ends() == REPLACE_EXIT_CODE

    result = await bench.result()
    assert result.task_id == task.task_id
    assert "more than the 500.0 MB" in result.failure.message
    await bench.settled()


async def test_memory_after_other_work_gets_a_second_attempt(bench: Bench, start: Start) -> None:
    await bench.give(await bench.task(b"good"))
    async with start(WORKER_MEMORY_LIMIT="500MB") as worker:
        assert (await ended(worker))["outcome"] == "done"
        await bench.give(await bench.task(b"greedy but obeying"))
        assert (await ended(worker))["outcome"] == "memory"
        assert (await ended(worker))["outcome"] == "failed"
    await bench.settled()


async def test_limit_below_the_models_is_reported_at_the_start(bench: Bench, start: Start) -> None:
    async with start(WORKER_MEMORY_LIMIT="20MB") as worker:
        line = await worker.says("cannot run", 60)
        assert await worker.ends() == 1
    assert "WORKER_MEMORY_LIMIT allows (20.0 MB)" in line["reason"]


@pytest.mark.parametrize("recording", [b"out of memory", b"exit"])
async def test_error_of_a_library_is_one_failed_task(
    bench: Bench, start: Start, recording: bytes
) -> None:
    await bench.give(await bench.task(recording))
    async with start() as worker:
        assert (await ended(worker))["outcome"] == "error"
        assert (await ended(worker))["outcome"] == "failed"
        await bench.give(await bench.task(b"good"))
        assert (await ended(worker))["outcome"] == "done"
    assert (await bench.result()).failure.message.startswith("The transcribe stage failed 2 times")


_FROZEN = """
import asyncio, re
from common.tasks.replacement import watch_event_loop

async def main():
    watching = asyncio.create_task(watch_event_loop(2.0))
    await asyncio.sleep(2.5)  # a loop that turns is left alone
    print("turns", flush=True)
    re.match("(a+)+$", "a" * 64 + "b")  # holds the interpreter for ages

asyncio.run(main())
"""


async def test_library_holding_the_interpreter_costs_the_process() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _FROZEN,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await asyncio.wait_for(process.communicate(), 60)
    assert out == b"turns\n"
    assert process.returncode == 1
    assert b"Timeout" in error
    assert b"in main" in error
