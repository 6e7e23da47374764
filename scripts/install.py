"""Installs the packages of constraints.txt and the project's own into this Python's environment.

    .venv/bin/python -m scripts.install GOAL -r requirements-dev.txt -e libs/common …

Announces its steps and their duration, then prints one line per package. An interrupted run
continues at the next start. Runs in an empty environment, so it imports the standard library only.
"""

import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.pip_output import InstallError, PipOutput, explain
from scripts.pip_process import installed_names, run_pip
from scripts.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
BUILD_REQUIREMENTS = ("hatchling", "editables")
WHEELS = ("--only-binary", ":all:")
#: The pins, by their hashes. Nothing else is installed from the index but PyTorch.
HASHED = ("--require-hashes", "--no-deps", "-r", "hashes.txt")
#: Bytes to download, and the additional bytes with CUDA. Measured with the pins of November 2026.
DOWNLOAD, DOWNLOAD_CUDA = 0.9e9, 1.2e9
#: Free disk that an installation needs, downloads included, without and with CUDA.
DISK, DISK_CUDA = 4.0e9, 8.5e9
#: Seconds of one processor core for resolving and unpacking.
WORK_SECONDS = 180
AFTERWARDS = {
    "demo": "Then come the models (180 MB, under a minute) and the demo (about a minute).",
    "test": "Then come the models (180 MB, under a minute) and the tests (half an hour).",
    "run": "Then come the models (180 MB, under a minute) and the stack.",
    "start": "Then come the models (180 MB, under a minute) and the stack.",
}


def main(arguments: Sequence[str]) -> int:
    """Install. Return the exit status."""
    goal, *packages = arguments
    environment = Path(sys.prefix)
    progress = Progress(total=count_pins())
    started = time.monotonic()
    try:
        discard_incomplete(environment)
        if "torch" not in installed_names():
            announce(progress, goal, environment)
            check_space(environment, DISK)
        install(packages, progress, environment)
    except KeyboardInterrupt:
        progress.close()
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130
    except InstallError as failure:
        progress.close()
        print(failure, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(environment / "tmp", ignore_errors=True)
    progress.close()
    seconds = time.monotonic() - started
    print(f"The environment in {environment.name} is complete ({seconds:.0f} s).", flush=True)
    return 0


def install(packages: Sequence[str], progress: Progress, environment: Path) -> None:
    """Install the pins with hashes, then PyTorch and our own packages. Raise InstallError."""
    output = PipOutput(progress, on_cuda=lambda: warn_of_cuda(progress, environment))
    others = ["-c", "constraints.txt", "--no-build-isolation", *packages]
    for wanted in (HASHED, others):
        if run_pip([*WHEELS, *wanted], output, progress, environment / "tmp"):
            raise explain(output.tail, DISK_CUDA if output.cuda else DISK)


def count_pins() -> int:
    """Return the largest number of packages in an installation."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return sum("==" in line for line in lines)


def announce(progress: Progress, goal: str, environment: Path) -> None:
    """Announce the steps, their size and their duration on this machine."""
    cores = len(os.sched_getaffinity(0))
    free = free_bytes(environment) / 1e9
    progress.line(
        f"Installing {progress.total} packages into {environment.name}, once: "
        f"{DOWNLOAD / 1e9:.1f} GB to download, {DISK / 1e9:.0f} GB of disk ({free:.0f} GB free)."
    )
    progress.line(
        f"That takes about {WORK_SECONDS / 60:.0f} minutes of work on this machine with {cores} "
        f"cores, and {DOWNLOAD * 8 / 1e8 / 60:.0f} more for the download at 100 Mbit/s."
    )
    if goal in AFTERWARDS:
        progress.line(AFTERWARDS[goal])


def warn_of_cuda(progress: Progress, environment: Path) -> None:
    """Report PyTorch with CUDA. Raise InstallError where the disk is too small for it."""
    progress.line(
        f"PyTorch comes with CUDA here: {DOWNLOAD_CUDA / 1e9:.1f} GB more to download. "
        "docs/installation.md explains how to avoid it."
    )
    check_space(environment, DISK_CUDA)


def free_bytes(directory: Path) -> int:
    """Return the free space of the disk with a directory."""
    return shutil.disk_usage(directory).free


def check_space(directory: Path, needed: float) -> None:
    """Raise InstallError where the disk has too little room."""
    free = free_bytes(directory)
    if free < needed:
        raise InstallError(
            f"The installation needs {needed / 1e9:.1f} GB of disk, and {directory.parent} has "
            f"{free / 1e9:.1f} GB free. Make room, then run the same command again."
        )


def discard_incomplete(environment: Path) -> None:
    """Forget packages whose installation was interrupted, so that pip installs them again.

    pip writes INSTALLER and RECORD last.
    """
    for metadata in environment.glob("lib/python*/site-packages/*.dist-info"):
        if not (metadata / "INSTALLER").exists() or not (metadata / "RECORD").exists():
            shutil.rmtree(metadata)
    for leftover in environment.glob("lib/python*/site-packages/~*"):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.rmtree(environment / "tmp", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
