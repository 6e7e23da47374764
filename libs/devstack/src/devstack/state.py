"""State file of the runner, for `status`, `env`, `exec` and `up --detach`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from devstack.files import read_object, write_object
from devstack.health import Probe, probe_from, probe_record
from devstack.supervisor import Condition

Phase = Literal["starting", "ready", "stopping"]
PHASES: tuple[Phase, ...] = ("starting", "ready", "stopping")


@dataclass(frozen=True, kw_only=True)
class ProcessEndpoint:
    """Address and health probe of one process."""

    name: str
    address: str
    probe: Probe


@dataclass(frozen=True, kw_only=True)
class NetworkAccess:
    """How other devices of the network reach the gateway over HTTPS."""

    urls: tuple[str, ...]
    authority_url: str | None = None
    """Where they download the authority to trust, None with a certificate of the operator."""

    fingerprint: str | None = None
    """SHA-256 of the authority."""


@dataclass(frozen=True, kw_only=True)
class RunnerState:
    """State of a runner, without secrets."""

    pid: int
    phase: Phase
    endpoints: tuple[ProcessEndpoint, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    """gRPC addresses of the services by variable."""

    gateway_url: str | None = None
    network: NetworkAccess | None = None
    """None without TLS."""

    conditions: Mapping[str, Condition] = field(default_factory=dict)
    """Restarts and problems of processes, by name."""


def write_state(path: Path, state: RunnerState) -> None:
    """Replace the state file atomically."""
    write_object(
        path,
        {
            "pid": state.pid,
            "phase": state.phase,
            "endpoints": [
                {"name": one.name, "address": one.address, "probe": probe_record(one.probe)}
                for one in state.endpoints
            ],
            "addresses": dict(state.addresses),
            "gateway_url": state.gateway_url,
            "network": None if state.network is None else asdict(state.network),
            "conditions": {name: asdict(one) for name, one in state.conditions.items()},
        },
    )


def read_state(path: Path) -> RunnerState | None:
    """Read the state file. Return None if it is missing or invalid."""
    value: dict[str, object] = read_object(path)
    try:
        return _parse(value)
    except (KeyError, TypeError, ValueError, StopIteration):
        return None


def _parse(value: Mapping[str, object]) -> RunnerState:
    endpoints, addresses, url = value["endpoints"], value["addresses"], value["gateway_url"]
    conditions, network = value.get("conditions", {}), value.get("network")
    if (
        not isinstance(endpoints, list)
        or not isinstance(addresses, dict)
        or not isinstance(conditions, dict)
        or not isinstance(network, dict | None)
    ):
        raise TypeError("not a state")
    return RunnerState(
        pid=int(str(value["pid"])),
        phase=next(phase for phase in PHASES if phase == value["phase"]),
        endpoints=tuple(
            ProcessEndpoint(
                name=str(one["name"]),
                address=str(one["address"]),
                probe=probe_from(one["probe"]),
            )
            for one in endpoints
        ),
        addresses=addresses,
        gateway_url=None if url is None else str(url),
        network=None if network is None else _network(network),
        conditions={name: Condition(**one) for name, one in conditions.items()},
    )


def _network(value: Mapping[str, Any]) -> NetworkAccess:
    return NetworkAccess(**{**value, "urls": tuple(value["urls"])})
