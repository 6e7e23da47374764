"""Children of a killed runner, found by their pid files and ended."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import StartError
from devstack.files import DataDirectory, read_object
from devstack.stamps import ProcessStamp

_GRACE_SECONDS = 10.0
_KILL_SECONDS = 5.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A child named by a pid file."""

    name: str
    stamp: ProcessStamp
    stop_signal: int


def recorded_children(files: DataDirectory) -> list[Leftover]:
    """Read all pid files, except invalid ones."""
    found = []
    for path in sorted(files.run.glob("*.pid")):
        with contextlib.suppress(KeyError, ValueError):
            found.append(_read(path))
    return found


async def clean_up(files: DataDirectory) -> list[str]:
    """End all processes of earlier runners and return their names.

    The caller holds the lock of the directory. Reused pids are left alone.

    Raises:
        StartError: a process survives SIGKILL.
    """
    found = [child for child in recorded_children(files) if child.stamp.session_members()]
    for child in found:
        if child.stamp.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.stamp.pid, child.stop_signal)
    await _until(lambda: not any(child.stamp.alive() for child in found), _GRACE_SECONDS)
    for child in found:
        child.stamp.kill_session()
    await _until(lambda: not any(child.stamp.session_members() for child in found), _KILL_SECONDS)
    stuck = [child for child in found if child.stamp.session_members()]
    if stuck:
        names = ", ".join(f"{child.name} (process {child.stamp.pid})" for child in stuck)
        raise StartError(f"cannot end processes of an earlier run: {names}")
    for path in files.run.glob("*.pid"):
        path.unlink(missing_ok=True)
    return [child.name for child in found]


async def _until(done: Callable[[], bool], seconds: float) -> None:
    """Wait until `done` returns True, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:  # noqa: ASYNC110 - other processes set no event
        await asyncio.sleep(_POLL_SECONDS)


def _read(path: Path) -> Leftover:
    record = read_object(path)
    return Leftover(
        name=path.stem,
        stamp=ProcessStamp(
            pid=int(str(record["pid"])),
            start_ticks=int(str(record["start_ticks"])),
            boot=str(record["boot"]),
        ),
        stop_signal=int(str(record.get("stop_signal", int(signal.SIGTERM)))),
    )
