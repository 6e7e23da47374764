import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devstack.stamps import ProcessStamp, read_stat

Family = tuple[subprocess.Popen[str], int, ProcessStamp]
FAMILY = """
import subprocess, sys
child = subprocess.Popen(["sleep", "60"])
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def family() -> Iterator[Family]:
    """Session leader with one child."""
    with subprocess.Popen(
        [sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as leader:
        assert leader.stdout is not None
        child = int(leader.stdout.readline())
        stamp = ProcessStamp.of(leader.pid)
        yield leader, child, stamp
        stamp.kill_session()


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        stat = read_stat(pid)
        if stat is None or stat.state in "ZX":
            return True
        time.sleep(0.02)
    return False


def test_a_running_process_is_recognized() -> None:
    stamp = ProcessStamp.of(os.getpid())
    assert stamp.alive()
    assert stamp == ProcessStamp.of(os.getpid())


def test_the_same_pid_at_another_time_is_another_process() -> None:
    stamp = ProcessStamp.of(os.getpid())
    assert not replace(stamp, start_ticks=stamp.start_ticks - 1).alive()
    assert not replace(stamp, boot="another boot").alive()


def test_a_zombie_is_not_alive(family: Family) -> None:
    leader, _, stamp = family
    leader.kill()
    os.waitid(os.P_PID, leader.pid, os.WEXITED | os.WNOWAIT)
    stat = read_stat(leader.pid)
    assert stat is not None
    assert stat.state == "Z"
    assert not stamp.alive()


def test_a_missing_process_has_no_stamp() -> None:
    with pytest.raises(ProcessLookupError):
        ProcessStamp.of(2**22 + 1)


def test_names_with_brackets_and_blanks_are_read(tmp_path: Path) -> None:
    program = tmp_path / "a) S 1 (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"], start_new_session=True) as child:
        stat = read_stat(child.pid)
        child.kill()
    assert stat is not None
    assert stat.session == child.pid
    assert stat.start_ticks > 1


def test_descendants_are_found(family: Family) -> None:
    leader, child, stamp = family
    assert sorted(stamp.session_members()) == sorted([leader.pid, child])


def test_descendants_are_found_after_their_parent_has_ended(family: Family) -> None:
    leader, child, stamp = family
    leader.kill()
    leader.wait()
    assert not stamp.alive()
    assert stamp.session_members() == [child]
    stamp.kill_session()
    assert gone(child)
    assert stamp.session_members() == []


def test_other_processes_are_not_members(family: Family) -> None:
    leader, child, stamp = family
    stranger = replace(stamp, start_ticks=stamp.start_ticks - 1)
    assert stranger.session_members() == []
    assert replace(stamp, boot="another boot").session_members() == []
    stranger.kill_session()
    os.kill(child, signal.SIGCONT)
    assert leader.poll() is None
