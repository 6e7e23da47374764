"""Rolling upgrade from an earlier commit with jobs at work, and back again.

    python -m tests.chaos.upgrade --from COMMIT

The services of both versions share the installed packages and the servers. Exits with 1 if a job
does not complete exactly once, or a transcript changes.
"""

import argparse
import asyncio
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from bench.recordings import sample
from devstack.service_stack import ServiceStack
from devstack.testing import embedded_servers, running_services, wait_for
from securetranscribe import ApiError, ConnectionFailedError, SecureTranscribeClient
from tests.chaos.network import SERVICE_VARIABLES
from tests.chaos.verdict import completions
from tests.e2e.recordings import excerpt
from tests.e2e.stack import JOB_SECONDS
from tests.limits import UNLIMITED

ROOT = Path(__file__).parents[2]
#: As in docs/upgrading.md.
ORDER = (
    "gateway",
    "speakers",
    "transcriber-api",
    "exporter",
    "transcriber-embedder",
    "transcriber-worker-1",
    "diarizer-1",
)
assert set(ORDER) == set(SERVICE_VARIABLES.values())
_SERVICES = ("gateway", "transcriber", "diarizer", "speakers", "exporter")
_PACKAGES = (
    "libs/common/src",
    "libs/sdk-python/src",
    *(f"services/{name}/src" for name in _SERVICES),
)
#: Jobs before each restart.
_AT_WORK = 2
_AWAY_SECONDS = 120.0


@dataclass(kw_only=True)
class Versions:
    """The code of each process: a link that leads to one of two trees."""

    directory: Path

    def choose(self, process: str, tree: Path) -> None:
        """Let a process use a tree from its next start on."""
        fresh = self.directory / f"{process}.new"
        fresh.symlink_to(tree)
        fresh.replace(self.directory / process)

    def overrides(self) -> dict[str, dict[str, str]]:
        """Return the variables of all processes."""
        return {
            process: {
                "PYTHONPATH": os.pathsep.join(
                    str(self.directory / process / package) for package in _PACKAGES
                ),
                # Files of a tree that was left must not be mixed with those of another one.
                "PYTHONDONTWRITEBYTECODE": "1",
            }
            for process in ORDER
        }


@dataclass(kw_only=True)
class Jobs:
    """Uploaded recordings with their jobs, and the one text that all must have."""

    client: SecureTranscribeClient
    recording: bytes
    jobs: dict[int, str] = field(default_factory=dict)

    def upload(self, count: int) -> None:
        """Upload and start. Repeat while a service is away."""
        for _ in range(count):
            uploaded = _patiently(
                lambda: self.client.upload_audio(
                    io.BytesIO(self.recording), filename="a.wav", auto_start=True, language="en"
                )
            )
            self.jobs[uploaded["transcription_id"]] = uploaded["job_id"]

    def texts(self) -> set[str]:
        """Wait for all jobs. Return their different texts."""
        return {self._text(number) for number in self.jobs}

    def _text(self, number: int) -> str:
        state = _patiently(lambda: self.client.wait(number, timeout_seconds=JOB_SECONDS))
        return str(state["full_transcript"])


def main() -> None:
    """Upgrade and go back."""
    parser = argparse.ArgumentParser(description="Upgrade a running stack and go back.")
    parser.add_argument("--from", dest="commit", required=True, help="commit, branch or tag")
    options = parser.parse_args()
    os.environ.setdefault("MODEL_DIR", str(Path(".models").absolute()))
    with tempfile.TemporaryDirectory(prefix="securetranscribe-upgrade-") as name:
        problems = _run(Path(name), options.commit)
    for problem in problems:
        print(f"FOUND: {problem}", file=sys.stderr)
    sys.exit(bool(problems))


def _run(directory: Path, commit: str) -> list[str]:
    older = directory / "older"
    _extract(commit, older)
    versions = Versions(directory=directory / "versions")
    versions.directory.mkdir()
    for process in ORDER:
        versions.choose(process, older)
    problems: list[str] = []
    overrides = {"*": {**UNLIMITED, "TASK_ACK_WAIT_SECONDS": "6"}, **versions.overrides()}
    with (
        embedded_servers(directory / "data") as servers,
        running_services(servers, overrides=overrides) as services,
        SecureTranscribeClient(f"{services.gateway_url}/api") as client,
    ):
        jobs = Jobs(client=client, recording=excerpt(sample().audio, start=7, seconds=4))
        jobs.upload(1)
        expected = jobs.texts()
        for name, tree in (("upgrade", ROOT), ("downgrade", older)):
            _roll(services, versions, tree, jobs)
            if jobs.texts() != expected:
                problems.append(f"{name}: {jobs.texts()} instead of {expected}")
            print(f"{name}: {len(jobs.jobs)} jobs completed")
        counts = asyncio.run(completions(servers.nats.service_url))
        problems += [
            f"job {job_id} was completed {counts[job_id]} times"
            for job_id in jobs.jobs.values()
            if counts[job_id] != 1
        ]
    return problems


def _roll(services: ServiceStack, versions: Versions, tree: Path, jobs: Jobs) -> None:
    """Restart one process after the other with another tree."""
    for process in ORDER:
        jobs.upload(_AT_WORK)
        versions.choose(process, tree)
        wait_for(services.restart(process))


def _extract(commit: str, directory: Path) -> None:
    directory.mkdir()
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit], check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        file.extractall(directory, filter="data")


def _patiently(call: Callable[[], Any]) -> Any:
    """Repeat a call while a restarted service is away."""
    deadline = time.monotonic() + _AWAY_SECONDS
    while True:
        try:
            return call()
        except (ApiError, ConnectionFailedError) as error:
            away = not isinstance(error, ApiError) or error.status == HTTPStatus.SERVICE_UNAVAILABLE
            if not away or time.monotonic() > deadline:
                raise
        time.sleep(0.5)


if __name__ == "__main__":
    main()
