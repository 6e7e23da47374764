import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
import structlog

from common.errors import ResourceExhaustedError
from common.inference import Inference
from common.tasks.interruption import PreventedWorkError
from common.tasks.task import TaskCancelledError, TaskControl


@pytest.fixture
def inference() -> Iterator[Inference]:
    inference = Inference("models")
    yield inference
    inference.close()


def quiet() -> TaskControl:
    """Return a control whose reports are dropped."""
    return TaskControl(lambda fraction, step: None)


class Work:
    """Work that lasts until released."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()
        self.callers_left = 0

    def __call__(self, control: TaskControl) -> str:
        self.begun.set()
        while not self.release.wait(0.01):
            if control.cancelled():
                self.callers_left += 1
                break
        return threading.current_thread().name


def noting(order: list[str], name: str) -> Callable[[TaskControl], str]:
    """Return work that notes its name."""

    def work(_control: TaskControl) -> str:
        order.append(name)
        return name

    return work


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - threads set no event of the loop
            await asyncio.sleep(0.01)


async def test_all_work_runs_on_one_thread(inference: Inference) -> None:
    loaded = await inference.load(lambda: threading.current_thread().name)
    called = await inference.call(lambda control: threading.current_thread().name)
    task = await inference.run(lambda control: threading.current_thread().name, quiet())

    assert loaded == called == task
    assert loaded.startswith("models")


async def test_call_waits_for_the_current_task(inference: Inference) -> None:
    work = Work()
    task = asyncio.create_task(inference.run(work, quiet()))
    await until(work.begun.is_set)
    call = asyncio.create_task(inference.call(lambda control: "done"))
    await asyncio.sleep(0.05)
    assert not call.done()

    work.release.set()

    assert await call == "done"
    assert (await task).startswith("models")


async def test_waiting_task_goes_before_waiting_calls(inference: Inference) -> None:
    order: list[str] = []
    first = Work()
    calls = [asyncio.create_task(inference.call(first))]
    await until(first.begun.is_set)
    calls += [
        asyncio.create_task(inference.call(noting(order, name))) for name in ("call 1", "call 2")
    ]
    await asyncio.sleep(0.05)
    control = quiet()
    task = asyncio.create_task(inference.run(lambda control: order.append("task"), control))
    await until(lambda: control.queued)
    assert inference.busy

    first.release.set()
    await asyncio.gather(task, *calls)

    assert order == ["task", "call 1", "call 2"]
    assert not inference.busy


async def test_calls_and_tasks_alternate_while_both_wait(inference: Inference) -> None:
    order: list[str] = []
    calls = [
        asyncio.create_task(inference.call(lambda control: order.append("call"))) for _ in range(4)
    ]
    # As a worker does: the next task comes after the last one has ended.
    for _ in range(4):
        await inference.run(lambda control: order.append("task"), quiet())
    await asyncio.gather(*calls)
    assert order == ["task", "call"] * 4 or order == ["call", "task"] * 4


async def test_time_in_line_is_measured_and_is_not_work(inference: Inference) -> None:
    first = Work()
    call = asyncio.create_task(inference.call(first))
    await until(first.begun.is_set)
    control = quiet()
    task = asyncio.create_task(inference.run(lambda control: control.begun, control))
    await until(lambda: control.queued_seconds > 0.1)
    assert control.queued
    assert not control.begun

    first.release.set()

    assert await task
    assert not control.queued
    waited = control.queued_seconds
    await asyncio.sleep(0.02)
    assert control.queued_seconds == waited
    await call


async def test_task_stopped_in_line_never_begins(inference: Inference) -> None:
    first, waiting, control = Work(), Work(), quiet()
    call = asyncio.create_task(inference.call(first))
    await until(first.begun.is_set)
    task = asyncio.create_task(inference.run(waiting, control))
    await until(lambda: control.queued)
    control.stop()
    with pytest.raises(TaskCancelledError):
        await task
    first.release.set()
    await call
    assert not waiting.begun.is_set()
    assert await inference.call(lambda control: "next") == "next"


async def test_too_many_callers_are_rejected(inference: Inference) -> None:
    work = Work()
    calls = [asyncio.create_task(inference.call(work)) for _ in range(8)]
    await asyncio.sleep(0.05)

    with pytest.raises(ResourceExhaustedError):
        await inference.call(work)

    work.release.set()
    await asyncio.gather(*calls)
    assert await inference.call(lambda control: 1) == 1


async def test_work_is_stopped_when_its_caller_leaves(inference: Inference) -> None:
    work = Work()
    call = asyncio.create_task(inference.call(work))
    await until(work.begun.is_set)

    call.cancel()

    await until(lambda: work.callers_left == 1)
    assert await inference.call(lambda control: control.cancelled()) is False


async def test_waiting_work_is_dropped_with_its_caller(inference: Inference) -> None:
    first, second = Work(), Work()
    calls = [asyncio.create_task(inference.call(work)) for work in (first, second)]
    await until(first.begun.is_set)
    calls[1].cancel()
    await asyncio.sleep(0)
    first.release.set()
    await calls[0]
    await inference.call(lambda control: None)

    assert not second.begun.is_set()


async def test_error_reaches_the_caller(inference: Inference) -> None:
    def fail(control: TaskControl) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await inference.call(fail)


async def test_work_has_the_context_of_its_caller(inference: Inference) -> None:
    with structlog.contextvars.bound_contextvars(session_id="session_1"):
        seen = await inference.call(lambda control: structlog.contextvars.get_contextvars())

    assert seen["session_id"] == "session_1"


async def test_closing_does_not_wait(inference: Inference) -> None:
    work = Work()
    call = asyncio.create_task(inference.call(work))
    await until(work.begun.is_set)

    inference.close()

    assert not call.done()
    work.release.set()
    await call


async def test_several_tasks_run_at_once(inference: Inference) -> None:
    inference.widen(2)
    first, second, third = Work(), Work(), Work()
    tasks = [asyncio.create_task(inference.run(work, quiet())) for work in (first, second, third)]
    await until(lambda: first.begun.is_set() and second.begun.is_set())
    assert not third.begun.is_set()
    assert inference.busy

    first.release.set()
    await until(third.begun.is_set)
    second.release.set()
    third.release.set()
    assert len(set(await asyncio.gather(*tasks))) == 2


async def test_task_alone_runs_next_to_nothing(inference: Inference) -> None:
    inference.widen(3)
    first, alone = Work(), Work()
    tasks = [
        asyncio.create_task(inference.run(first, quiet())),
        asyncio.create_task(inference.run(alone, quiet(), alone=True)),
    ]
    await until(first.begun.is_set)
    await until(lambda: inference.shut)
    call = asyncio.create_task(inference.call(lambda control: "called"))
    with pytest.raises(PreventedWorkError):
        await inference.run(Work(), quiet())
    assert not alone.begun.is_set()

    first.release.set()
    await until(alone.begun.is_set)
    assert not call.done()
    alone.release.set()
    assert await call == "called"
    await asyncio.gather(*tasks)
    assert not inference.shut


async def test_lost_card_costs_the_process(inference: Inference) -> None:
    def work(_control: TaskControl) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    with pytest.raises(RuntimeError, match="illegal memory access"):
        await inference.run(work, quiet())
    assert inference.replacement.is_set()


async def test_a_lane_does_not_wait_for_tasks(inference: Inference) -> None:
    lane = inference.lane("live", at_once=2, most=2)
    work = Work()
    task = asyncio.create_task(inference.run(work, quiet()))
    await until(work.begun.is_set)
    assert (await lane.call(lambda _control: threading.current_thread().name)).startswith("live")
    several = [Work(), Work()]
    calls = [asyncio.create_task(lane.call(one)) for one in several]
    await until(lambda: all(one.begun.is_set() for one in several))
    with pytest.raises(ResourceExhaustedError):
        await lane.call(noting([], "third"))
    for one in (work, *several):
        one.release.set()
    await asyncio.gather(task, *calls)
    assert lane.replacement is inference.replacement
    inference.close()
    with pytest.raises(RuntimeError):
        await lane.call(noting([], "late"))
