"""The product as `make start` runs it: `devstack up` with its own supervisor."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.files import read_object
from tests import exports, small_disk
from tests.limits import UNLIMITED
from tests.ports import free_port

WELL_SECONDS = 600
_STOP_SECONDS = 600
_FOREIGN = ("DEVSTACK_", "METRICS_PORT", "SECRET_KEY", "HOST", "PORT", "LOG_LEVEL")
#: Tests send more requests than users, and one of their sessions uploads often.
_SETTINGS = {
    "TASK_ACK_WAIT_SECONDS": "6",
    # On any machine.
    "TRANSCRIBER_WORKERS": "1",
    "DIARIZER_WORKERS": "1",
    "DEVSTACK_SERVER_SECONDS": "180",
    **UNLIMITED,
}


@dataclass(kw_only=True)
class SupervisedStack:
    """A stack with its own data directory."""

    data: Path
    port: int
    environment: Mapping[str, str]
    runner: subprocess.Popen[bytes]
    small: bool = False
    """Whether the data is on a small disk, visible only to the stack itself."""

    @property
    def api_url(self) -> str:
        """Address of the JSON API."""
        return f"http://127.0.0.1:{self.port}/api"

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `devstack` command."""
        within = small_disk.enter(self.runner.pid) if self.small else ()
        return _devstack(self.data, self.environment, *arguments, within=within)

    def pids(self) -> dict[str, int]:
        """Return the pids of all processes by name."""
        # The file of a process that is being restarted may be gone once it is read.
        return {
            path.stem: int(str(record["pid"]))
            for path in sorted((self.seen / "run").glob("*.pid"))
            if (record := read_object(path))
        }

    @property
    def seen(self) -> Path:
        """Data directory as seen by this process."""
        return small_disk.seen(self.runner.pid, self.data) if self.small else self.data

    def kill(self, name: str) -> None:
        """Kill a process, and wait for its successor and for a healthy stack."""
        before = self.pids()
        os.kill(before[name], signal.SIGKILL)
        self.wait(lambda: self.pids().get(name, before[name]) != before[name])
        self.wait_well()

    def wait_well(self) -> str:
        """Wait until every process is healthy. Return the table of processes."""
        said = ""

        def well() -> bool:
            nonlocal said
            status = self.command("status")
            said = status.stdout + status.stderr
            return status.returncode == 0

        self.wait(well, lambda: said)
        return said

    def wait(self, reached: Callable[[], bool], said: Callable[[], str] = str) -> None:
        """Wait for a lasting condition."""
        deadline = time.monotonic() + WELL_SECONDS
        while not reached():
            assert self.runner.poll() is None, self.log()
            assert time.monotonic() < deadline, f"{said()}\n{self.log()}"
            time.sleep(0.1)

    def variables(self, service: str) -> dict[str, str]:
        """Return the variables with the servers of a service."""
        return exports.variables(self.command("env", service).stdout)

    def log(self) -> str:
        """Return the output of the supervisor."""
        return (self.data.parent.parent / "runner.log").read_text()

    def stop(self) -> int:
        """Stop everything. Return the exit code of the supervisor."""
        self.runner.send_signal(signal.SIGTERM)
        return self.runner.wait(_STOP_SECONDS)


@contextmanager
def supervised_stack(
    directory: Path,
    settings: Mapping[str, str] | None = None,
    *,
    disk_megabytes: int = 0,
    program: Sequence[str] = ("-m", "devstack"),
    on_started: Callable[[SupervisedStack], None] = lambda _: None,
) -> Iterator[SupervisedStack]:
    """Run the product on a directory until the end of the block.

    With `disk_megabytes` the data is on a disk of this size, made for it. `program` are arguments
    of Python that run it. `on_started` is called before anything is ready.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    port = free_port()
    environment = {**inherited, **_SETTINGS, **(settings or {}), "PORT": str(port)}
    environment.setdefault("MODEL_DIR", str(Path(".models").absolute()))
    data = directory / "disk" / "data"
    data.parent.mkdir()
    on_disk = small_disk.command(data.parent, disk_megabytes) if disk_megabytes else ()
    with (directory / "runner.log").open("ab") as log:
        runner = subprocess.Popen(
            [*on_disk, sys.executable, *program, "--data-dir", str(data), "up"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=directory,
            start_new_session=True,
        )
    stack = SupervisedStack(
        data=data,
        port=port,
        environment=environment,
        runner=runner,
        small=bool(disk_megabytes),
    )
    try:
        on_started(stack)
        stack.wait((stack.seen / "state.json").exists)
        stack.wait_well()
        yield stack
    finally:
        if runner.poll() is None:
            stack.stop()
        if not stack.small:  # a small disk ends with its stack
            stack.command("down")


def _devstack(
    data: Path, environment: Mapping[str, str], *arguments: str, within: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*within, sys.executable, "-m", "devstack", "--data-dir", str(data), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=_STOP_SECONDS,
        env=dict(environment),
        cwd=data.parent.parent,
    )
