"""Registry of live workers."""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from nats.aio.client import Client

from common import cancellation
from common.background.wakeups import WakeUp
from securetranscribe.v1 import queue_pb2
from transcriber.domain.jobs import Stage
from transcriber.queue.workers import SILENT_SECONDS, WorkerRegistry
from transcriber.store.tasks import ProgressReport


class Clock:
    """Clock set by the test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def on_task() -> list[ProgressReport]:
    return []


@pytest.fixture
def wake_up() -> WakeUp:
    return WakeUp()


@pytest.fixture
def registry(clock: Clock, wake_up: WakeUp, on_task: list[ProgressReport]) -> WorkerRegistry:
    return WorkerRegistry(freed=wake_up, on_task=on_task.append, clock=clock)


def beat(
    worker: str,
    stage: queue_pb2.Stage.ValueType = queue_pb2.STAGE_TRANSCRIBE,
    *,
    task: str = "",
    draining: bool = False,
) -> queue_pb2.WorkerHeartbeat:
    return queue_pb2.WorkerHeartbeat(
        worker_id=worker, stage=stage, task_id=task, draining=draining, device="cpu"
    )


async def notified(wake_up: WakeUp) -> bool:
    """Return whether a wait ends at once."""
    waiting = asyncio.create_task(wake_up.wait(60))
    for _ in range(3):
        await asyncio.sleep(0)
    ended = waiting.done()
    await cancellation.end([waiting])
    return ended


def test_workers_are_counted_per_stage(registry: WorkerRegistry) -> None:
    registry.note(beat("a"))
    registry.note(beat("b"))
    registry.note(beat("c", queue_pb2.STAGE_DIARIZE))
    registry.note(beat("a"))
    assert (registry.alive(Stage.TRANSCRIBE), registry.alive(Stage.DIARIZE)) == (2, 1)


def test_draining_worker_does_not_count(registry: WorkerRegistry) -> None:
    registry.note(beat("a"))
    registry.note(beat("a", draining=True))
    assert registry.alive(Stage.TRANSCRIBE) == 0
    assert not registry.idle(Stage.TRANSCRIBE)


def test_silent_worker_is_removed(registry: WorkerRegistry, clock: Clock) -> None:
    registry.note(beat("a", task="t"))
    clock.now += SILENT_SECONDS - 0.1
    assert registry.holds("t")
    clock.now += 0.2
    assert (registry.alive(Stage.TRANSCRIBE), registry.holds("t")) == (0, False)


def test_registry_tracks_tasks(registry: WorkerRegistry, on_task: list[ProgressReport]) -> None:
    registry.note(beat("a", task="t"))
    assert registry.holds("t")
    assert not registry.idle(Stage.TRANSCRIBE)
    registry.note(beat("b"))
    assert registry.idle(Stage.TRANSCRIBE) == 1
    assert on_task == [ProgressReport(task_id="t", worker_id="a")]


async def test_new_or_freed_worker_notifies(registry: WorkerRegistry, wake_up: WakeUp) -> None:
    registry.note(beat("a", task="t"))
    assert await notified(wake_up)
    registry.note(beat("a", task="t"))
    assert not await notified(wake_up)
    registry.note(beat("a"))
    assert await notified(wake_up)


def test_heartbeat_of_unknown_stage_is_ignored(registry: WorkerRegistry) -> None:
    registry.note(beat("a", queue_pb2.STAGE_UNSPECIFIED))
    assert registry.alive(Stage.TRANSCRIBE) == 0


def test_activities_count_from_the_last_heartbeat_and_from_the_task(
    registry: WorkerRegistry, clock: Clock
) -> None:
    registry.note(beat("b", task="1"))
    registry.note(beat("a", queue_pb2.STAGE_DIARIZE))
    clock.now += 2
    registry.note(beat("b", task="1"))
    clock.now += 1
    first, second = registry.activities()
    assert (first.worker.worker_id, first.silent, first.worker.device) == ("a", 3, "cpu")
    assert (second.worker.worker_id, second.silent, second.busy) == ("b", 1, 3)

    registry.note(beat("b", task="2"))
    clock.now += SILENT_SECONDS - 2
    (only,) = registry.activities()
    assert (only.worker.task_id, only.busy) == ("2", SILENT_SECONDS - 2)


def test_counts_follow_every_change(registry: WorkerRegistry, clock: Clock) -> None:
    """Counts equal those of the workers that were heard, whatever they report."""
    dice = random.Random(1)
    heard: dict[str, tuple[float, str, bool, queue_pb2.Stage.ValueType]] = {}
    stages = {
        Stage.TRANSCRIBE: queue_pb2.STAGE_TRANSCRIBE,
        Stage.DIARIZE: queue_pb2.STAGE_DIARIZE,
    }
    for _ in range(2000):
        clock.now += dice.random()
        name, task = dice.choice("abcdefgh"), dice.choice(["", "1", "2", "3"])
        stage, draining = dice.choice(list(stages.values())), dice.random() < 0.2
        registry.note(beat(name, stage, task=task, draining=draining))
        heard[name] = (clock.now, task, draining, stage)
        live = [found for found in heard.values() if found[0] >= clock.now - SILENT_SECONDS]
        for kind, value in stages.items():
            active = [found for found in live if found[3] == value and not found[2]]
            assert registry.alive(kind) == len(active)
            assert registry.idle(kind) == sum(not found[1] for found in active)
        for number in "123":
            assert registry.holds(number) == any(found[1] == number for found in live)
        assert len(registry.activities()) == len(live)


class FakeNats:
    """A connection that keeps the callback of its subscription."""

    async def subscribe(self, _: str, *, cb: Callable[[Any], Awaitable[None]]) -> None:
        self.hear = cb


@pytest.mark.parametrize("task", ["{\\an8}", "one", "\u4f60"])
async def test_heartbeat_of_no_task_is_dropped(
    registry: WorkerRegistry, on_task: list[ProgressReport], task: str
) -> None:
    """Postgres would refuse its task, along with the reports of all others."""
    client = FakeNats()
    await registry.listen(cast("Client", client))
    with pytest.raises(ValueError, match="UUID"):
        await client.hear(SimpleNamespace(data=beat("w", task=task).SerializeToString()))
    assert on_task == []
    assert registry.alive(Stage.TRANSCRIBE) == 0


async def test_tasks_of_heartbeats_have_one_form(
    registry: WorkerRegistry, on_task: list[ProgressReport]
) -> None:
    client = FakeNats()
    await registry.listen(cast("Client", client))
    task = str(uuid.uuid4())
    for form in (task, task.upper(), task.replace("-", ""), ""):
        await client.hear(SimpleNamespace(data=beat("w", task=form).SerializeToString()))
    assert [report.task_id for report in on_task] == [task] * 3
