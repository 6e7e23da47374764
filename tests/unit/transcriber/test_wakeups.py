"""Waking and repeating background work."""

import asyncio

import pytest

from common.errors import UnavailableError
from transcriber import wakeups as bells
from transcriber.wakeups import Bell, Bells, repeat


async def test_a_bell_that_rang_before_is_heard_once() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    async with asyncio.timeout(30):
        await bell.wait(60)
    begun = asyncio.get_running_loop().time()
    await bell.wait(0.05)
    assert asyncio.get_running_loop().time() - begun >= 0.04


async def test_a_step_is_taken_when_the_bell_rings() -> None:
    taken = asyncio.Queue[None]()

    async def step() -> None:
        taken.put_nowait(None)

    bell = Bell()
    task = asyncio.create_task(repeat("work", step, bell=bell, every_seconds=60))
    async with asyncio.timeout(30):
        await taken.get()
        for _ in range(2):
            bell.ring()
            await taken.get()
    await asyncio.sleep(0.02)
    assert taken.empty()
    await ended(task)


async def test_a_step_is_taken_regularly() -> None:
    taken = asyncio.Queue[None]()

    async def step() -> None:
        taken.put_nowait(None)

    task = asyncio.create_task(repeat("work", step, bell=Bell(), every_seconds=0.01))
    async with asyncio.timeout(30):
        for _ in range(4):
            await taken.get()
    await ended(task)


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_outage_delays_and_a_mistake_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bells, "_AFTER_OUTAGE_SECONDS", 0.0)
    raised: list[Exception] = [
        UnavailableError("away"),
        TimeoutError(),
        ZeroDivisionError("a mistake"),
    ]

    async def step() -> None:
        raise raised.pop(0)

    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(repeat("work", step, bell=Bell(), every_seconds=0.0), 30)
    assert raised == []


async def test_a_change_of_a_job_wakes_who_looks_after_it() -> None:
    all_bells = Bells()
    all_bells.jobs_changed()
    async with asyncio.timeout(30):
        for bell in (all_bells.outbox, all_bells.dispatch, all_bells.settle):
            await bell.wait(60)
