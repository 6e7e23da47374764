"""Start and stop of the servers."""

import asyncio
import io
import os
import signal
import socket
import time
from pathlib import Path

import nats
import psycopg
import pytest
from nats.js.api import StreamConfig

from devstack.config import StackConfig
from devstack.errors import AlreadyRunningError, NotRunningError, PortTakenError, StartError
from devstack.ports import PortClaims
from devstack.report import Report
from devstack.stack import EmbeddedServers
from devstack.testing import aembedded_servers, embedded_servers
from tests.integration.devstack.operating import AllGone


async def put_something(servers: EmbeddedServers) -> None:
    url = servers.environment("speakers")["DATABASE_URL"]
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('row')")
    client = await nats.connect(servers.nats.service_url)
    await client.jetstream().add_stream(StreamConfig(name="KEPT", subjects=["kept"]))
    await client.jetstream().publish("kept", b"message")
    await client.close()
    servers.s3.client().put_object("results", "kept/object", io.BytesIO(b"object"), 6)


async def find_it(servers: EmbeddedServers) -> tuple[str, str, str]:
    url = servers.environment("speakers")["DATABASE_URL"]
    with psycopg.connect(url) as connection:
        (row,) = connection.execute("SELECT word FROM kept").fetchall()
    client = await nats.connect(servers.nats.service_url)
    message = ((await client.jetstream().get_msg("KEPT", 1)).data or b"").decode()
    await client.close()
    with servers.s3.client().get_object("results", "kept/object") as answer:
        return row[0], message, answer.read().decode()


async def test_data_credentials_and_ports_survive_a_restart(tmp_path: Path) -> None:
    async with aembedded_servers(tmp_path) as servers:
        first = servers.environment("transcriber")
        await put_something(servers)
    async with aembedded_servers(tmp_path) as servers:
        assert servers.environment("transcriber") == first
        assert await find_it(servers) == ("row", "message", "object")


async def test_data_survives_killed_servers(tmp_path: Path) -> None:
    async with aembedded_servers(tmp_path) as servers:
        await put_something(servers)
        for process in servers.processes:
            process.kill()
    async with aembedded_servers(tmp_path) as servers:
        assert await find_it(servers) == ("row", "message", "object")


async def test_data_is_available_on_other_ports(tmp_path: Path) -> None:
    async with aembedded_servers(tmp_path) as servers:
        await put_something(servers)
        before = servers.environment("transcriber")
        servers.files.ports.unlink()
    async with aembedded_servers(tmp_path) as servers:
        assert servers.environment("transcriber") != before
        assert await find_it(servers) == ("row", "message", "object")


@pytest.mark.parametrize("name", ["postgres", "nats", "s3"])
async def test_a_server_can_be_killed_and_started_again(tmp_path: Path, name: str) -> None:
    async with aembedded_servers(tmp_path) as servers:
        await put_something(servers)
        pid = servers.process(name).pid
        os.kill(pid, signal.SIGKILL)
        assert await servers.process(name).wait(60) == -signal.SIGKILL
        await servers.restart(name)
        assert servers.process(name).pid != pid
        assert await find_it(servers) == ("row", "message", "object")


def test_the_synchronous_helper_leaves_nothing_behind(tmp_path: Path, all_gone: AllGone) -> None:
    # Servers that were killed may have left some, for the same ports as well.
    left = set(Path("/tmp").glob("seaweedfs-s3-grpc-*.sock"))
    with embedded_servers(tmp_path) as servers:
        pids = [process.pid for process in servers.processes]
        assert len(pids) == 3
    all_gone(pids, seconds=0.1)
    assert list(servers.files.run.glob("*.pid")) == []
    ports = [port for name, port in servers.s3._ports.internal.items() if name.endswith("grpc")]
    sockets = {Path(f"/tmp/seaweedfs-s3-grpc-{port}.sock") for port in ports} - left
    assert not any(socket.exists() for socket in sockets)


async def test_a_second_stack_on_the_same_data_is_rejected(tmp_path: Path) -> None:
    async with aembedded_servers(tmp_path):
        second = EmbeddedServers(StackConfig(data_directory=tmp_path))
        with pytest.raises(AlreadyRunningError, match=f"in use by process {os.getpid()}"):
            await second.start()


async def test_two_stacks_on_different_data_run_concurrently(tmp_path: Path) -> None:
    async with aembedded_servers(tmp_path / "1") as one, aembedded_servers(tmp_path / "2") as two:
        await put_something(one)
        with pytest.raises(psycopg.errors.UndefinedTable):
            await find_it(two)


