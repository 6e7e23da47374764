import asyncio
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from common.tasks import task
from common.tasks.task import ProgressReporter, TaskControl


def test_stopped_control_stays_stopped() -> None:
    control = TaskControl(lambda fraction, step: None)
    assert not control.cancelled()

    control.stop()
    control.stop()

    assert control.cancelled()


def test_control_passes_progress_on() -> None:
    said: list[tuple[float, str]] = []
    control = TaskControl(lambda fraction, step: said.append((fraction, step)))

    control.progress(0.5, "Recognizing")

    assert said == [(0.5, "Recognizing")]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[float]:
    """Advance the clock by ten milliseconds at each reading."""
    ticks = (n / 100 for n in itertools.count(1000))
    monkeypatch.setattr(task, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    return ticks


async def reported(*progress: tuple[float, str]) -> list[tuple[float, str]]:
    published: list[tuple[float, str]] = []

    async def publish(fraction: float, step: str) -> None:
        published.append((fraction, step))

    reporter = ProgressReporter(publish)

    def handler() -> None:
        for fraction, step in progress:
            reporter(fraction, step)

    with ThreadPoolExecutor(1) as thread:
        await asyncio.get_running_loop().run_in_executor(thread, handler)
    await asyncio.sleep(0.01)
    return published


async def test_progress_crosses_from_the_thread_to_the_loop() -> None:
    assert await reported((0.25, "Loading")) == [(0.25, "Loading")]


@pytest.mark.usefixtures("clock")
async def test_step_is_published_at_most_twice_per_second() -> None:
    published = await reported(*((n / 100, "Recognizing") for n in range(100)))

    assert published == [(0.0, "Recognizing"), (0.5, "Recognizing")]


@pytest.mark.usefixtures("clock")
async def test_new_step_is_always_published() -> None:
    published = await reported((0.1, "Loading"), (0.1, "Recognizing"), (0.2, "Recognizing"))

    assert published == [(0.1, "Loading"), (0.1, "Recognizing")]


async def test_step_is_published_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "_PROGRESS_SECONDS", 0)

    assert await reported((0.1, "a"), (0.2, "a")) == [(0.1, "a"), (0.2, "a")]


@pytest.mark.parametrize(
    ("given", "told"), [(-1.0, 0.0), (1.5, 1.0), (float("nan"), 0.0), (0.5, 0.5)]
)
async def test_fractions_stay_within_bounds(given: float, told: float) -> None:
    assert await reported((given, "x")) == [(told, "x")]


def test_only_forward_progress_is_an_advance() -> None:
    control = TaskControl(lambda fraction, step: None)
    for fraction, step in ((0.1, "a"), (0.1, "a"), (0.05, "a"), (0.2, "a"), (0.2, "b"), (0.2, "b")):
        control.progress(fraction, step)
    assert (control.advances, control.fraction) == (3, 0.2)


def test_repeated_work_advances_from_its_beginning() -> None:
    control = TaskControl(lambda fraction, step: None)
    control.begin()
    control.progress(0.9, "a")
    control.begin()
    control.progress(0.1, "a")
    assert (control.advances, control.fraction) == (2, 0.1)
