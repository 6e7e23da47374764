import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.errors import AlreadyRunningError
from devstack.lock import DirectoryLock

Held = tuple[Path, subprocess.Popen[str]]
HOLD = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from devstack.lock import DirectoryLock
    DirectoryLock(Path(sys.argv[1])).acquire(purpose="runner")
    print("held", flush=True)
    time.sleep(60)
""")


@pytest.fixture
def other_holder(tmp_path: Path) -> Iterator[Held]:
    path = tmp_path / "runner.pid"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield path, child
        child.kill()


def test_a_second_holder_is_rejected_with_the_pid_of_the_first(other_holder: Held) -> None:
    path, child = other_holder
    with pytest.raises(AlreadyRunningError, match=f"in use by process {child.pid}") as caught:
        DirectoryLock(path).acquire(purpose="runner")
    assert caught.value.pid == child.pid


def test_the_holder_is_returned(other_holder: Held) -> None:
    path, child = other_holder
    holder = DirectoryLock(path).holder()
    assert holder is not None
    assert (holder.stamp.pid, holder.purpose) == (child.pid, "runner")


def test_a_killed_holder_releases_the_lock(other_holder: Held) -> None:
    path, child = other_holder
    child.kill()
    child.wait()
    lock = DirectoryLock(path)
    assert lock.holder() is None
    lock.acquire(purpose="embedded")
    holder = lock.holder()
    assert holder is not None
    assert holder.stamp.pid == os.getpid()
    lock.release()
    assert lock.holder() is None


def test_the_lock_can_be_acquired_after_release(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path / "runner.pid")
    for _ in range(2):
        lock.acquire(purpose="runner")
        lock.release()
        lock.release()


def test_missing_and_invalid_files_have_no_holder(tmp_path: Path) -> None:
    path = tmp_path / "runner.pid"
    assert DirectoryLock(path).holder() is None
    path.write_text("4711\n")
    assert DirectoryLock(path).holder() is None
