"""Processes of two releases on the same servers, one of each service per release.

Every process has a proxy of its own. Services know both proxies of a peer and spread their calls
over those that answer, as over the replicas of a deployment that is being replaced.
"""

import asyncio
import itertools
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from devstack.config import StackConfig
from devstack.errors import DevstackError
from devstack.files import DataDirectory
from devstack.ports import LOOPBACK, PortBook, remembered
from devstack.service_stack import ServiceStack
from devstack.services import SERVICES, Planner, Service
from devstack.stack import EmbeddedServers
from tests.chaos.network import SERVICE_VARIABLES
from tests.chaos.proxy import Link
from tests.limits import UNLIMITED
from tests.upgrade.journey import Side
from tests.upgrade.releases import Release

#: Workers load models first, on few cores together with everything else.
_READY_SECONDS = 900.0
#: For the longest recording that a worker finishes before it stops.
_STOP_SECONDS = 60.0
_FOREIGN = ("DEVSTACK_", "METRICS_PORT", "SECRET_KEY", "HOST", "PORT", "LOG_LEVEL", "PYTHONPATH")
_MIGRATED: Mapping[str, str] = {
    "gateway": "gateway",
    "transcriber": "transcriber-api",
    "speakers": "speakers",
}


class ReplicaError(Exception):
    """A process did not start, or its migrations failed."""


@dataclass(kw_only=True)
class Replicas:
    """All processes of one release."""

    release: Release
    services: ServiceStack
    ports: PortBook
    """Holds the ports until the processes listen on them."""

    running: set[str] = field(default_factory=set)

    async def start(self, *names: str) -> None:
        """Start processes, and wait until they are ready. Raise ReplicaError if one is not."""
        try:
            await asyncio.gather(*(self.services.restart(name) for name in names))
        except DevstackError as error:
            raise ReplicaError(f"{self.release.commit}: {error}") from error
        self.running.update(names)

    async def stop(self, name: str) -> str:
        """Stop a process. Return a description unless it ended in order."""
        process = self.services.process(name)
        self.running.discard(name)
        early = process.exit_code
        await process.stop()
        described = f"{name} of {self.release.commit}"
        if early is not None:
            return f"{described} ended by itself ({early}):\n{process.log_tail()}"
        if process.exit_code:
            return f"{described} did not stop in order ({process.exit_code})"
        return ""

    async def migrate(self) -> None:
        """Run the migrations of all services. Raise ReplicaError if some fail."""
        for service, process in _MIGRATED.items():
            child = await asyncio.create_subprocess_exec(
                self.release.python,
                *("-P", "-m", service, "migrate"),
                env=dict(self.services.process(process).spec.environment),
                cwd=self.release.root,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            said, _ = await child.communicate()
            if child.returncode:
                text = said.decode(errors="replace")[-2000:]
                raise ReplicaError(f"migrations of {service}, {self.release.commit}:\n{text}")


@dataclass(kw_only=True)
class Fleet:
    """Both releases, and the proxies before their processes."""

    servers: EmbeddedServers
    sides: Mapping[Side, Replicas]
    links: Mapping[tuple[Side, str], Link]
    door: Link
    """Proxy before the gateways that listen for HTTP. Each connection leads to another one."""

    @classmethod
    async def planned(
        cls, servers: EmbeddedServers, releases: Mapping[Side, Release], directory: Path
    ) -> "Fleet":
        """Plan the processes of both releases, and listen for their peers."""
        places = {side: DataDirectory(root=directory / str(side)) for side in releases}
        links = {}
        for side, name in itertools.product(releases, SERVICE_VARIABLES.values()):
            links[side, name] = Link(_Target(files=places[side], name=f"{name}-grpc"))
            await links[side, name].listen()
        sides = {}
        for side, release in releases.items():
            places[side].create()
            planner = _planner(servers, release, places[side], _addresses(links))
            plan = planner.plan([_of(release, service) for service in SERVICES])
            services = ServiceStack(plan, places[side], ready_seconds=_READY_SECONDS)
            sides[side] = Replicas(release=release, services=services, ports=planner.ports)
        turns = itertools.count()

        def gateway() -> tuple[str, int] | None:
            ready = [side for side in Side if "gateway" in sides[side].running]
            if not ready:
                return None
            side = ready[next(turns) % len(ready)]
            return _Target(files=places[side], name="gateway")()

        door = Link(gateway)
        await door.listen()
        return cls(servers=servers, sides=sides, links=links, door=door)

    async def close(self) -> Sequence[str]:
        """Stop everything. Return descriptions of processes that did not stop in order."""
        running = [
            (replicas, name) for replicas in self.sides.values() for name in replicas.running
        ]
        found = await asyncio.gather(*(replicas.stop(name) for replicas, name in running))
        for replicas in self.sides.values():
            await replicas.services.stop()
            replicas.ports.release()
        for link in (*self.links.values(), self.door):
            await link.close()
        return [one for one in found if one]

    @property
    def api_url(self) -> str:
        """Address of the JSON API."""
        return f"http://{LOOPBACK}:{self.door.port}/api"

    def address(self, process: str) -> str:
        """Return the address of both processes of a service, for clients."""
        return _address(self.links, process)

    def carried(self) -> Counter[Side]:
        """Return the bytes between the processes of each release and their peers."""
        return Counter(
            {side: sum(self.links[side, name].carried for name in _names()) for side in self.sides}
        )

    def ended(self) -> Iterator[str]:
        """Yield descriptions of processes that ended by themselves."""
        for replicas in self.sides.values():
            for name in sorted(replicas.running):
                process = replicas.services.process(name)
                if process.exit_code is not None:
                    yield f"{name} of {replicas.release.commit} ended by itself"

    def logs(self, side: Side) -> Iterator[tuple[str, Path]]:
        """Yield the logs of a release by process."""
        for process in self.sides[side].services.processes:
            if process.log.exists():
                yield process.name, process.log


@dataclass(frozen=True, kw_only=True)
class _Target:
    """Port of a process, once it was chosen."""

    files: DataDirectory
    name: str

    def __call__(self) -> tuple[str, int] | None:
        """Return host and port."""
        port = remembered(self.files.ports).get(self.name)
        return None if port is None else (LOOPBACK, port)


def _names() -> Sequence[str]:
    return tuple(SERVICE_VARIABLES.values())


def _addresses(links: Mapping[tuple[Side, str], Link]) -> dict[str, str]:
    return {variable: _address(links, name) for variable, name in SERVICE_VARIABLES.items()}


def _address(links: Mapping[tuple[Side, str], Link], process: str) -> str:
    return "ipv4:" + ",".join(f"{LOOPBACK}:{links[side, process].port}" for side in Side)


def _of(release: Release, service: Service) -> Service:
    """Return a service with the interpreter of a release."""
    command = tuple(release.python if one == sys.executable else one for one in service.command)
    return replace(service, command=command)


def _planner(
    servers: EmbeddedServers,
    release: Release,
    files: DataDirectory,
    addresses: Mapping[str, str],
) -> Planner:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    inherited.setdefault("MODEL_DIR", str(Path(".models").absolute()))
    return Planner(
        ports=PortBook(files.ports),
        server_variables=servers.environment,
        secret_key=servers.credentials.secret_key,
        config=StackConfig(data_directory=files.root, stop_seconds=_STOP_SECONDS),
        environment={**inherited, **UNLIMITED},
        overrides={"*": {**addresses, **release.variables, "PYTHONSAFEPATH": "1"}},
    )
