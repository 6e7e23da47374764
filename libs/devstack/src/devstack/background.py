"""Start, find and stop a runner in the background."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from devstack.errors import AlreadyRunningError, DevstackError, NotRunningError
from devstack.files import PRIVATE_FILE, DataDirectory
from devstack.leftovers import clean_up
from devstack.lock import DirectoryLock, Holder
from devstack.logs import rotate
from devstack.state import read_state

RUNNER = "runner"
_POLL_SECONDS = 0.1
_SERVERS_STOP_SECONDS = 30
"""Maximum time for the servers to stop after the services."""


def running(files: DataDirectory) -> Holder | None:
    """Return the holder of the data directory, if any."""
    return DirectoryLock(files.lock).holder()


def start_in_background(
    files: DataDirectory, arguments: Sequence[str], *, echo: Callable[[str], None]
) -> int:
    """Start `devstack <arguments>` as a separate process and wait until it is ready.

    Its lines are passed to `echo`. Return 0 once it is ready, or its exit code if it ended before.
    It is stopped if the wait is interrupted.
    """
    files.create()
    holder = running(files)
    if holder is not None:
        raise AlreadyRunningError(
            f"{files.root} is already in use by process {holder.stamp.pid}", pid=holder.stamp.pid
        )
    path = files.log("runner")
    rotate(path)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        child = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "devstack", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)
    try:
        return _follow(child, files, echo)
    except BaseException:
        child.terminate()
        child.wait()
        raise


def _follow(
    child: subprocess.Popen[bytes], files: DataDirectory, echo: Callable[[str], None]
) -> int:
    with files.log("runner").open(encoding="utf-8", errors="replace") as log:
        while True:
            code = child.poll()
            state = read_state(files.state)
            ready = state is not None and state.pid == child.pid and state.phase == "ready"
            for line in log:
                echo(line.rstrip("\n"))
            if code is not None:
                return code
            if ready:
                # It keeps running, and this process never waits for it.
                child.returncode = 0
                return 0
            time.sleep(_POLL_SECONDS)


async def stop_background(files: DataDirectory, *, service_seconds: float) -> list[str]:
    """Stop the runner of a data directory and the leftovers of earlier runners.

    Return the names of the leftovers.

    Raises:
        NotRunningError: nothing was running.
        AlreadyRunningError: the directory is held by another program than a runner.
    """
    if not files.root.is_dir():
        raise NotRunningError(f"nothing is running in {files.root}")
    holder = running(files)
    if holder is not None:
        await _end(holder, service_seconds + _SERVERS_STOP_SECONDS)
    lock = DirectoryLock(files.lock)
    files.create()
    lock.acquire(purpose=RUNNER)
    try:
        names = await clean_up(files)
        files.state.unlink(missing_ok=True)
    finally:
        lock.release()
    if holder is None and not names:
        raise NotRunningError(f"nothing is running in {files.root}")
    return names


async def _end(holder: Holder, seconds: float) -> None:
    """Send SIGTERM, then SIGKILL after some seconds."""
    pid = holder.stamp.pid
    if holder.purpose != RUNNER:
        raise AlreadyRunningError(
            f"process {pid} uses the servers from inside another program. End that program", pid=pid
        )
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience
        while holder.stamp.alive() and time.monotonic() < deadline:  # noqa: ASYNC110 - sets no event
            await asyncio.sleep(_POLL_SECONDS)
        if not holder.stamp.alive():
            return
    raise DevstackError(f"process {pid} cannot be ended")
