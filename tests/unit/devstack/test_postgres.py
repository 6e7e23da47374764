import os
import subprocess
from pathlib import Path

import pytest

from devstack.credentials import StackCredentials
from devstack.database import ROLES
from devstack.files import DataDirectory
from devstack.postgres import PostgresServer, remove_stale_pid_file


@pytest.fixture
def server(tmp_path: Path) -> PostgresServer:
    credentials = StackCredentials(postgres_gateway="g", postgres_superuser="s")
    return PostgresServer(files=DataDirectory(root=tmp_path), port=1, credentials=credentials)


def test_urls(server: PostgresServer) -> None:
    assert server.url("gateway") == "postgresql://gateway:g@127.0.0.1:1/securetranscribe"
    assert server.url("postgres", "postgres").endswith("@127.0.0.1:1/postgres")
    with pytest.raises(KeyError):
        server.url("exporter")


def test_every_role_has_a_password() -> None:
    credentials = StackCredentials()
    assert len({credentials.postgres_password(role) for role in ROLES}) == len(ROLES)


def test_postgres_is_private_and_logs_no_values(server: PostgresServer) -> None:
    command = " ".join(server.spec().command)
    assert "listen_addresses=127.0.0.1" in command
    assert "unix_socket_directories= " in command
    assert "log_parameter_max_length_on_error=0" in command
    assert "fsync=off" not in command


def test_disposable_data_is_not_synced(tmp_path: Path) -> None:
    server = PostgresServer(
        files=DataDirectory(root=tmp_path), port=1, credentials=StackCredentials(), durable=False
    )
    assert "fsync=off" in server.spec().command
    assert "synchronous_commit=off" not in server.spec().command


def test_a_pid_file_with_the_pid_of_another_program_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "postmaster.pid"
    path.write_text(f"{os.getpid()}\n/data\n")
    remove_stale_pid_file(path)
    assert not path.exists()


def test_a_pid_file_with_an_unused_pid_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "postmaster.pid"
    path.write_text("4194305\n")
    remove_stale_pid_file(path)
    assert not path.exists()


def test_a_pid_file_of_a_running_postgres_is_kept(tmp_path: Path) -> None:
    program = tmp_path / "postgres"
    program.write_bytes(Path("/bin/sleep").read_bytes())
    program.chmod(0o755)
    path = tmp_path / "postmaster.pid"
    with subprocess.Popen([program, "60"]) as child:
        path.write_text(f"{child.pid}\n")
        remove_stale_pid_file(path)
        child.kill()
    assert path.exists()


@pytest.mark.parametrize("text", ["", "rubbish\n"])
def test_an_invalid_pid_file_is_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "postmaster.pid"
    path.write_text(text)
    remove_stale_pid_file(path)
    assert path.exists()
    remove_stale_pid_file(tmp_path / "missing")
