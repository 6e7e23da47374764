"""Which workers are alive."""

import asyncio

import pytest

from common.background.wakeups import WakeUp
from securetranscribe.v1 import queue_pb2
from transcriber.domain.jobs import Stage
from transcriber.queue.workers import SILENT_SECONDS, WorkerRegistry


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def on_task() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def wake_up() -> WakeUp:
    return WakeUp()


@pytest.fixture
def fleet(clock: Clock, wake_up: WakeUp, on_task: list[tuple[str, str]]) -> WorkerRegistry:
    return WorkerRegistry(freed=wake_up, on_task=lambda *seen: on_task.append(seen), clock=clock)


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
    begun = asyncio.get_running_loop().time()
    await wake_up.wait(0.02)
    return asyncio.get_running_loop().time() - begun < 0.02


def test_workers_count_by_stage(fleet: WorkerRegistry) -> None:
    fleet.note(beat("a"))
    fleet.note(beat("b"))
    fleet.note(beat("c", queue_pb2.STAGE_DIARIZE))
    fleet.note(beat("a"))
    assert (fleet.alive(Stage.TRANSCRIBE), fleet.alive(Stage.DIARIZE)) == (2, 1)


def test_one_that_is_leaving_takes_no_task(fleet: WorkerRegistry) -> None:
    fleet.note(beat("a"))
    fleet.note(beat("a", draining=True))
    assert fleet.alive(Stage.TRANSCRIBE) == 0
    assert not fleet.idle(Stage.TRANSCRIBE)


def test_one_that_is_silent_is_gone(fleet: WorkerRegistry, clock: Clock) -> None:
    fleet.note(beat("a", task="t"))
    clock.now += SILENT_SECONDS - 0.1
    assert fleet.holds("t")
    clock.now += 0.2
    assert (fleet.alive(Stage.TRANSCRIBE), fleet.holds("t")) == (0, False)


def test_it_is_known_who_is_at_what(fleet: WorkerRegistry, on_task: list[tuple[str, str]]) -> None:
    fleet.note(beat("a", task="t"))
    assert fleet.holds("t")
    assert not fleet.idle(Stage.TRANSCRIBE)
    fleet.note(beat("b"))
    assert fleet.idle(Stage.TRANSCRIBE)
    assert on_task == [("t", "a")]


async def test_a_new_or_freed_worker_rings(fleet: WorkerRegistry, wake_up: WakeUp) -> None:
    fleet.note(beat("a", task="t"))
    assert await notified(wake_up)
    fleet.note(beat("a", task="t"))
    assert not await notified(wake_up)
    fleet.note(beat("a"))
    assert await notified(wake_up)


def test_a_heartbeat_of_an_unknown_stage_is_ignored(fleet: WorkerRegistry) -> None:
    fleet.note(beat("a", queue_pb2.STAGE_UNSPECIFIED))
    assert fleet.alive(Stage.TRANSCRIBE) == 0
