"""A small run of `make chaos`: every process, also of the servers, is killed while clients work.

The run compares the book of the clients with the stack. A contradiction is an error: something
lost, done twice or out of order, a job without an end, a process that does not recover.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.book import read
from tests.chaos.storm import PROCESSES
from tests.programs import run_module

#: Disks and clocks depend on the machine. Full disks have tests of their own.
OPTIONS = (
    "--seed=1", "--owners=2", "--short", "--live=0", "--seconds=4", "--pause=3",
    "--without=fill", "--without=turn-clock",
)  # fmt: skip
CALLS = ("upload", "look", "read", "edit", "name", "search", "delete")


@pytest.fixture(scope="module", autouse=True)
def strangers() -> None:
    """Replace the fixture that needs the stack of the other tests."""


def test_nothing_is_lost_or_doubled(tmp_path: Path, show: Callable[[str], None]) -> None:
    kills = len(PROCESSES)
    output = run_module("tests.chaos", f"--kills={kills}", f"--keep={tmp_path}", *OPTIONS)
    assert f"- Faults: {kills} kill, " in output
    assert "- Findings: 0." in output
    (restarts,) = re.findall(r"^- Restarts of processes: (.*)\.$", output, re.MULTILINE)
    times = {name: int(number) for name, number in re.findall(r"([\w-]+) (\d+)", restarts)}
    assert times.keys() == set(PROCESSES)
    assert min(times.values()) >= 1
    (completed,) = re.findall(r"^- Jobs of acknowledged uploads: (\d+) ", output, re.MULTILINE)
    assert int(completed) > 0

    # There was something to lose.
    (path,) = tmp_path.glob("*/book.jsonl")
    book = read(path)
    assert [name for name in CALLS if not book.acknowledged(name)] == []
    assert book.findings == []
    show(output[output.index("- Faults") :])
