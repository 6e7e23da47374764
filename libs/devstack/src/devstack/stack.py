"""The embedded servers, started and stopped concurrently."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from devstack.config import DIARIZER, TRANSCRIBER_WORKER, StackConfig
from devstack.credentials import StackCredentials, load_credentials
from devstack.database import ROLES
from devstack.disk import require_room
from devstack.encryption_key import ensure_encryption_key
from devstack.errors import DevstackError, NotRunningError, StartError
from devstack.files import DataDirectory
from devstack.health import wait_healthy
from devstack.leftovers import clean_up
from devstack.lock import DirectoryLock
from devstack.nats import NatsPorts, NatsServer
from devstack.ports import PortBook, TakePort, remembered
from devstack.postgres import PostgresServer
from devstack.process import Process, stop_all
from devstack.report import Report, Reporter, silent
from devstack.s3 import S3Ports, S3Server
from devstack.server import Server, bring_up
from devstack.supervisor import Supervised

OBJECT_USERS = ("transcriber",)
"""Services with keys of the object store. Workers receive a URL per object instead."""

_WORKERS = (TRANSCRIBER_WORKER, DIARIZER)


class EmbeddedServers:
    """Postgres, NATS and S3 on one data directory.

    Start it in the main thread, because the kernel ends children with their parent thread.
    """

    def __init__(self, config: StackConfig, *, reporter: Reporter = silent) -> None:
        self.config = config
        self.files = DataDirectory(root=config.data_directory.absolute())
        self._report = reporter
        self._lock = DirectoryLock(self.files.lock)
        self._processes: dict[str, Process] = {}
        self._servers: _Servers | None = None
        self._ports: PortBook | None = None

    @property
    def held(self) -> bool:
        """Whether any process uses the data directory, including this one."""
        return self._lock.holder() is not None

    @property
    def credentials(self) -> StackCredentials:
        """Secrets. Raises NotRunningError before the start."""
        return self._built.credentials

    @property
    def postgres(self) -> PostgresServer:
        """The database server. Raises NotRunningError before the start."""
        return self._built.postgres

    @property
    def nats(self) -> NatsServer:
        """The message server. Raises NotRunningError before the start."""
        return self._built.nats

    @property
    def s3(self) -> S3Server:
        """The object server. Raises NotRunningError before the start."""
        return self._built.s3

    @property
    def servers(self) -> tuple[Server, ...]:
        """All of them."""
        return (self.postgres, self.nats, self.s3)

    @property
    def ports(self) -> PortBook:
        """Ports for services. Raises NotRunningError before the start."""
        if self._ports is None:
            raise NotRunningError("the servers have not been started")
        return self._ports

    @property
    def processes(self) -> tuple[Process, ...]:
        """The servers' processes."""
        return tuple(self._processes.values())

    @property
    def supervised(self) -> tuple[Supervised, ...]:
        """The servers for a supervisor."""
        return tuple(
            Supervised(
                process=self._processes[server.name],
                probe=server.probe(),
                prepare=server.prepare,
                fault=server.fault,
                essential=True,
            )
            for server in self.servers
        )

    def process(self, name: str) -> Process:
        """Return the process of `postgres`, `nats` or `s3`. Raise KeyError for others."""
        return self._processes[name]

    async def start(self, *, purpose: str = "embedded") -> None:
        """Lock the data directory, end leftovers, start the servers and wait until they are usable.

        Raises AlreadyRunningError, NoRoomError, PortTakenError, ConfigurationError or StartError.
        Then everything is stopped and the directory is released.
        """
        if not self.held:
            require_room(self.files)
        self.files.create()
        self._lock.acquire(purpose=purpose)
        try:
            for name in await clean_up(self.files):
                self._report(Report(name=name, happening="cleaned up"))
            self._ports = PortBook(self.files.ports, self.config.ports)
            self._servers = _Servers.build(
                self.files,
                load_credentials(self.files.credentials),
                self._ports.take,
                durable=self.config.durable,
            )
            ensure_encryption_key(self.files)
            self._ports.save()
            await self._start_all()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop everything and release the data directory. Idempotent."""
        try:
            await stop_all(self.processes, stopped=self._note_stopped)
        finally:
            self._processes.clear()
            if self._servers is not None:
                self._servers.s3.remove_sockets()
            if self._ports is not None:
                self._ports.release()
            self._lock.release()

    async def restart(self, name: str) -> None:
        """Restart a server, running or not, with the same ports and data.

        Raises:
            KeyError: there is no such server.
            StartError: it cannot be started.
        """
        process, server = self._processes[name], self._built.named(name)
        await process.stop()
        await server.prepare()
        process.start()
        await wait_healthy(process, server.probe(), seconds=self.config.server_seconds)

    async def share_events(self) -> None:
        """Update the subscribers' copy of the event stream after the services have created it."""
        await self.nats.provision()

    def attach(self) -> None:
        """Read the ports and secrets of a stack run by another process.

        Raises:
            NotRunningError: no stack has ever been started in the directory.
        """
        ports = remembered(self.files.ports)
        if not ports or not self.files.credentials.exists():
            raise NotRunningError(f"no stack has been started in {self.files.root}")
        credentials = load_credentials(self.files.credentials)

        def take(name: str, *, above: int = 0) -> int:  # noqa: ARG001 - chosen by the owner
            return ports[name]

        self._servers = _Servers.build(self.files, credentials, take)

    def environment(self, service: str) -> dict[str, str]:
        """Return `service_variables` of these servers. Raise NotRunningError before the start."""
        return service_variables(
            service,
            messages=self.nats.url,
            events=self.nats.subscriber_url,
            database=self.postgres.url,
            objects=self.s3.environment(),
            encryption_key=str(self.files.encryption_key),
        )

    @property
    def _built(self) -> "_Servers":
        if self._servers is None:
            raise NotRunningError("the servers have not been started")
        return self._servers

    async def _start_all(self) -> None:
        tasks = [
            asyncio.create_task(self._start_one(server), name=f"start {server.name}")
            for server in self.servers
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        # Tasks are cancelled because of another one's failure, which is the one to raise.
        failures = [result for result in results if isinstance(result, BaseException)]
        for failure in sorted(failures, key=lambda one: not isinstance(one, DevstackError)):
            raise failure

    async def _start_one(self, server: Server) -> None:
        began = time.monotonic()
        self._report(Report(name=server.name, happening="starting"))
        try:
            process = await bring_up(server, self.files, seconds=self.config.server_seconds)
        except OSError as error:
            raise StartError(f"{server.name} cannot be started: {error}") from error
        self._processes[server.name] = process
        took = f"{server.address}, {time.monotonic() - began:.1f} s"
        self._report(Report(name=server.name, happening="ready", detail=took))

    def _note_stopped(self, process: Process) -> None:
        self._report(Report(name=process.name, happening="stopped"))


def service_variables(
    service: str,
    *,
    messages: Callable[[str], str],
    events: str,
    database: Callable[[str], str],
    objects: Mapping[str, str],
    encryption_key: str,
) -> dict[str, str]:
    """Return a service's variables for its servers.

    NATS_URL (`messages` of the service) is for all services, DATABASE_URL (`database` of its role)
    for `gateway`, `transcriber` and `speakers`, and S3_* (`objects`) for `transcriber`, with the
    file of the key to encrypt objects. Workers only learn the disk of the objects. The service
    `subscriber` is an external client with a read-only NATS_URL (`events`).
    """
    if service == "subscriber":
        return {"NATS_URL": events}
    variables = {"NATS_URL": messages(service)}
    if service in ROLES:
        variables["DATABASE_URL"] = database(service)
    if service in OBJECT_USERS:
        variables |= {**objects, "ENCRYPTION_KEY_FILE": encryption_key}
    if service in _WORKERS:
        variables |= {name: objects[name] for name in objects if name.startswith("S3_LOCAL_")}
    return variables


@dataclass(frozen=True, kw_only=True)
class _Servers:
    """The three servers, not started yet."""

    credentials: StackCredentials
    postgres: PostgresServer
    nats: NatsServer
    s3: S3Server

    @classmethod
    def build(
        cls,
        files: DataDirectory,
        credentials: StackCredentials,
        take: TakePort,
        *,
        durable: bool = True,
    ) -> "_Servers":
        """Create the servers with ports from `take`."""
        return cls(
            credentials=credentials,
            postgres=PostgresServer(
                files=files, port=take("postgres"), credentials=credentials, durable=durable
            ),
            nats=NatsServer(files=files, ports=NatsPorts.choose(take), credentials=credentials),
            s3=S3Server(files=files, ports=S3Ports.choose(take), credentials=credentials),
        )

    def named(self, name: str) -> Server:
        """Return a server by name. Raise KeyError for others."""
        servers: dict[str, Server] = {"postgres": self.postgres, "nats": self.nats, "s3": self.s3}
        return servers[name]
