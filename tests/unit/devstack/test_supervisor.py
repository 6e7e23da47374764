import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from devstack.errors import StoppedError
from devstack.files import DataDirectory
from devstack.process import Process, ProcessSpec
from devstack.report import Report
from devstack.supervisor import RestartPolicy, Supervisor

Make = Callable[[str], Process]
POLICY = RestartPolicy(first_seconds=1, longest_seconds=10, stable_seconds=60)


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    files = DataDirectory(root=tmp_path)
    files.create()
    made: list[Process] = []

    def make(name: str) -> Process:
        spec = ProcessSpec(name=name, command=("sleep", "60"), environment={})
        made.append(Process(spec, files))
        made[-1].start()
        return made[-1]

    yield make
    for process in made:
        await process.stop()


def supervise(
    *, servers: Sequence[Process] = (), services: Sequence[Process] = ()
) -> tuple[list[Report], Supervisor]:
    reports: list[Report] = []
    return reports, Supervisor(
        servers=servers, services=services, reporter=reports.append, policy=POLICY
    )


def test_delays_double_up_to_a_limit() -> None:
    assert [POLICY.delay(failures) for failures in (1, 2, 3, 4, 5, 500)] == [1, 2, 4, 8, 10, 10]


async def test_nothing_happens_while_all_is_well(make: Make) -> None:
    reports, supervisor = supervise(servers=[make("nats")], services=[make("speakers")])
    supervisor.look(time.monotonic())
    assert reports == []


async def test_a_service_that_ends_is_started_again_after_the_delay(make: Make) -> None:
    service = make("speakers")
    reports, supervisor = supervise(services=[service])
    first = service.pid
    service.kill()
    now = time.monotonic()
    supervisor.look(now)
    supervisor.look(now + 0.9)
    assert not service.running
    assert [(one.name, one.happening) for one in reports] == [("speakers", "crashed")]
    assert "exit code -9; starting it again in 1 s" in reports[0].detail
    supervisor.look(now + 1)
    assert service.running
    assert service.pid != first
    assert reports[1].happening == "restarting"


async def test_ending_again_and_again_waits_longer_and_longer(make: Make) -> None:
    service = make("speakers")
    reports, supervisor = supervise(services=[service])
    now = time.monotonic()
    for _ in range(3):
        service.kill()
        supervisor.look(now)
        now += 60
        service.started_at = now - 1
        supervisor.look(now)
        service.started_at = now
    delays = [one.detail.split(" in ")[1].split(" s")[0] for one in reports[::2]]
    assert delays == ["1", "2", "4"]


async def test_a_long_life_is_forgiven(make: Make) -> None:
    service = make("speakers")
    reports, supervisor = supervise(services=[service])
    now = time.monotonic()
    service.kill()
    supervisor.look(now)
    supervisor.look(now + 2)
    service.started_at = now + 2
    service.kill()
    supervisor.look(now + 2 + 60)
    assert "in 1 s" in reports[-1].detail


async def test_the_end_of_a_server_is_the_end_of_all(make: Make) -> None:
    server, service = make("nats"), make("speakers")
    _, supervisor = supervise(servers=[server], services=[service])
    server.kill()
    with pytest.raises(StoppedError, match=r"nats ended \(signal 9\).*\n.*the stack stops"):
        await supervisor.run()
