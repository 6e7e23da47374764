"""Tasks of cancelled jobs, waiting and running ones."""

import asyncio

import pytest

from common.errors import NotFoundError, UnavailableError
from common.objects import ObjectStore
from tests.integration.common.tasks.workers import Bench, Echo, Failing, Held, until


async def test_running_task_is_cancelled_at_once(bench: Bench) -> None:
    handler = Held()
    task = await bench.task()
    await bench.start(handler)
    await bench.give(task)
    await handler.begun()

    await bench.cancel(task, note=False)  # nothing is there to be looked up later
    await bench.settled()

    assert handler.stopped.is_set()
    assert await bench.announced() == 0


async def test_cancellation_with_a_lost_message_is_looked_up(bench: Bench) -> None:
    handler = Held()
    task = await bench.task()
    await bench.start(handler)
    await bench.give(task)
    await handler.begun()

    await bench.cancel(task, tell=False)
    await bench.settled()

    assert handler.stopped.is_set()
    assert await bench.announced() == 0


async def test_cancelling_another_job_has_no_effect(bench: Bench) -> None:
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


async def test_task_cancelled_before_is_not_started(bench: Bench) -> None:
    handler = Echo()
    task = await bench.task()
    await bench.cancel(task)
    await bench.give(task)
    await bench.start(handler)

    await bench.settled()

    assert handler.calls == []
    assert await bench.announced() == 0


async def test_task_waiting_for_the_object_store_can_be_cancelled(bench: Bench) -> None:
    handler = Failing(UnavailableError("The object store does not answer."))
    task = await bench.task()
    await bench.start(handler)
    await bench.give(task)
    await until(lambda: handler.calls)

    await bench.cancel(task)
    await bench.settled()

    assert await bench.announced() == 0


async def test_cancelled_task_leaves_no_result_object(bench: Bench, store: ObjectStore) -> None:
    handler = Held()
    task = await bench.task()
    await bench.start(handler)
    await bench.give(task)
    await handler.begun()
    await bench.cancel(task)
    await bench.settled()

    with pytest.raises(NotFoundError):
        await store.get("results", task.result_key)
