"""Child process with a log and a pid file."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devstack.errors import StartError
from devstack.files import PRIVATE_FILE, DataDirectory, tail, write_private
from devstack.identity import ProcessIdentity, launcher_command
from devstack.logs import rotate
from devstack.stamps import ProcessStamp

_POLL_SECONDS = 0.02
_KILL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """Command, environment and termination of a process."""

    name: str
    """Unique in the stack, and the name of the log and the pid file."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    """The whole environment. Nothing is inherited. It may have secrets, so `repr` hides it."""

    directory: Path | None = None
    identity: ProcessIdentity = ProcessIdentity.SELF
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """Sent by the kernel if the parent ends without stopping the child."""

    grace: float = 10.0
    """Seconds between the stop signal and SIGKILL."""


class Process:
    """A child process. It can be started again after its end."""

    def __init__(self, spec: ProcessSpec, files: DataDirectory) -> None:
        self.spec = spec
        self._files = files
        self._child: subprocess.Popen[bytes] | None = None
        self._stamp: ProcessStamp | None = None
        self.started_at = 0.0
        """Monotonic seconds of the last start."""

    @property
    def name(self) -> str:
        """Name in the stack."""
        return self.spec.name

    @property
    def pid(self) -> int:
        """Pid of the last start. Raises StartError before the first one."""
        if self._child is None:
            raise StartError(f"{self.name} has not been started")
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code, negative for a signal, None while running or before the first start."""
        return None if self._child is None else self._child.poll()

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._child is not None and self._child.poll() is None

    @property
    def log(self) -> Path:
        """Path of the log."""
        return self._files.log(self.name)

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines of the log."""
        return tail(self.log, lines)

    def start(self) -> None:
        """Start the program and write the pid file. Only the first start rotates the log.

        Raises:
            OSError: the log or the pid file cannot be written, and the program does not run.
        """
        if self.running:
            raise StartError(f"{self.name} is already running as process {self.pid}")
        if self._child is None:
            rotate(self.log)
        with open(self.log, "ab", opener=_private_opener) as log, _interrupts_held_back():
            self._child = subprocess.Popen(  # noqa: S603 - the commands are our own
                [*self._launcher(), *self.spec.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.spec.directory,
                env=dict(self.spec.environment),
                # In its own session, Ctrl-C at the terminal only reaches the runner, which stops
                # children in order. The session also identifies their children.
                start_new_session=True,
            )
        self.started_at = time.monotonic()
        try:
            with contextlib.suppress(ProcessLookupError):
                self._stamp = ProcessStamp.of(self._child.pid)
                write_pid_file(self._files.pid_file(self.name), self._stamp, self.spec.stop_signal)
        except OSError:
            self.kill()
            raise

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if it is running."""
        if self._child is not None:
            self._child.send_signal(number)

    def kill(self) -> None:
        """Send SIGKILL to the process and its children, and reap it."""
        if self._child is None:
            return
        self._child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_KILL_SECONDS)
        self._forget()

    async def wait(self, seconds: float | None = None) -> int:
        """Wait for the exit code. Raise TimeoutError after `seconds`."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while (code := self.exit_code) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"{self.name} is still running after {seconds} s")
            await asyncio.sleep(_POLL_SECONDS)
        return code

    async def stop(self) -> None:
        """Send the stop signal, and SIGKILL after the grace period. Idempotent."""
        if self.running:
            self.signal(self.spec.stop_signal)
            try:
                await self.wait(self.spec.grace)
            except TimeoutError:
                self.kill()
            except asyncio.CancelledError:
                self.kill()
                raise
        self._forget()

    def _launcher(self) -> list[str]:
        options = ["--identity", self.spec.identity.value]
        # For the kernel, the parent is the thread that forked. A child of a short-lived thread
        # would be signaled when that thread ends. The pid file covers this case.
        if threading.current_thread() is threading.main_thread():
            options += ["--parent", str(os.getpid())]
            options += ["--death-signal", str(int(self.spec.death_signal))]
        return launcher_command(*options)

    def _forget(self) -> None:
        if self._stamp is not None:
            self._stamp.kill_session()
        self._files.pid_file(self.name).unlink(missing_ok=True)


async def stop_all(
    processes: Sequence[Process], *, stopped: Callable[[Process], None] = lambda _: None
) -> None:
    """Stop processes concurrently, and call `stopped` with each running one.

    When cancelled, the remaining ones are killed at once.
    """

    async def stop_one(process: Process) -> None:
        was_running = process.running
        await process.stop()
        if was_running:
            stopped(process)

    try:
        await asyncio.gather(*(stop_one(process) for process in processes))
    except asyncio.CancelledError:
        # Tasks cancelled before their first step have not sent a signal.
        for process in processes:
            process.kill()
        raise


def write_pid_file(path: Path, stamp: ProcessStamp, stop_signal: signal.Signals) -> None:
    """Record a child, so that a later start can find and stop it."""
    record = {
        "pid": stamp.pid,
        "start_ticks": stamp.start_ticks,
        "boot": stamp.boot,
        "stop_signal": int(stop_signal),
    }
    write_private(path, json.dumps(record))


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Block SIGINT for processes started in the block, until their launcher unblocks it.

    In a starting Python program, it is an exception at any point and may be swallowed.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _private_opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, PRIVATE_FILE)
