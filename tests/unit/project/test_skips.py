import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
REASON = "promtool is missing. Run: sudo apt-get install prometheus"
TESTS = f"""
import pytest

@pytest.mark.skip(reason="{REASON}")
def test_skipped() -> None: ...

def test_passed() -> None: ...
"""


def run(directory: Path, source: str, *options: str, ci: str) -> subprocess.CompletedProcess[str]:
    (directory / "test_it.py").write_text(source)
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-p", "tests.skips", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *options, "--rootdir", str(directory), str(directory)],
        env=environment, cwd=directory, check=False, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("options", [(), ("-n", "1")])
def test_skipped_tests_fail_a_run_in_ci(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = run(tmp_path, TESTS, *options, ci="true")
    assert done.returncode == 1
    assert "1 tests did NOT run here" in done.stdout
    assert f"1 skipped: {REASON}" in done.stdout
    assert "CI is set" in done.stdout
    assert "1 passed, 1 skipped" in done.stdout.strip().splitlines()[-1]


def test_outside_ci_skipped_tests_are_only_listed(tmp_path: Path) -> None:
    done = run(tmp_path, TESTS, ci="")
    assert done.returncode == 0
    assert f"1 skipped: {REASON}" in done.stdout
    assert "CI is set" not in done.stdout


def test_run_without_skipped_tests_passes_in_ci(tmp_path: Path) -> None:
    done = run(tmp_path, "def test_passed() -> None: ...", ci="true")
    assert done.returncode == 0
    assert "NOT run" not in done.stdout


def test_skipped_module_is_counted(tmp_path: Path) -> None:
    source = 'import pytest\npytest.skip("no engine", allow_module_level=True)\n'
    done = run(tmp_path, source + "def test_it() -> None: ...", ci="true")
    assert done.returncode != 0
    assert "1 skipped: no engine" in done.stdout
