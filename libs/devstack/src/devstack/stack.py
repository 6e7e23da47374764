"""The embedded servers together: started side by side, stopped side by side."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from devstack.config import StackConfig
from devstack.credentials import StackCredentials, load_credentials
from devstack.database import ROLES
from devstack.disk import require_room
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

OBJECT_USERS = ("transcriber", "diarizer")
"""Services that read or write objects; the others are not given the keys."""


class EmbeddedServers:
    """Postgres, NATS and S3 on one data directory.

    Start it in the main thread: the kernel ends children when the thread that started them ends.
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
        """Whether some process, this one or another, uses the data directory."""
        return self._lock.holder() is not None

    @property
    def credentials(self) -> StackCredentials:
        """The stack's secrets. Raises NotRunningError before the start."""
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
        """Where the services take their ports from. Raises NotRunningError before the start."""
        if self._ports is None:
            raise NotRunningError("the servers have not been started")
        return self._ports

    @property
    def processes(self) -> tuple[Process, ...]:
        """The servers' processes."""
        return tuple(self._processes.values())

    @property
    def supervised(self) -> tuple[Supervised, ...]:
        """The servers, as a supervisor takes them."""
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
        """Process of `postgres`, `nats` or `s3`. Raises KeyError for another name."""
        return self._processes[name]

    async def start(self, *, purpose: str = "embedded") -> None:
        """Take the data directory, clear away leftovers, start everything and wait until usable.

        Raises AlreadyRunningError, NoRoomError, PortTakenError, ConfigurationError or StartError;
        nothing runs and nothing is held then.
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
            self._ports.save()
            await self._start_all()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop everything and give the data directory back. Fine when nothing runs."""
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
        """Start a server that has ended, or stop and start it, on the same ports and data.

        Raises KeyError for a name that is not a server's, StartError when it cannot be started.
        """
        process, server = self._processes[name], self._built.named(name)
        await process.stop()
        await server.prepare()
        process.start()
        await wait_healthy(process, server.probe(), seconds=self.config.server_seconds)

    async def share_events(self) -> None:
        """Bring the subscribers' copy of the event stream in line, once the services made it."""
        await self.nats.provision()

    def attach(self) -> None:
        """Learn ports and secrets of the stack that runs on this directory, without owning it.

        Raises NotRunningError when there has never been one.
        """
        ports = remembered(self.files.ports)
        if not ports or not self.files.credentials.exists():
            raise NotRunningError(f"no stack has been started in {self.files.root}")
        credentials = load_credentials(self.files.credentials)

        def take(name: str, *, above: int = 0) -> int:  # noqa: ARG001 - chosen by the owner
            return ports[name]

        self._servers = _Servers.build(self.files, credentials, take)

    def environment(self, service: str) -> dict[str, str]:
        """`service_variables` of these servers. Raises NotRunningError before the start."""
        return service_variables(
            service,
            messages=self.nats.service_url,
            events=self.nats.subscriber_url,
            database=self.postgres.url,
            objects=self.s3.environment(),
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
        # A cancelled task is one that another's failure took down: the failure is what counts.
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
    messages: str,
    events: str,
    database: Callable[[str], str],
    objects: Mapping[str, str],
) -> dict[str, str]:
    """Variables by which a service finds its servers: NATS_URL (`messages`) for all, DATABASE_URL
    (`database` of its role) for `gateway`, `transcriber` and `speakers`, S3_* (`objects`) for
    `transcriber` and `diarizer`.

    `subscriber` stands for an outside listener, whose NATS_URL (`events`) has read-only rights.
    """
    if service == "subscriber":
        return {"NATS_URL": events}
    variables = {"NATS_URL": messages}
    if service in ROLES:
        variables["DATABASE_URL"] = database(service)
    if service in OBJECT_USERS:
        variables |= objects
    return variables


@dataclass(frozen=True, kw_only=True)
class _Servers:
    """The three servers, made but not started."""

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
        """Make them, with ports by name from `take`."""
        return cls(
            credentials=credentials,
            postgres=PostgresServer(
                files=files, port=take("postgres"), credentials=credentials, durable=durable
            ),
            nats=NatsServer(files=files, ports=NatsPorts.choose(take), credentials=credentials),
            s3=S3Server(files=files, ports=S3Ports.choose(take), credentials=credentials),
        )

    def named(self, name: str) -> Server:
        """Return the server of a name. Raises KeyError when there is none."""
        servers: dict[str, Server] = {"postgres": self.postgres, "nats": self.nats, "s3": self.s3}
        return servers[name]
