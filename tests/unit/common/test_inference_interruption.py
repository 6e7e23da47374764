"""Model code that stalls, never returns, or uses too much memory."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from common import inference as module
from common.errors import ResourceExhaustedError, TimedOutError
from common.inference import Inference
from common.tasks.interruption import LostThreadError, MemoryExceededError, StalledWorkError
from common.tasks.memory import MemoryLimit
from common.tasks.pace import Patience
from common.tasks.task import TaskCancelledError, TaskControl


class Forgiving(Patience):
    """Lets stopped work return in its own time, however busy the machine is."""

    __slots__ = ()

    @property
    def returning(self) -> float:
        return 60.0


SHORT = Forgiving(always=0.3, longest_piece=0.0)
#: For work that never returns.
HASTY = Patience(always=0.3, longest_piece=0.0)
LONG = Patience(always=3600.0)


class Library:
    """Model code that holds its thread until stopped, or even longer."""

    def __init__(self, *, obeys: bool = True, advances: bool = False) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()
        self.stopped = threading.Event()
        self._obeys = obeys
        self._advances = advances

    def __call__(self, control: TaskControl) -> str:
        self.begun.set()
        count = 0
        while not self.release.wait(0.005):
            count += 1
            if self._advances:
                control.progress(1 - 1 / count, "working")
            if control.cancelled():
                self.stopped.set()
                if self._obeys:
                    raise TaskCancelledError
        return "done"


Make = Callable[..., Inference]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setattr(module, "_TICK_SECONDS", 0.01)
    monkeypatch.setattr(module, "_RETURN_MEMORY_SECONDS", 60.0)
    made: list[Inference] = []

    def make(patience: Patience = SHORT, memory: MemoryLimit | None = None) -> Inference:
        made.append(Inference("models", patience=patience, memory=memory))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def stubborn() -> Iterator[Library]:
    library = Library(obeys=False)
    yield library
    library.release.set()


def quiet() -> TaskControl:
    return TaskControl(lambda fraction, step: None)


async def test_stalled_work_is_stopped(make: Make) -> None:
    inference, library = make(), Library()
    with pytest.raises(StalledWorkError) as caught:
        await inference.run(library, quiet(), audio_seconds=1)
    assert library.stopped.is_set()
    assert not caught.value.stuck
    assert not inference.replacement.is_set()
    assert await inference.call(lambda control: "next") == "next"


async def test_advancing_work_is_not_stopped(make: Make) -> None:
    inference, library = make(), Library(advances=True)
    running = asyncio.create_task(inference.run(library, quiet(), audio_seconds=1))
    await asyncio.sleep(2.0)
    assert not library.stopped.is_set()
    library.release.set()
    assert await running == "done"


async def test_waiting_for_a_server_is_not_a_stall(make: Make) -> None:
    inference, library, control = make(), Library(), quiet()
    control.waiting = True
    running = asyncio.create_task(inference.run(library, control, audio_seconds=1))
    await asyncio.sleep(1.5)
    assert not library.stopped.is_set()
    control.waiting = False
    with pytest.raises(StalledWorkError):
        await running


async def test_stuck_library_costs_the_thread(make: Make, stubborn: Library) -> None:
    inference = make(HASTY)
    with pytest.raises(StalledWorkError) as caught:
        await inference.run(stubborn, quiet(), audio_seconds=1)
    assert caught.value.stuck
    assert inference.replacement.is_set()


async def test_work_after_a_lost_thread_is_not_started(make: Make, stubborn: Library) -> None:
    inference, waiting = make(HASTY), Library()
    first = asyncio.create_task(inference.run(stubborn, quiet(), audio_seconds=1))
    await asyncio.to_thread(stubborn.begun.wait)
    with pytest.raises(LostThreadError):
        await inference.run(waiting, quiet(), audio_seconds=1)
    with pytest.raises(StalledWorkError):
        await first
    assert not waiting.begun.is_set()


async def test_stalled_call_is_reported(make: Make) -> None:
    with pytest.raises(TimedOutError, match="no progress"):
        await make().call(Library())


async def test_call_after_a_lost_thread_is_reported(make: Make, stubborn: Library) -> None:
    inference = make(HASTY)
    first = asyncio.create_task(inference.call(stubborn))
    await asyncio.to_thread(stubborn.begun.wait)
    with pytest.raises(ResourceExhaustedError, match="Try again"):
        await inference.call(lambda control: None)
    with pytest.raises(TimedOutError):
        await first


async def test_library_is_watched_after_its_caller_leaves(make: Make, stubborn: Library) -> None:
    inference = make(HASTY)
    call = asyncio.create_task(inference.call(stubborn))
    await asyncio.to_thread(stubborn.begun.wait)
    call.cancel()
    await asyncio.wait_for(inference.replacement.wait(), 10)


async def test_result_at_the_last_moment_counts(make: Make) -> None:
    def work(control: TaskControl) -> str:
        while not control.cancelled():
            threading.Event().wait(0.005)
        return "done"

    assert await make().run(work, quiet(), audio_seconds=1) == "done"


class Memory:
    """Memory in use, set by the test."""

    def __init__(self) -> None:
        self.used = 100
        self.kept = 100

    def limit(self) -> MemoryLimit:
        limit = MemoryLimit(1000, lambda: self.used)
        limit.give_back = self._give_back  # type: ignore[method-assign]
        return limit

    def _give_back(self) -> None:
        self.used = self.kept


async def test_work_using_too_much_memory_is_stopped(make: Make) -> None:
    memory, library = Memory(), Library()
    inference = make(LONG, memory.limit())
    running = asyncio.create_task(inference.run(library, quiet(), audio_seconds=1))
    await asyncio.to_thread(library.begun.wait)
    assert inference.fresh
    memory.used = 1001

    with pytest.raises(MemoryExceededError) as caught:
        await running

    assert (caught.value.used, caught.value.limit, caught.value.stuck) == (1001, 1000, False)
    assert memory.used == 100
    assert not inference.replacement.is_set()


async def test_newest_work_is_stopped_first_for_memory(make: Make) -> None:
    memory, older, newer = Memory(), Library(), Library()
    inference = make(LONG, memory.limit())
    inference.widen(2)
    first = asyncio.create_task(inference.run(older, quiet(), audio_seconds=1))
    await asyncio.to_thread(older.begun.wait)
    second = asyncio.create_task(inference.run(newer, quiet(), audio_seconds=1))
    await asyncio.to_thread(newer.begun.wait)
    memory.used = 1001

    with pytest.raises(MemoryExceededError):
        await second
    assert not older.stopped.is_set()
    older.release.set()
    assert await first == "done"
    assert not inference.replacement.is_set()


async def test_unreturned_memory_costs_the_process(make: Make) -> None:
    memory = Memory()
    inference = make(LONG, memory.limit())

    def work(control: TaskControl) -> str:
        memory.used = memory.kept = 1001
        return "done"

    assert await inference.run(work, quiet(), audio_seconds=1) == "done"
    assert inference.replacement.is_set()


async def test_call_using_too_much_memory_is_reported(make: Make) -> None:
    memory, library = Memory(), Library()
    call = asyncio.create_task(make(LONG, memory.limit()).call(library))
    await asyncio.to_thread(library.begun.wait)
    memory.used = 1001
    with pytest.raises(ResourceExhaustedError, match="more than the 1000 B"):
        await call


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
async def test_library_cannot_end_the_process(make: Make, error: BaseException) -> None:
    def work(control: TaskControl) -> None:
        raise error

    with pytest.raises(RuntimeError, match=type(error).__name__):
        await make(LONG).run(work, quiet())


async def test_measured_speed_sets_the_bound(make: Make) -> None:
    patience = Forgiving(always=0.3, unknown_pace=3600.0, generosity=1.0, least_pace=0.0)
    inference = make(patience)
    assert await inference.run(lambda control: "quick", quiet(), audio_seconds=30) == "quick"
    with pytest.raises(StalledWorkError):
        await inference.run(Library(), quiet(), audio_seconds=30)