@pytest.mark.parametrize("name", ["POSTGRES", "NATS", "S3"])
async def test_a_port_in_use_is_reported_and_everything_stopped(tmp_path: Path, name: str) -> None:
    variable = f"DEVSTACK_{name}_PORT"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        config = StackConfig(data_directory=tmp_path, ports={variable: port})
        stack = EmbeddedServers(config)
        with pytest.raises(PortTakenError, match=f"port {port}.*process {os.getpid()}.*{variable}"):
            await stack.start()
    assert stack.processes == ()
    async with aembedded_servers(tmp_path):
        pass


async def test_ports_can_be_chosen(tmp_path: Path) -> None:
    claims = PortClaims()
    postgres, nats_port = claims.take(), claims.take()
    # So high that adding 10000 exceeds the range of ports, and above those of outgoing connections.
    s3 = next(port for port in range(61_000, 65_000) if claims.claim(port))
    config = StackConfig(
        data_directory=tmp_path,
        ports={
            "DEVSTACK_POSTGRES_PORT": postgres,
            "DEVSTACK_NATS_PORT": nats_port,
            "DEVSTACK_S3_PORT": s3,
        },
    )
    servers = EmbeddedServers(config)
    await servers.start()
    try:
        addresses = [server.address for server in servers.servers]
        assert addresses == [f"127.0.0.1:{port}" for port in (postgres, nats_port, s3)]
        servers.s3.client().put_object("audio", "x", io.BytesIO(b"x"), 1)
    finally:
        await servers.stop()


async def test_a_server_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    async with aembedded_servers(tmp_path) as servers:
        pass
    (tmp_path / "postgres" / "PG_VERSION").write_text("9.0\n")
    stack = EmbeddedServers(StackConfig(data_directory=tmp_path))
    with pytest.raises(StartError) as caught:
        await stack.start()
    message = str(caught.value)
    assert message.startswith("postgres ended (exit code 1)")
    assert "initialized by PostgreSQL version 9.0" in message
    assert str(servers.files.log("postgres")) in message
    assert stack.processes == ()
    assert list(servers.files.run.glob("*.pid")) == []


async def test_lost_credentials_are_explained(tmp_path: Path) -> None:
    async with aembedded_servers(tmp_path) as servers:
        pass
    servers.files.credentials.unlink()
    stack = EmbeddedServers(StackConfig(data_directory=tmp_path))
    with pytest.raises(StartError, match=r"credentials\.json, because its data"):
        await stack.start()


async def test_an_incomplete_cluster_is_created_again(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    async with aembedded_servers(tmp_path):
        assert not (tmp_path / "postgres.new").exists()


async def test_leftovers_of_a_killed_runner_are_ended(tmp_path: Path, all_gone: AllGone) -> None:
    """Servers started from a thread are not ended by the kernel with their runner."""
    before = EmbeddedServers(StackConfig(data_directory=tmp_path, durable=False))
    await before.start()
    await put_something(before)
    pids = [process.pid for process in before.processes]
    before._lock.release()  # as the kernel does when the runner dies

    reports: list[Report] = []
    after = EmbeddedServers(
        StackConfig(data_directory=tmp_path, durable=False), reporter=reports.append
    )
    await after.start()
    try:
        cleaned = [one.name for one in reports if one.happening == "cleaned up"]
        assert sorted(cleaned) == ["nats", "postgres", "s3"]
        for process in before.processes:
            assert not process.running
        all_gone(pids, seconds=0.1)
        assert await find_it(after) == ("row", "message", "object")
    finally:
        await after.stop()


async def test_a_cancelled_start_leaves_nothing_behind(tmp_path: Path, all_gone: AllGone) -> None:
    servers = EmbeddedServers(StackConfig(data_directory=tmp_path))
    starting = asyncio.create_task(servers.start())
    deadline = time.monotonic() + 60
    while not servers.files.pid_file("nats").exists():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert list(servers.files.run.glob("*.pid")) == []
    async with aembedded_servers(tmp_path):
        pass


def test_before_the_start_there_are_no_variables(tmp_path: Path) -> None:
    servers = EmbeddedServers(StackConfig(data_directory=tmp_path))
    for ask in (
        lambda: servers.environment("gateway"),
        lambda: servers.ports,
        lambda: servers.credentials,
        servers.attach,
    ):
        with pytest.raises(NotRunningError):
            ask()


async def test_attaching_reads_the_variables_of_the_owner(tmp_path: Path) -> None:
    async with aembedded_servers(tmp_path) as servers:
        visitor = EmbeddedServers(StackConfig(data_directory=tmp_path))
        visitor.attach()
        assert visitor.environment("speakers") == servers.environment("speakers")
