import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from devstack.files import DataDirectory
from devstack.process import Process, ProcessSpec
from devstack.stamps import read_stat
from tests.chaos.book import Book
from tests.chaos.faults import Faults
from tests.chaos.schedule import Fault, Kind

SECONDS = 30


@pytest.fixture
def files(tmp_path: Path) -> DataDirectory:
    files = DataDirectory(root=tmp_path / "data")
    files.create()
    return files


@pytest.fixture
def process(files: DataDirectory) -> Iterator[Process]:
    program = "import subprocess, sys\nsubprocess.run(['sleep', '600'])"
    spec = ProcessSpec(name="nats", command=(sys.executable, "-c", program), environment={})
    one = Process(spec, files)
    one.start()
    yield one
    one.kill()


@pytest.fixture
def faults(files: DataDirectory, tmp_path: Path) -> Faults:
    stack = SimpleNamespace(seen=files.root, runner=SimpleNamespace(poll=lambda: None))
    return Faults(
        stack=cast("Any", stack),
        network=cast("Any", None),
        deliveries=cast("Any", None),
        book=Book(path=tmp_path / "book.jsonl"),
        disk_megabytes=0,
        clocks=tmp_path,
    )


def states(process: Process) -> set[str]:
    """Return the states of a process and its children."""
    assert process._stamp is not None
    stats = map(read_stat, process._stamp.session_members())
    return {stat.state for stat in stats if stat is not None}


async def until_child(process: Process) -> None:
    deadline = time.monotonic() + SECONDS
    while process._stamp is None or len(process._stamp.session_members()) < 2:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def fault(kind: Kind, seconds: float = 0.0) -> Fault:
    return Fault(kind=kind, pause=0.0, process="nats", seconds=seconds)


async def test_kill_waits_for_the_successor(process: Process, faults: Faults) -> None:
    await faults.run([fault(Kind.KILL)], seed=1)
    assert await process.wait(SECONDS) == -9
    again = asyncio.create_task(faults.run([fault(Kind.KILL)], seed=1))
    await process.stop()
    process.start()
    await asyncio.wait_for(again, SECONDS)
    assert await process.wait(SECONDS) == -9
    assert (faults.done[Kind.KILL], faults.ended["nats"]) == (2, 2)


async def test_restart_sends_the_signal_to_stop(process: Process, faults: Faults) -> None:
    await faults.run([fault(Kind.RESTART)], seed=1)
    assert await process.wait(SECONDS) == -15


async def test_frozen_process_goes_on_with_its_children(process: Process, faults: Faults) -> None:
    await until_child(process)
    running = asyncio.create_task(faults.run([fault(Kind.FREEZE, 0.5)], seed=1))
    deadline = time.monotonic() + SECONDS
    while states(process) != {"T"}:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    await running
    assert "T" not in states(process)
    assert process.running


async def test_stack_that_has_ended_is_reported(process: Process, faults: Faults) -> None:
    process.kill()
    ended = SimpleNamespace(poll=lambda: 1)
    cast("Any", faults.stack).runner = ended
    cast("Any", faults.stack).log = lambda: "gave up"
    with pytest.raises(ExceptionGroup) as caught:
        await faults.run([fault(Kind.KILL)], seed=1)
    assert "gave up" in str(caught.value.exceptions[0])


async def test_faults_are_in_the_book(process: Process, faults: Faults) -> None:
    await faults.run([fault(Kind.KILL)], seed=1)
    assert '"fault": "kill nats"' in faults.book.path.read_text()
