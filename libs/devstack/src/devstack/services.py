"""Processes of the services: commands, variables, and probes."""

import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from common.signing import receiver_key
from devstack.config import DIARIZER, EMBEDDER, TRANSCRIBER_WORKER, StackConfig
from devstack.encryption_key import KEY_VARIABLES
from devstack.health import GrpcProbe, Probe
from devstack.http_place import HttpPlace, reachable
from devstack.https import Https
from devstack.machine import cores
from devstack.ports import LOOPBACK, PortBook
from devstack.process import ProcessSpec
from devstack.state import NetworkAccess

EVERY_SERVICE = "*"
_OFF = {"false", "f", "no", "n", "off", "0"}
STACK_VARIABLES = (
    "DATABASE_URL",
    "NATS_URL",
    "S3_ENDPOINT",
    "S3_ACCESS_KEY",
    "S3_SECRET_KEY",
    "SERVICE_KEY",
    "METRICS_PORT",
)
"""Variables set by the stack alone. A `.env` file for containers must not leak in, and processes
cannot share a port for metrics."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """One kind of process."""

    name: str
    owner: str
    """Its service, which determines its servers and credentials: `transcriber`."""

    command: tuple[str, ...]
    address_variable: str
    """Variable of other services for its gRPC server: `SPEECH_GRPC`."""

    http: bool = False
    """Whether it also serves HTTP, so that `GET /health` reports when it is ready."""

    scaled: bool = False
    """Whether there may be several workers, numbered from 1."""

    alone: bool = False
    """Whether it uses none of the servers, and holds no key but its own."""

    @property
    def account(self) -> str:
        """Name of its account on the servers. Workers have rights of their own."""
        return self.name if self.scaled else self.owner


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


SERVICES = (
    Service(
        name="gateway",
        owner="gateway",
        command=_python("gateway"),
        address_variable="GATEWAY_GRPC",
        http=True,
    ),
    Service(
        name="transcriber-api",
        owner="transcriber",
        command=_python("transcriber", "api"),
        address_variable="TRANSCRIBER_GRPC",
    ),
    Service(
        name=TRANSCRIBER_WORKER,
        owner="transcriber",
        command=_python("transcriber", "worker"),
        address_variable="SPEECH_GRPC",
        scaled=True,
    ),
    Service(
        name=EMBEDDER,
        owner="transcriber",
        command=_python("transcriber", "embedder"),
        address_variable="EMBEDDER_GRPC",
        alone=True,
    ),
    Service(
        name=DIARIZER,
        owner="diarizer",
        command=_python("diarizer"),
        address_variable="DIARIZER_GRPC",
        scaled=True,
    ),
    Service(
        name="speakers",
        owner="speakers",
        command=_python("speakers"),
        address_variable="SPEAKERS_GRPC",
    ),
    Service(
        name="exporter",
        owner="exporter",
        command=_python("exporter"),
        address_variable="EXPORTER_GRPC",
    ),
)


@dataclass(frozen=True, kw_only=True)
class PlannedProcess:
    """One process of a service, ready to be started."""

    service: Service
    spec: ProcessSpec
    probe: Probe
    address: str
    """`host:port` of its gRPC server."""

    @property
    def name(self) -> str:
        """Name in the stack: `transcriber-worker-1`."""
        return self.spec.name


@dataclass(frozen=True, kw_only=True)
class ProcessPlan:
    """All processes to run, and their addresses."""

    processes: tuple[PlannedProcess, ...]
    addresses: Mapping[str, str]
    """gRPC addresses by variable: `{"GATEWAY_GRPC": "127.0.0.1:20001", …}`, of the first process
    of each service."""

    gateway_url: str | None
    """URL for browsers and REST clients, None without a service with HTTP."""

    network: NetworkAccess | None = None
    """How other devices reach the gateway, None without TLS."""


Rewire = Callable[[str, Mapping[str, str]], Mapping[str, str]]


def as_planned(_process: str, variables: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables unchanged."""
    return variables


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Turns services into processes."""

    ports: PortBook
    server_variables: Callable[[str], dict[str, str]] = field(repr=False)
    """Returns a service's variables for the servers, by account."""

    secret_key: str = field(repr=False)
    """Default of SECRET_KEY."""

    config: StackConfig
    environment: Mapping[str, str] = field(repr=False)
    """Variables set by the operator, for all services."""

    https: Https | None = None
    """How the gateway serves HTTPS, None if it does not."""

    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """Variables that take precedence, by `*`, service (`transcriber-worker`), or process
    (`transcriber-worker-1`), in ascending order of precedence."""

    rewire: Rewire = as_planned
    """Returns the final variables of a process, given its name and those planned. Tests put
    proxies in between."""

    def plan(self, services: Sequence[Service]) -> ProcessPlan:
        """Assign ports and variables to all processes.

        Raises:
            PortTakenError: a port fixed by a variable is in use.
        """
        places = [
            (service, name, self.ports.take(f"{name}-grpc"))
            for service in services
            for name in self._names(service)
        ]
        host = reachable(self.environment.get("GRPC_HOST", ""))
        addresses: dict[str, str] = {}
        for service, _, port in places:
            addresses.setdefault(service.address_variable, f"{host}:{port}")
        http = None
        if any(service.http for service in services):
            http = HttpPlace.take(self.ports, self.config, self.https)
        self.ports.save()
        processes = tuple(
            self._process(service, name, port=port, index=index, addresses=addresses, http=http)
            for index, (service, name, port) in enumerate(places)
        )
        return ProcessPlan(
            processes=processes,
            addresses=addresses,
            gateway_url=None if http is None else http.url(self.environment),
            network=None if http is None else http.network,
        )

    def _names(self, service: Service) -> list[str]:
        if service.name == EMBEDDER and not semantic_search(self.environment):
            return []
        if not service.scaled:
            return [service.name]
        count = self.config.workers.get(service.name, 1)
        return [f"{service.name}-{number}" for number in range(1, count + 1)]

    def _process(
        self,
        service: Service,
        name: str,
        *,
        port: int,
        index: int,
        addresses: Mapping[str, str],
        http: HttpPlace | None,
    ) -> PlannedProcess:
        servers = {} if service.alone else self.server_variables(service.account)
        own = servers | {"GRPC_PORT": str(port)}
        if self.config.metrics_port:
            own["METRICS_PORT"] = str(self.config.metrics_port + index)
        if any(self.environment.get(name) for name in KEY_VARIABLES):
            # The operator has another key than that of the data directory.
            own.pop("ENCRYPTION_KEY_FILE", None)
        place = http if service.http else None
        if place is not None:
            own |= place.variables(self.environment)
        environment = {
            **self._defaults(service),
            **{key: value for key, value in self.environment.items() if key not in STACK_VARIABLES},
            **addresses,
            **own,
        }
        if service.name != "transcriber-api":
            for variable in KEY_VARIABLES:
                environment.pop(variable, None)
        for scope in (EVERY_SERVICE, service.name, name):
            environment |= self.overrides.get(scope, {})
        if service.scaled or service.alone:
            # It reads recordings or texts of strangers, and gets no key but its own.
            secret = environment.pop("SECRET_KEY")
            environment.setdefault("SERVICE_KEY", receiver_key(secret, service.name))
        address = f"{reachable(environment['GRPC_HOST'])}:{port}"
        return PlannedProcess(
            service=service,
            spec=ProcessSpec(
                name=name,
                command=service.command,
                environment=self.rewire(name, environment),
                grace=self.config.stop_seconds,
            ),
            probe=place.probe(environment) if place else _grpc_probe(address, environment),
            address=address,
        )

    def _defaults(self, service: Service) -> dict[str, str]:
        """Return defaults of variables."""
        variables = {
            "SECRET_KEY": self.secret_key,
            "GRPC_HOST": LOOPBACK,
            "PYTHONUNBUFFERED": "1",
        }
        if service.scaled or service.alone:
            variables |= compute_defaults(self._computing_processes())
        return variables

    def _computing_processes(self) -> int:
        return sum(self.config.workers.get(name, 1) for name in (TRANSCRIBER_WORKER, DIARIZER))


def semantic_search(environment: Mapping[str, str]) -> bool:
    """Return whether the search by meaning is wanted, and its library runs on this machine."""
    turned_off = environment.get("SEMANTIC_SEARCH", "").strip().lower() in _OFF
    return not turned_off and platform.machine() in {"x86_64", "AMD64"}


def compute_defaults(processes: int) -> dict[str, str]:
    """Return variables for the threads and caches of concurrent workers on this machine.

    Waiting threads must sleep, because pools spinning on the same cores slow each other down. The
    caches are bounded because memory otherwise grows with the recording.
    """
    return {
        "OMP_NUM_THREADS": str(max(1, cores() // max(1, processes))),
        "OMP_WAIT_POLICY": "PASSIVE",
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16",
        "LRU_CACHE_CAPACITY": "64",
    }


def _grpc_probe(address: str, environment: Mapping[str, str]) -> Probe:
    return GrpcProbe(
        address=address,
        authority=environment.get("GRPC_TLS_CA") or environment.get("GRPC_TLS_CERT") or None,
        certificate=environment.get("GRPC_TLS_CERT") or None,
        key=environment.get("GRPC_TLS_KEY") or None,
    )
