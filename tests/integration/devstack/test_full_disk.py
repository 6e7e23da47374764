"""Servers on a small disk, full and with space again."""

import io
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import nats.errors
import psycopg
import pytest
import urllib3
from minio import Minio
from minio.error import S3Error
from nats.js import JetStreamContext
from psycopg import errors

from common import bus
from common.bus import Delivery
from tests import small_disk
from tests.integration.devstack.operating import Operator, Until

pytestmark = pytest.mark.skipif(not small_disk.possible(), reason=small_disk.SKIP)
DISK_MEGABYTES = 1100
SERVERS = {"postgres", "nats", "s3"}


class SmallDiskOperator(Operator):
    """Operator with data on a small disk, mounted only for the runner."""

    disk_megabytes: int = DISK_MEGABYTES
    within: tuple[str, ...] = ()

    def command(self, *arguments: str) -> list[str]:
        on_disk = small_disk.command(self.data.parent, self.disk_megabytes)
        return [*(self.within or on_disk), *super().command(*arguments)]

    def close(self) -> None:
        self.within = ()
        super().close()

    @property
    def pid(self) -> int:
        """Pid of the runner."""
        return self.runners[-1].pid

    def free(self, megabytes: float) -> None:
        """Fill or resize the disk to leave this much free space."""
        small_disk.leave_free(self.pid, self.data.parent, megabytes)

    def reports(self, name: str, happening: str) -> None:
        """Read the output of the runner until it reports an event of a process."""
        output = self.runners[-1].stdout
        assert output is not None
        assert any(line.split()[1:3] == [name, happening] for line in output)


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[SmallDiskOperator]:
    """Operator with data on a small disk."""
    (tmp_path / "disk").mkdir()
    someone = SmallDiskOperator(directory=tmp_path, data=tmp_path / "disk" / "data")
    yield someone
    someone.close()


@pytest.fixture
def servers_only(operator: SmallDiskOperator) -> SmallDiskOperator:
    """Start only the servers."""
    runner = operator.up("--servers-only")
    operator.within = small_disk.enter(runner.pid)
    return operator


@asynccontextmanager
async def stream_of(
    operator: SmallDiskOperator, service: str = "transcriber"
) -> AsyncIterator[JetStreamContext]:
    """Connect to JetStream as a service."""
    client = await bus.connect(operator.variables_of(service)["NATS_URL"], name="tests")
    try:
        yield client.jetstream()
    finally:
        await client.close()


def test_too_little_space_is_reported_before_anything_starts(operator: SmallDiskOperator) -> None:
    operator.disk_megabytes = 300
    failed = operator.run("up")
    assert failed.returncode == 1
    assert failed.stdout == ""
    (line,) = failed.stderr.splitlines()
    assert line.startswith(f"error: the disk of {operator.data} has 300 MB free")
    assert "needs 1024 MB" in line
    detached = operator.run("up", "--detach")
    assert detached.returncode == 1
    assert "has 300 MB free" in detached.stdout + detached.stderr


async def test_nats_accepts_messages_again_when_there_is_space(
    servers_only: SmallDiskOperator, until: Until
) -> None:
    subject = bus.tasks_subject("diarize")
    async with stream_of(servers_only) as stream:
        await bus.ensure_streams(stream, Delivery())
        await stream.publish(subject, b"kept")
        servers_only.free(0)
        with pytest.raises(nats.errors.Error):
            await stream.publish(subject, bytes(500_000), timeout=2)
    until(lambda: "GET /healthz returned 503" in servers_only.run("status").stdout)
    assert "has 0 MB free. Uploads are rejected" in servers_only.run("status").stdout

    servers_only.free(DISK_MEGABYTES)
    servers_only.well()
    async with stream_of(servers_only) as stream:
        await stream.publish(subject, b"next", timeout=30)
    async with stream_of(servers_only, "diarizer") as stream:
        subscription = await stream.pull_subscribe_bind("diarize", stream=bus.TASKS_STREAM)
        received = [one.data for one in await subscription.fetch(10, timeout=10)]
    assert received[0] == b"kept"
    assert received[-1] == b"next"


def test_postgres_continues_when_there_is_space(servers_only: SmallDiskOperator) -> None:
    url = servers_only.variables_of("transcriber")["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE rows (content text)")
        connection.execute("INSERT INTO rows VALUES ('kept')")
        servers_only.free(0)
        with pytest.raises(errors.DiskFull):
            connection.execute(
                "INSERT INTO rows SELECT repeat(md5(n::text), 30) FROM generate_series(1, 9999) n"
            )
        servers_only.free(DISK_MEGABYTES)
        connection.execute("INSERT INTO rows VALUES ('next')")
        assert connection.execute("SELECT content FROM rows").fetchall() == [("kept",), ("next",)]


def test_the_object_store_leaves_a_reserve_to_others(
    servers_only: SmallDiskOperator, until: Until
) -> None:
    variables = servers_only.variables_of("transcriber")
    store = Minio(
        variables["S3_ENDPOINT"].removeprefix("http://"),
        access_key=variables["S3_ACCESS_KEY"],
        secret_key=variables["S3_SECRET_KEY"],
        secure=False,
        region="us-east-1",
    )

    def put(key: str) -> bool:
        try:
            store.put_object("audio", key, io.BytesIO(bytes(100_000)), 100_000)
        except (S3Error, urllib3.exceptions.HTTPError):
            return False
        return True

    assert put("kept")
    servers_only.free(0)
    assert not put("refused")
    assert store.get_object("audio", "kept").read() == bytes(100_000)
    servers_only.free(DISK_MEGABYTES)
    until(lambda: put("next"))
    assert {one.object_name for one in store.list_objects("audio")} == {"kept", "next"}


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_a_server_killed_on_a_full_disk_is_restarted_when_there_is_space(
    servers_only: SmallDiskOperator,
    kill: Callable[[SmallDiskOperator, str], int],
    name: str,
) -> None:
    servers_only.free(0)
    pid = kill(servers_only, name)
    servers_only.reports(name, "waiting")
    servers_only.free(DISK_MEGABYTES)
    status = servers_only.well()
    (line,) = [one.split() for one in status.stdout.splitlines() if one.startswith(name)]
    assert line[1] != str(pid)
    assert line[3] == "1"


def test_the_stack_stops_in_order_on_a_full_disk(servers_only: SmallDiskOperator) -> None:
    servers_only.free(0)
    runner = servers_only.runners[-1]
    runner.send_signal(signal.SIGTERM)
    said = runner.communicate(timeout=120)[0]
    assert runner.returncode == 0, said
    stopped = {line.split()[1] for line in said.splitlines() if line.endswith("stopped")}
    assert stopped == SERVERS


@pytest.fixture
def kill() -> Callable[[SmallDiskOperator, str], int]:
    """Kill a server by name and return its pid."""

    def kill(operator: SmallDiskOperator, name: str) -> int:
        rows = [one.split() for one in operator.run("status").stdout.splitlines()]
        pid = next(int(row[1]) for row in rows if row and row[0] == name)
        subprocess.run([*operator.within, "kill", "-9", str(pid)], check=True)
        return pid

    return kill
