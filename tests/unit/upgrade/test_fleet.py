import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devstack.errors import StartError
from devstack.files import DataDirectory
from devstack.ports import PortBook
from devstack.process import Process, ProcessSpec
from tests.upgrade.fleet import ReplicaError, Replicas
from tests.upgrade.releases import Release

STOPS = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit({code}))"


@dataclass
class _Services:
    """A stack of one process, whose start is its readiness."""

    one: Process

    async def restart(self, name: str) -> None:
        self.one.start()

    def process(self, name: str) -> Process:
        return self.one


def _replicas(directory: Path, program: str) -> Replicas:
    files = DataDirectory(root=directory)
    files.create()
    spec = ProcessSpec(name="gateway", command=(sys.executable, "-c", program), environment={})
    services: Any = _Services(Process(spec, files))
    return Replicas(
        release=Release(commit="abc", root=directory),
        services=services,
        ports=PortBook(files.ports),
    )


async def _stopped(replicas: Replicas, *, said: str) -> str:
    await replicas.start("gateway")
    assert replicas.running == {"gateway"}
    process = replicas.services.process("gateway")
    async with asyncio.timeout(60):
        while process.exit_code is None and said not in process.log.read_text():  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.05)
    found = await replicas.stop("gateway")
    assert not replicas.running
    return found


@pytest.mark.parametrize(
    ("code", "found"), [(0, ""), (3, "gateway of abc did not stop in order (3)")]
)
async def test_process_that_does_not_stop_in_order_is_reported(
    tmp_path: Path, code: int, found: str
) -> None:
    program = f"{STOPS.format(code=code)}; print('ready', flush=True); time.sleep(600)"
    assert await _stopped(_replicas(tmp_path, program), said="ready") == found


async def test_process_that_ended_by_itself_is_reported_with_its_log(tmp_path: Path) -> None:
    found = await _stopped(_replicas(tmp_path, "raise SystemExit('no schema')"), said="never")
    assert found.startswith("gateway of abc ended by itself (1):")
    assert "no schema" in found


async def test_process_that_does_not_start_is_reported_with_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replicas = _replicas(tmp_path, "")

    async def fail(_: str) -> None:
        raise StartError("gateway is not ready")

    monkeypatch.setattr(replicas.services, "restart", fail)
    with pytest.raises(ReplicaError, match="abc: gateway is not ready"):
        await replicas.start("gateway")
    assert not replicas.running
