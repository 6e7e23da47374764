import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import install
from scripts.install import check_space, discard_incomplete
from scripts.pip_output import InstallError, PipOutput, explain
from scripts.pip_process import run_pip
from scripts.progress import Progress

LINES = """\
Looking in indexes: https://index.example/simple
Obtaining file:///here/libs/common
Collecting torch (from securetranscribe-diarizer==0.1.0)
  Downloading torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl (182.1 MB)
Collecting numpy==2.4.6
  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (6.1 kB)
  Using cached numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (16.0 MB)
Processing /wheels/idna-3.20-py3-none-any.whl (from anyio)
Requirement already satisfied: certifi in ./lib/python3.11/site-packages (2026.10.18)
Requirement already satisfied: certifi in ./lib/python3.11/site-packages (2026.10.18)
Installing collected packages: torch, numpy, PyYAML
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def follow(lines: str, stream: io.StringIO) -> PipOutput:
    progress = Progress(total=188, stream=stream)
    output = PipOutput(progress, on_cuda=lambda: progress.line("CUDA"))
    for line in lines.splitlines():
        output.feed(line)
    return output


def test_one_line_per_package() -> None:
    stream = io.StringIO()
    output = follow(LINES, stream)
    assert stream.getvalue().splitlines() == [
        "[  1/188] torch 2.13.0+cpu (182.1 MB)",
        "[  2/188] numpy 2.4.6 (from this machine)",
        "[  3/188] idna 3.20 (from this machine)",
        "Unpacking 3 packages",
    ]
    assert output.unpacking == {"torch", "numpy", "pyyaml"}


def test_installed_packages_are_counted_once() -> None:
    stream = io.StringIO()
    later = (
        "Requirement already satisfied: idna in ./lib\nDownloading six-1.0-py3-none-any.whl (9 kB)"
    )
    follow(LINES + later, stream)
    assert stream.getvalue().endswith("[  5/188] six 1.0 (9 kB)\n")


def test_terminal_shows_one_changing_line() -> None:
    stream = Terminal()
    follow(LINES, stream)
    shown = stream.getvalue()
    assert "\n" not in shown
    assert shown.split("\r\x1b[K")[-1] == "Unpacking 3 packages"


def test_cuda_is_reported_once() -> None:
    stream = io.StringIO()
    follow(
        "Collecting nvidia-ml-py\nCollecting nvidia-cublas==13\nCollecting nvidia-cufft==12", stream
    )
    assert stream.getvalue() == "CUDA\n"


@pytest.mark.parametrize(
    ("lines", "needed"),
    [
        ("Collecting nvidia-cublas==13", "8.5 GB"),
        ("Requirement already satisfied: nvidia-cublas in ./lib", "8.5 GB"),
        ("Collecting nvidia-ml-py", "4.0 GB"),
        ("Requirement already satisfied: torch in ./lib", "4.0 GB"),
    ],
)
def test_full_disk_names_the_need_of_this_installation(
    lines: str, needed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both builds of PyTorch have the same pin, so only pip's output tells them apart."""

    def fails(options: list[str], output: PipOutput, *rest: object) -> int:
        for line in (*lines.splitlines(), "No space left on device"):
            output.feed(line)
        return 1

    monkeypatch.setattr(install, "run_pip", fails)
    monkeypatch.setattr(install, "free_bytes", lambda directory: 1e12)
    with pytest.raises(InstallError, match=f"needs {needed}"):
        install.install([], Progress(total=1, stream=io.StringIO()), tmp_path)


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        (
            "ERROR: Could not install packages: [Errno 28] No space left on device",
            "disk became full. The installation needs 4.0 GB",
        ),
        (
            "OSError: [Errno 122] Disk quota exceeded",
            "disk became full. The installation needs 4.0 GB",
        ),
        ("WARNING: Retrying: Failed to establish a new connection", "cannot be reached"),
        ("NameResolutionError(Temporary failure in name resolution)", "cannot be reached"),
        ("ERROR: No matching distribution found for srt==3.5.3", "no wheel of srt==3.5.3"),
    ],
)
def test_known_failures_are_one_line_with_advice(line: str, advice: str) -> None:
    text = str(explain(["Collecting srt", line], needed=4e9))
    assert advice in text
    assert "\n" not in text


def test_unknown_failure_shows_the_end_of_the_output() -> None:
    text = str(explain([f"line {number}\n" for number in range(40)], needed=4e9))
    assert "line 39" in text
    assert "line 3\n" not in text


def test_output_of_pip_is_parsed(tmp_path: Path) -> None:
    """Run pip itself with an empty index."""
    progress = Progress(total=1, stream=io.StringIO())
    output = PipOutput(progress, on_cuda=lambda: None)
    options = ["--no-index", "--dry-run", "--only-binary", ":all:"]
    status = run_pip([*options, "absent-package==1.0"], output, progress, tmp_path / "tmp")
    assert status == 1
    assert "no wheel of absent-package==1.0" in str(explain(output.tail, needed=4e9))


def test_small_disk_is_rejected_with_both_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "free_bytes", lambda directory: 2.1e9)
    check_space(tmp_path, 2.0e9)
    with pytest.raises(InstallError, match=r"needs 4\.0 GB of disk, and .* has 2\.1 GB free"):
        check_space(tmp_path, 4.0e9)


def test_interrupted_packages_are_installed_again(tmp_path: Path) -> None:
    packages = tmp_path / "lib/python3.12/site-packages"
    for name, files in {
        "whole-1.dist-info": ("METADATA", "INSTALLER", "RECORD"),
        "half-1.dist-info": ("METADATA", "RECORD"),
        "begun-1.dist-info": ("METADATA",),
        "~orch": ("old.py",),
    }.items():
        (packages / name).mkdir(parents=True)
        for file in files:
            (packages / name / file).touch()
    (tmp_path / "tmp/pip-unpack-1").mkdir(parents=True)
    discard_incomplete(tmp_path)
    assert [path.name for path in packages.iterdir()] == ["whole-1.dist-info"]
    assert not (tmp_path / "tmp").exists()


def test_every_package_of_this_environment_is_complete() -> None:
    """Complete packages must not count as interrupted, or every start would install them again."""
    environment = Path(sys.prefix)
    incomplete = [
        path.name
        for path in environment.glob("lib/python*/site-packages/*.dist-info")
        if not (path / "INSTALLER").exists() or not (path / "RECORD").exists()
    ]
    assert incomplete == []


def test_first_suitable_python_is_used(tmp_path: Path) -> None:
    """Broken programs on the path, such as pyenv's shims, are passed over."""
    broken, real = tmp_path / "python3.11", tmp_path / "python3.12"
    broken.write_text("#!/bin/sh\nexit 127\n")
    real.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for program in (broken, real):
        program.chmod(0o755)
    script = Path(__file__).parents[3] / "scripts/find_python.sh"
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin"}
    done = subprocess.run(
        [str(script)], env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout == f"{real}\n"
