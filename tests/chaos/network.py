"""Proxies between every pair of processes of a stack."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from devstack.files import DataDirectory
from devstack.ports import LOOPBACK, remembered
from tests.chaos.proxy import Link

#: The observer's own clients.
CLIENTS = "clients"
SERVER_VARIABLES: Mapping[str, str] = {
    "DATABASE_URL": "postgres",
    "NATS_URL": "nats",
    "S3_ENDPOINT": "s3",
}
SERVICE_VARIABLES: Mapping[str, str] = {
    "GATEWAY_GRPC": "gateway",
    "TRANSCRIBER_GRPC": "transcriber-api",
    "SPEECH_GRPC": "transcriber-worker-1",
    "EMBEDDER_GRPC": "transcriber-embedder",
    "DIARIZER_GRPC": "diarizer-1",
    "SPEAKERS_GRPC": "speakers",
    "EXPORTER_GRPC": "exporter",
}
VARIABLES: Mapping[str, str] = {**SERVER_VARIABLES, **SERVICE_VARIABLES}
#: Peers that a process connects to. Workers get addresses of objects from the transcriber api, and
#: reach them through its proxy. The embedder connects to nothing.
PEERS: Mapping[str, Sequence[str]] = {
    CLIENTS: ("gateway", "transcriber-api"),
    "gateway": ("postgres", "nats", "transcriber-api", "speakers", "exporter"),
    "transcriber-api": (
        "postgres",
        "nats",
        "s3",
        "gateway",
        "speakers",
        "transcriber-embedder",
        "transcriber-worker-1",
        "diarizer-1",
    ),
    "transcriber-worker-1": ("nats", "gateway"),
    "diarizer-1": ("nats", "gateway"),
    "speakers": ("postgres", "nats", "gateway", "diarizer-1"),
    "exporter": ("nats", "gateway", "transcriber-api"),
}
PAIRS = tuple((process, peer) for process, peers in PEERS.items() for peer in peers)


@dataclass(kw_only=True)
class Network:
    """One proxy per pair of a process and a peer that it connects to."""

    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    files: DataDirectory | None = None
    """Data directory of the stack, None before it is known."""

    http_port: int = 0
    """Port of the gateway for HTTP."""

    @classmethod
    async def listening(cls) -> "Network":
        """Listen for every pair."""
        network = cls()
        for pair in PAIRS:
            network.links[pair] = link = Link(functools.partial(network._target, *pair))
            await link.listen()
        return network

    async def close(self) -> None:
        """Close all proxies."""
        for link in self.links.values():
            await link.close()

    def idle(self) -> list[tuple[str, str]]:
        """Return the pairs that have exchanged nothing."""
        return [pair for pair, link in self.links.items() if not link.carried]

    def heal(self) -> None:
        """End all faults."""
        for link in self.links.values():
            link.heal()

    def table(self) -> dict[str, dict[str, int]]:
        """Return the ports of the proxies by process and peer, as for `rewired`."""
        found: dict[str, dict[str, int]] = {}
        for (process, peer), link in self.links.items():
            found.setdefault(process, {})[peer] = link.port
        return found

    def address(self, peer: str) -> str:
        """Return the address of a process for the observer's clients."""
        return f"{LOOPBACK}:{self.links[CLIENTS, peer].port}"

    def _target(self, process: str, peer: str) -> tuple[str, int] | None:
        if (process, peer) == (CLIENTS, "gateway"):
            return LOOPBACK, self.http_port
        if self.files is None:
            return None
        name = peer if peer in SERVER_VARIABLES.values() else f"{peer}-grpc"
        port = remembered(self.files.ports).get(name)
        return None if port is None else (LOOPBACK, port)


def rewired(variables: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """Return variables of a process with addresses replaced by proxies, whose ports are by peer."""
    changed = dict(variables)
    for name, peer in VARIABLES.items():
        if changed.get(name) and peer in ports:
            changed[name] = _at_port(changed[name], ports[peer])
    return changed


def _at_port(address: str, port: int) -> str:
    """Return a URL or `host:port` with another port of the loopback interface."""
    if "://" not in address:
        return f"{LOOPBACK}:{port}"
    parts = urlsplit(address)
    user, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{LOOPBACK}:{port}"))
