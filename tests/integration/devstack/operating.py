"""Operator of a stack with fake services, by `devstack` commands."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from devstack.files import read_object
from devstack.services import SERVICES, Service
from devstack.stamps import read_stat
from tests import exports

FAKE = Path(__file__).with_name("fake_service.py")
MAIN = """
import runpy, sys
sys.argv = [sys.argv[0], "-".join([{package!r}, *sys.argv[1:]])]
runpy.run_path({fake!r}, run_name="__main__")
"""


def fake(service: Service) -> Service:
    """Return the service with the command of the fake."""
    return Service(
        **{**vars(service), "command": (sys.executable, str(FAKE), service.name)},
    )


@dataclass(kw_only=True)
class Operator:
    """Runs `devstack` commands on one data directory."""

    directory: Path
    data: Path
    environment: dict[str, str] = field(default_factory=dict)
    runners: list[subprocess.Popen[str]] = field(default_factory=list)
    said: str = ""
    """Output of the last `up` until everything was ready."""

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "devstack", "--data-dir", str(self.data), *arguments]

    def variables(self) -> dict[str, str]:
        stray = (
            "PORT",
            "HOST",
            "TLS",
            "HTTPS_PORT",
            "DEVSTACK_DATA_DIR",
            "SECRET_KEY",
            "METRICS_PORT",
        )
        inherited = {name: value for name, value in os.environ.items() if name not in stray}
        path = os.pathsep.join([str(self.fakes), *filter(None, [inherited.get("PYTHONPATH")])])
        # On any machine.
        workers = {"TRANSCRIBER_WORKERS": "1", "DIARIZER_WORKERS": "1"}
        patience = {"DEVSTACK_SERVER_SECONDS": "180"}
        fixed = {"PYTHONPATH": path, "FAKE_DUMP": str(self.directory), **workers, **patience}
        return {**inherited, **fixed, **self.environment}

    @property
    def fakes(self) -> Path:
        """Directory of packages with the services' names, for the front of PYTHONPATH."""
        place = self.directory / "fakes"
        if not place.exists():
            for package in {service.owner for service in SERVICES}:
                (place / package).mkdir(parents=True)
                (place / package / "__init__.py").touch()
                main = MAIN.format(package=package, fake=str(FAKE))
                (place / package / "__main__.py").write_text(main)
        return place

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command until it exits."""
        return subprocess.run(
            self.command(*arguments),
            check=False,
            capture_output=True,
            text=True,
            timeout=600,
            cwd=self.directory,
            env=self.variables(),
        )

    def variables_of(self, service: str) -> dict[str, str]:
        """Return the variables of a service in the running stack."""
        return exports.variables(self.run("env", service).stdout)

    def up(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `up` in the foreground and wait for the final block."""
        runner = self.start("up", *arguments)
        self.said = ""
        assert runner.stdout is not None
        for line in runner.stdout:
            self.said += line
            if line.strip().startswith("Logs"):
                return runner
        raise AssertionError(self.said)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        runner = subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.directory,
            env=self.variables(),
            start_new_session=True,
        )
        self.runners.append(runner)
        return runner

    def well(self, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Get the status until everything is healthy. A busy machine may respond late."""
        deadline = time.monotonic() + seconds
        while (status := self.run("status")).returncode != 0:
            assert time.monotonic() < deadline, status.stdout + status.stderr
        return status

    def pids(self) -> dict[str, int]:
        """Return the pids in the pid files by name."""
        # The file of a process that is being restarted may be gone once it is read.
        return {
            path.stem: int(str(record["pid"]))
            for path in (self.data / "run").glob("*.pid")
            if (record := read_object(path))
        }

    def close(self) -> None:
        """Stop everything that is still running."""
        for runner in self.runners:
            if runner.poll() is None:
                runner.send_signal(signal.SIGTERM)
                try:
                    runner.wait(120)
                except subprocess.TimeoutExpired:
                    runner.kill()
                    runner.wait()
            if runner.stdout is not None:
                runner.stdout.close()
        if self.pids():
            self.run("down")


def alive(pid: int) -> bool:
    """Return whether a process is running. A zombie is not."""
    stat = read_stat(pid)
    return stat is not None and stat.state not in "ZX"


class Until(Protocol):
    """Signature of the fixture `until`."""

    def __call__(self, condition: Callable[[], bool], seconds: float = 300) -> None:
        """Wait for a condition, or fail."""


class AllGone(Protocol):
    """Signature of the fixture `all_gone`."""

    def __call__(self, pids: Iterable[int], seconds: float = 300) -> None:
        """Wait until none of the processes is running, or fail."""
