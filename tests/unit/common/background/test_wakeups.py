"""Wake-ups and repetition of background steps."""

import asyncio
import math
import time

import pytest
from prometheus_client import REGISTRY

from common.background import wakeups
from common.background.wakeups import WakeUp, repeat
from common.errors import UnavailableError


async def test_several_notifications_before_waiting_count_as_one() -> None:
    wake_up = WakeUp()
    wake_up.notify()
    wake_up.notify()
    async with asyncio.timeout(30):
        await wake_up.wait(60)
    begun = asyncio.get_running_loop().time()
    await wake_up.wait(0.05)
    assert asyncio.get_running_loop().time() - begun >= 0.04


async def test_next_of_several_times_is_kept() -> None:
    wake_up = WakeUp()
    wake_up.notify_in(3600)
    assert 3500 < wake_up.due_in() <= 3600
    wake_up.notify_in(0.02)
    wake_up.notify_in(7200)
    assert wake_up.due_in() <= 0.02
    async with asyncio.timeout(30):
        await wake_up.wait(60)
    assert wake_up.due_in() == math.inf


async def test_overdue_time_is_not_replaced_by_a_later_one() -> None:
    wake_up = WakeUp()
    wake_up.notify_in(0.001)
    time.sleep(0.01)  # noqa: ASYNC251 - the loop is busy
    assert wake_up.due_in() == 0
    wake_up.notify_in(3600)
    async with asyncio.timeout(30):
        await wake_up.wait(60)


async def test_time_is_kept_besides_a_notification() -> None:
    wake_up = WakeUp()
    wake_up.notify()
    wake_up.notify_in(3600)
    assert wake_up.due_in() == 0
    async with asyncio.timeout(30):
        await wake_up.wait(60)
    assert 3500 < wake_up.due_in() <= 3600


async def test_work_that_is_due_notifies_at_once() -> None:
    wake_up = WakeUp()
    wake_up.notify_in(0.0)
    async with asyncio.timeout(30):
        await wake_up.wait(60)
    assert wake_up.due_in() == math.inf


async def test_step_looks_soon_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "_AFTER_OUTAGE_SECONDS", 0.0)
    monkeypatch.setattr(wakeups, "_LOOK_AFTER_OUTAGE_SECONDS", 0.01)
    taken = asyncio.Queue[None]()
    failing = True

    async def step() -> None:
        nonlocal failing
        taken.put_nowait(None)
        if failing:
            failing = False
            raise UnavailableError("away")

    task = asyncio.create_task(repeat("work", step, wake_up=WakeUp(), every_seconds=3600))
    async with asyncio.timeout(30):
        for _ in range(2):
            await taken.get()
    await ended(task)


async def test_step_is_taken_when_notified() -> None:
    taken = asyncio.Queue[None]()

    async def step() -> None:
        taken.put_nowait(None)

    wake_up = WakeUp()
    task = asyncio.create_task(repeat("work", step, wake_up=wake_up, every_seconds=60))
    async with asyncio.timeout(30):
        await taken.get()
        for _ in range(2):
            wake_up.notify()
            await taken.get()
    await asyncio.sleep(0.02)
    assert taken.empty()
    await ended(task)


async def test_step_is_taken_regularly() -> None:
    taken = asyncio.Queue[None]()

    async def step() -> None:
        taken.put_nowait(None)

    task = asyncio.create_task(repeat("work", step, wake_up=WakeUp(), every_seconds=0.01))
    async with asyncio.timeout(30):
        for _ in range(4):
            await taken.get()
    await ended(task)


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_errors_do_not_end_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wakeups, "_AFTER_OUTAGE_SECONDS", 0.0)
    monkeypatch.setattr(wakeups, "_LONGEST_PAUSE_SECONDS", 0.0)
    raised: list[Exception] = [
        UnavailableError("away"),
        TimeoutError(),
        ZeroDivisionError("a mistake"),
        MemoryError(),
    ]
    over = asyncio.Event()

    async def step() -> None:
        if raised:
            raise raised.pop(0)
        over.set()

    def failures() -> float:
        labels = {"step": "unlucky"}
        return REGISTRY.get_sample_value("securetranscribe_step_failures_total", labels) or 0.0

    task = asyncio.create_task(repeat("unlucky", step, wake_up=WakeUp(), every_seconds=0.0))
    async with asyncio.timeout(30):
        await over.wait()
    assert failures() == 2
    await ended(task)
