"""Runs pip and follows it."""

import os
import queue
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from scripts.pip_output import PipOutput, normalized
from scripts.progress import Progress

_TICK_SECONDS = 0.5


def run_pip(arguments: Sequence[str], output: PipOutput, progress: Progress, scratch: Path) -> int:
    """Run `pip install` and return its exit status. Downloads lie in `scratch` meanwhile.

    The directory for temporary files is often a small disk in memory.
    """
    scratch.mkdir(exist_ok=True)
    environment = {"TMPDIR": str(scratch), **os.environ}
    environment |= {"PIP_ROOT_USER_ACTION": "ignore", "PIP_USER": "0"}
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    process = subprocess.Popen(  # noqa: S603
        [*command, "--progress-bar", "off", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    lines: queue.Queue[str | None] = queue.Queue()
    with process:
        threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
        try:
            _follow(lines, output, progress, Path(environment["TMPDIR"]))
            return process.wait()
        except BaseException:
            # On Ctrl-C pip receives the signal as well, and removes its downloads.
            process.terminate()
            raise


def _read(stream: TextIO, lines: "queue.Queue[str | None]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _follow(
    lines: "queue.Queue[str | None]", output: PipOutput, progress: Progress, scratch: Path
) -> None:
    """Show each line, and between lines the progress of the current download or unpacking."""
    while True:
        try:
            line = lines.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            _show_current(output, progress, scratch)
            continue
        if line is None:
            return
        output.feed(line)


def _show_current(output: PipOutput, progress: Progress, scratch: Path) -> None:
    if output.downloading is not None:
        file, title = output.downloading
        size = sum(found.stat().st_size for found in scratch.glob(f"pip-*/{file}"))
        progress.status(progress.counted(f"{title}: {size / 1e6:.0f} MB so far"))
    elif output.unpacking:
        done = len(output.unpacking & installed_names())
        progress.status(f"Unpacked {done} of {len(output.unpacking)} packages")


def installed_names() -> set[str]:
    """Return the normalized names of completely installed packages."""
    packages = Path(sysconfig.get_path("purelib"))
    complete = packages.glob("*.dist-info/INSTALLER")
    return {normalized(file.parent.name.partition("-")[0]) for file in complete}
