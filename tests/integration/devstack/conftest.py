"""Fakes of the services, and an operator to run them."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from devstack.services import SERVICES, Service
from tests.integration.devstack.operating import AllGone, Operator, Until, alive, fake


@pytest.fixture
def fakes() -> tuple[Service, ...]:
    """Return fakes of all services."""
    return tuple(fake(service) for service in SERVICES)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data directory shared by the tests of a module, because creating a cluster takes seconds."""
    return tmp_path_factory.mktemp("stack") / "data"


@pytest.fixture
def operator(tmp_path: Path, data: Path) -> Iterator[Operator]:
    """Operator in an empty directory."""
    someone = Operator(directory=tmp_path, data=data)
    yield someone
    someone.close()


@pytest.fixture
def until() -> Until:
    """Wait for a condition, with patience for busy machines."""

    def until(condition: Callable[[], bool], seconds: float = 300) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the condition is not met in time"
            time.sleep(0.05)

    return until


@pytest.fixture
def all_gone(until: Until) -> AllGone:
    """Wait until none of the processes is running."""

    def all_gone(pids: Iterable[int], seconds: float = 300) -> None:
        until(lambda: not any(alive(pid) for pid in pids), seconds)

    return all_gone
