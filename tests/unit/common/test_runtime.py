import asyncio
import time

import pytest

from common.errors import UnavailableError
from common.runtime import Supervisor, eventually


async def test_dying_task_stops_the_process() -> None:
    supervisor = Supervisor()

    async def die() -> None:
        raise RuntimeError("broken")

    supervisor.start("dying", die())
    await asyncio.wait_for(supervisor.wait(), 30)

    assert supervisor.failed
    assert supervisor.stopping


async def test_finished_task_does_not_stop_the_process() -> None:
    supervisor = Supervisor()

    async def end() -> str:
        return "done"

    assert await supervisor.start("ending", end()) == "done"
    await asyncio.sleep(0)

    assert not supervisor.stopping
    assert not supervisor.failed


async def test_tasks_have_names() -> None:
    supervisor = Supervisor()
    task = supervisor.start("named", asyncio.sleep(60))

    assert task.get_name() == "named"
    await supervisor.cancel()


async def test_cancelling_waits_for_the_cleanup_of_every_task() -> None:
    supervisor = Supervisor()
    said: list[int] = []

    async def linger(number: int) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            said.append(number)

    for number in range(3):
        supervisor.start(f"linger-{number}", linger(number))
    await asyncio.sleep(0)
    await supervisor.cancel()

    assert sorted(said) == [0, 1, 2]
    assert not supervisor.failed


async def test_cancelling_without_tasks_returns() -> None:
    await Supervisor().cancel()


async def test_started_shows_whether_the_service_has_started() -> None:
    supervisor = Supervisor()
    assert not supervisor.started
    supervisor.stop()
    await supervisor.stopped()
    assert not supervisor.started

    await supervisor.wait()

    assert supervisor.started


async def test_eventually_waits_for_the_server() -> None:
    attempts = 0

    async def attempt() -> str:
        nonlocal attempts
        attempts += 1
        if attempts < 2:
            raise UnavailableError("not yet")
        return "there"

    assert await eventually(attempt) == "there"
    assert attempts == 2


async def test_eventually_gives_up_and_does_not_hide_other_errors() -> None:
    async def away() -> None:
        raise UnavailableError("away")

    async def broken() -> None:
        raise KeyError("x")

    begun = time.monotonic()
    with pytest.raises(UnavailableError):
        await eventually(away, wait_seconds=0.1)
    with pytest.raises(KeyError):
        await eventually(broken)
    assert time.monotonic() - begun < 5
