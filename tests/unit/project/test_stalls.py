import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
#: Fails at its first attempt, while something has stopped its process or kept it busy.
TESTS = """
import os
import subprocess
import time
from pathlib import Path

def test_it(tmp_path_factory) -> None:
    mark = Path(__file__).with_name("mark")
    if mark.exists():
        return
    mark.touch()
    {during}
    assert not "late"
"""
STOPPED = """me = os.getpid()
    subprocess.run(f"kill -STOP {me}; sleep 1.5; kill -CONT {me}", shell=True)"""
IDLE = "time.sleep(1.5)"
#: Keeps the interpreter's lock for more than a second.
BUSY = "max(map(abs, range(100_000_000)))"


def run(directory: Path, during: str, *options: str) -> subprocess.CompletedProcess[str]:
    (directory / "test_it.py").write_text(TESTS.format(during=during))
    command = [sys.executable, "-m", "pytest", "-p", "tests.stalls", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *options, "--rootdir", str(directory), str(directory)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=directory, check=False, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("options", [(), ("-n", "1")])
def test_test_of_a_stopped_process_is_repeated(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = run(tmp_path, STOPPED, *options)
    assert done.returncode == 0, done.stdout
    assert "1 tests were repeated after a stall" in done.stdout
    assert "1 passed, 1 rerun" in done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize("during", [IDLE, BUSY])
def test_failures_of_other_tests_stay(tmp_path: Path, during: str) -> None:
    done = run(tmp_path, during)
    assert done.returncode == 1, done.stdout
    assert "repeated" not in done.stdout
