"""Helpers for tests with embedded servers."""

import asyncio
import http.client
import json
import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from devstack.errors import StartError
from devstack.health import GrpcProbe
from devstack.services import Service
from devstack.stack import EmbeddedServers
from devstack.testing import Overrides, arunning_services, running_services, wait_for
from tests.integration.devstack.operating import AllGone, Until


@pytest.fixture
def dumping(tmp_path: Path) -> Overrides:
    return {"*": {"FAKE_DUMP": str(tmp_path)}}


def dumped(tmp_path: Path, name: str) -> dict[str, str]:
    (path,) = tmp_path.glob(f"{name}-*.json")
    variables: dict[str, str] = json.loads(path.read_text())
    return variables


def test_services_are_started_and_stopped(
    servers: EmbeddedServers,
    fakes: tuple[Service, ...],
    dumping: Overrides,
    tmp_path: Path,
    until: Until,
    all_gone: AllGone,
) -> None:
    with running_services(
        servers, services=fakes, overrides=dumping, workers={"transcriber-worker": 2}
    ) as stack:
        names = [process.name for process in stack.processes]
        assert names.count("transcriber-worker-2") == 1
        pids = [process.pid for process in stack.processes]
        # A busy machine may respond late.
        probe = GrpcProbe(address=stack.address("transcriber-worker-2"))
        until(lambda: probe.problem() is None)
        place = urlsplit(stack.gateway_url or "")
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
        connection.close()
        own = dumped(tmp_path, "speakers")
    all_gone(pids, seconds=0.1)
    assert own["DATABASE_URL"] == servers.environment("speakers")["DATABASE_URL"]
    assert "S3_ENDPOINT" not in own
    assert own["SECRET_KEY"]


async def test_one_process_can_be_killed_and_restarted(
    servers: EmbeddedServers, fakes: tuple[Service, ...], dumping: Overrides, all_gone: AllGone
) -> None:
    async with arunning_services(servers, services=fakes, overrides=dumping) as stack:
        worker = stack.process("transcriber-worker-1")
        others = {one.name: one.pid for one in stack.processes if one is not worker}
        first = worker.pid
        worker.kill()
        assert worker.exit_code == -signal.SIGKILL
        await asyncio.sleep(0.5)
        assert not worker.running  # nobody brings it back behind the test's back
        await stack.restart("transcriber-worker-1")
        assert worker.running
        assert worker.pid != first
        assert {one.name: one.pid for one in stack.processes if one is not worker} == others


def test_one_process_can_be_restarted_synchronously(
    servers: EmbeddedServers, fakes: tuple[Service, ...], dumping: Overrides
) -> None:
    with running_services(servers, services=fakes[4:], overrides=dumping) as stack:
        first = stack.process("speakers").pid
        wait_for(stack.restart("speakers"))
        assert stack.process("speakers").pid != first


async def test_one_process_can_have_its_own_variables(
    servers: EmbeddedServers, fakes: tuple[Service, ...], dumping: Overrides, tmp_path: Path
) -> None:
    overrides = {**dumping, "speakers": {"MATCH": "0.7"}, "exporter": {"SECRET_KEY": "other"}}
    async with arunning_services(servers, services=fakes, overrides=overrides):
        assert dumped(tmp_path, "speakers")["MATCH"] == "0.7"
        assert "MATCH" not in dumped(tmp_path, "exporter")
        assert dumped(tmp_path, "exporter")["SECRET_KEY"] == "other"


async def test_the_inherited_environment_can_be_replaced(
    servers: EmbeddedServers, fakes: tuple[Service, ...], dumping: Overrides, tmp_path: Path
) -> None:
    environment = {"PATH": "/usr/bin", "ONLY": "this"}
    async with arunning_services(
        servers, services=fakes[-1:], environment=environment, overrides=dumping
    ):
        own = dumped(tmp_path, "exporter")
    assert own["ONLY"] == "this"
    assert "HOME" not in own


async def test_a_failing_service_stops_the_others(
    servers: EmbeddedServers, fakes: tuple[Service, ...], dumping: Overrides, all_gone: AllGone
) -> None:
    overrides = {**dumping, "exporter": {"FAKE_BEHAVIOR": "crash"}}
    with pytest.raises(StartError, match=r"exporter ended \(exit code 2\)"):
        async with arunning_services(servers, services=fakes, overrides=overrides):
            pass
    assert {path.stem for path in servers.files.run.glob("*.pid")} == {"postgres", "nats", "s3"}


async def test_unknown_names(
    servers: EmbeddedServers, fakes: tuple[Service, ...], dumping: Overrides
) -> None:
    async with arunning_services(servers, services=fakes[-1:], overrides=dumping) as stack:
        with pytest.raises(KeyError):
            stack.process("gateway")
        with pytest.raises(KeyError):
            await stack.restart("gateway")
        assert stack.gateway_url is None
