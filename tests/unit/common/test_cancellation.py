"""Ends of tasks that lose a cancellation, as libraries on Python 3.11 may."""

import asyncio
from typing import Any

import pytest

from common import cancellation
from common.tasks.message import TaskMessage


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancellation, "_AGAIN_SECONDS", 0.02)


async def stubborn(losses: int) -> None:
    """Lose some cancellations."""
    for _ in range(losses + 1):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            losses -= 1
            if losses < 0:
                raise


async def begun(*tasks: "asyncio.Task[Any]") -> None:
    """Wait until tasks are at their first pause."""
    await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)


@pytest.mark.parametrize("losses", [0, 1, 3])
async def test_tasks_end_however_often_they_lose_a_cancellation(losses: int) -> None:
    tasks = [asyncio.create_task(stubborn(losses)), asyncio.create_task(stubborn(0))]
    await begun(*tasks)
    async with asyncio.timeout(60):
        await cancellation.end(tasks)
    assert all(task.cancelled() for task in tasks)


async def test_results_and_errors_do_not_matter() -> None:
    async def fail() -> None:
        raise ValueError

    tasks: list[asyncio.Task[Any]] = [
        asyncio.create_task(fail()),
        asyncio.create_task(asyncio.sleep(0, "found")),
    ]
    await asyncio.wait(tasks)
    await cancellation.end(tasks)
    await cancellation.end([])


async def test_a_task_in_hand_is_let_go_of_when_a_look_up_loses_the_cancellation() -> None:
    """A worker would report the finished task as in progress forever, and take no other."""

    class Message:
        async def in_progress(self) -> None: ...

    looking = asyncio.Event()

    async def look_up() -> None:
        looking.set()
        await stubborn(1)

    message = TaskMessage(Message())  # type: ignore[arg-type]
    async with asyncio.timeout(60), message.kept_alive(0, look_up):
        await looking.wait()
