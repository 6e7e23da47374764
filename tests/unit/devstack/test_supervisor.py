import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from devstack.errors import StoppedError
from devstack.files import DataDirectory
from devstack.process import Process, ProcessSpec
from devstack.report import Report
from devstack.restarts import RestartPolicy
from devstack.supervisor import Condition, ProcessSupervisor, Supervised

Make = Callable[..., Process]
PATIENCE_SECONDS = 60
POLICY = RestartPolicy(first_seconds=0.05, longest_seconds=0.1, stable_seconds=60)


class Fine:
    """Probe of a usable process."""

    def problem(self) -> str | None:
        return None


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    files = DataDirectory(root=tmp_path)
    files.create()
    made: list[Process] = []

    def make(name: str, *command: str) -> Process:
        spec = ProcessSpec(name=name, command=command or ("sleep", "60"), environment={})
        made.append(Process(spec, files))
        made[-1].start()
        return made[-1]

    yield make
    for process in made:
        await process.stop()


class Watched:
    """Running supervisor and its reports."""

    def __init__(self, *supervised: Supervised, **options: Any) -> None:
        self.reports: list[Report] = []
        self.conditions: list[tuple[str, Condition]] = []
        self.supervisor = ProcessSupervisor(
            supervised,
            reporter=self.reports.append,
            on_change=lambda name, condition: self.conditions.append((name, condition)),
            **{"policy": POLICY, **options},
        )

    def became(self, name: str, happening: str, times: int) -> bool:
        return self.happenings().count((name, happening)) == times

    def happenings(self) -> list[tuple[str, str]]:
        return [(one.name, one.happening) for one in self.reports]


@asynccontextmanager
async def watching(*supervised: Supervised, **options: Any) -> AsyncIterator[Watched]:
    watched = Watched(*supervised, **options)
    task = asyncio.create_task(watched.supervisor.run())
    try:
        yield watched
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.01)


def fine(process: Process, **options: Any) -> Supervised:
    return Supervised(process=process, probe=Fine(), **options)


async def test_a_killed_process_is_restarted(make: Make) -> None:
    victim, other = make("nats"), make("speakers")
    first, same = victim.pid, other.pid
    async with watching(fine(victim, essential=True), fine(other)) as watched:
        victim.signal(signal.SIGKILL)
        await until(lambda: ("nats", "ready") in watched.happenings())
        assert watched.happenings() == [
            ("nats", "crashed"),
            ("nats", "restarting"),
            ("nats", "ready"),
        ]
        assert "ended (signal 9), restarting in 0.05 s" in watched.reports[0].detail
        assert str(victim.log) in watched.reports[0].detail
        assert victim.running
        assert victim.pid != first
        assert other.pid == same
    assert watched.conditions == [
        ("nats", Condition(restarts=0, trouble="ended (signal 9)")),
        ("nats", Condition(restarts=1, trouble="starting")),
        ("nats", Condition(restarts=1)),
    ]


async def test_a_process_is_prepared_before_each_restart(make: Make) -> None:
    process = make("postgres")
    running: list[bool] = []

    async def prepare() -> None:
        running.append(process.running)

    async with watching(fine(process, prepare=prepare)) as watched:
        for times in (1, 2):
            process.signal(signal.SIGKILL)
            await until(partial(watched.became, "postgres", "ready", times))
    assert running == [False, False]


async def test_a_failed_start_is_retried(make: Make) -> None:
    process = make("s3")
    attempts: list[str] = []

    async def prepare() -> None:
        attempts.append("prepared")
        if len(attempts) < 3:
            raise OSError("no space left on device")

    async with watching(fine(process, prepare=prepare)) as watched:
        process.signal(signal.SIGKILL)
        await until(lambda: ("s3", "ready") in watched.happenings())
    assert len(attempts) == 3
    details = [one.detail for one in watched.reports if one.happening == "crashed"]
    assert [detail.split(" in ")[1].split(" s,")[0] for detail in details] == ["0.05", "0.1", "0.1"]
    assert "cannot be started (no space left on device)" in details[1]


async def test_nothing_is_restarted_during_an_obstacle(make: Make) -> None:
    process = make("nats")
    obstacles = ["the disk is full"]
    first = process.pid
    async with watching(
        fine(process), obstacle=lambda: obstacles[0] if obstacles else None
    ) as watched:
        process.signal(signal.SIGKILL)
        await until(lambda: any("disk is full" in one.trouble for _, one in watched.conditions))
        assert process.pid == first
        assert ("nats", "waiting") in watched.happenings()
        obstacles.clear()
        await until(lambda: ("nats", "ready") in watched.happenings())
    assert process.pid != first


async def test_a_process_with_a_fault_is_restarted(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devstack.supervisor._FAULT_SECONDS", 0.0)
    process = make("nats")
    first = process.pid
    obstacles = ["the disk is full"]

    def fault() -> str | None:
        return "a failed write" if process.pid == first else None

    async with watching(
        fine(process, fault=fault), obstacle=lambda: obstacles[0] if obstacles else None
    ) as watched:
        await until(lambda: watched.conditions)
        assert watched.conditions == [("nats", Condition(trouble="a failed write"))]
        assert process.running
        obstacles.clear()
        await until(lambda: ("nats", "ready") in watched.happenings())
    assert process.pid != first
    assert "stopped because of a fault (a failed write)" in watched.reports[0].detail


async def test_an_unusable_process_is_restarted(make: Make) -> None:
    process = make("nats")

    class Later:
        """Healthy after the second restart."""

        def problem(self) -> str | None:
            return None if len(starts) > 1 else "no answer"

    starts: list[int] = []

    async def prepare() -> None:
        starts.append(1)

    policy = RestartPolicy(first_seconds=0.05, longest_seconds=0.1, start_seconds=0.2)
    supervised = Supervised(process=process, probe=Later(), prepare=prepare)
    async with watching(supervised, policy=policy) as watched:
        process.signal(signal.SIGKILL)
        await until(lambda: ("nats", "ready") in watched.happenings())
    assert any("was not usable within 0.2 s (no answer)" in one.detail for one in watched.reports)


async def test_the_stack_stops_if_an_essential_process_stays_down(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    # There is time for several attempts on a busy machine.
    monkeypatch.setattr("devstack.supervisor._POLL_SECONDS", 0.01)
    process = make("nats", "false")
    policy = RestartPolicy(first_seconds=0.01, longest_seconds=0.02, give_up_seconds=1.5)
    watched = Watched(Supervised(process=process, probe=Fine(), essential=True), policy=policy)
    with pytest.raises(StoppedError, match=r"nats .*could not be restarted.*\n.*stack stops"):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await watched.supervisor.run()
    assert watched.happenings().count(("nats", "crashed")) > 1


async def test_a_service_is_never_given_up(make: Make) -> None:
    process = make("speakers", "false")
    policy = RestartPolicy(first_seconds=0.01, longest_seconds=0.02, give_up_seconds=0)
    async with watching(fine(process), policy=policy) as watched:
        await until(lambda: watched.happenings().count(("speakers", "crashed")) > 3)
