"""Choices of the operator, read once from `.env` and the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from devstack.errors import ConfigurationError
from devstack.machine import cores, memory_bytes, usual_workers
from devstack.ports import LOOPBACK

DEFAULT_DATA_DIRECTORY = Path(".data")
DEFAULT_PORT = 8000
DEFAULT_HTTPS_PORT = 8443
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - for devices of the network, and only on request
TRANSCRIBER_WORKER = "transcriber-worker"
DIARIZER = "diarizer"
EMBEDDER = "transcriber-embedder"

_PREFIX = "DEVSTACK_"
_PORT_SUFFIX = "_PORT"
_SWITCHES = {
    **dict.fromkeys(("", "0", "false", "no", "off"), False),
    **dict.fromkeys(("1", "true", "yes", "on"), True),
}


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """Choices about a stack. The defaults suit tests: no fixed ports, everything on loopback."""

    data_directory: Path = DEFAULT_DATA_DIRECTORY

    ports: Mapping[str, int] = field(default_factory=dict)
    """Fixed ports by variable name (`DEVSTACK_POSTGRES_PORT`). Others are chosen freely."""

    host: str = LOOPBACK
    """Interface of the HTTP gateway."""

    port: int | None = None
    """Port of the HTTP gateway, None for any free one."""

    tls: bool = False
    """Whether the gateway serves HTTPS, and redirects HTTP to it."""

    https_port: int | None = None
    """Port for HTTPS, None for any free one."""

    workers: Mapping[str, int] = field(default_factory=dict)
    """Number of processes of `transcriber-worker` and `diarizer`, 1 by default."""

    metrics_port: int = 0
    """Port for metrics of the first process, 0 for none. Other processes use the next ports."""

    server_seconds: float = 60
    """Maximum time for a server to start."""

    service_seconds: float = 180
    """Maximum time for a service to become ready. Workers load models first."""

    stop_seconds: float = 30
    """Maximum time for a service to end before it is killed, longer than its
    SHUTDOWN_GRACE_SECONDS."""

    durable: bool = True
    """Whether Postgres waits for the disk. False for disposable data."""


def read_environment(dotenv: Path = Path(".env")) -> dict[str, str]:
    """Return the variables of `.env`, if it exists, overridden by those of the process."""
    from_file = dotenv_values(dotenv) if dotenv.is_file() else {}
    return {name: value for name, value in from_file.items() if value is not None} | dict(
        os.environ
    )


def read_config(environment: Mapping[str, str]) -> StackConfig:
    """Read the choices. Raise ConfigurationError with the name of an invalid variable."""
    tls = _switch(environment, "TLS")
    return StackConfig(
        data_directory=Path(
            environment.get("DEVSTACK_DATA_DIR") or DEFAULT_DATA_DIRECTORY
        ).expanduser(),
        ports=_fixed_ports(environment),
        host=environment.get("HOST") or (EVERY_ADDRESS if tls else LOOPBACK),
        port=_integer(environment, "PORT", DEFAULT_PORT, low=1, high=65535),
        tls=tls,
        https_port=_integer(environment, "HTTPS_PORT", DEFAULT_HTTPS_PORT, low=1, high=65535),
        workers=_workers(environment),
        metrics_port=_integer(environment, "METRICS_PORT", 0, low=0, high=65000),
        server_seconds=_integer(environment, "DEVSTACK_SERVER_SECONDS", 60, low=1, high=3600),
        service_seconds=_integer(environment, "DEVSTACK_SERVICE_SECONDS", 180, low=1, high=3600),
        stop_seconds=_integer(environment, "DEVSTACK_STOP_SECONDS", 30, low=1, high=3600),
    )


def _workers(environment: Mapping[str, str]) -> dict[str, int]:
    gpu = _switch(environment, "USE_GPU")
    usual = usual_workers(cores(), memory_bytes(), gpu=gpu)
    return {
        TRANSCRIBER_WORKER: _integer(
            environment, "TRANSCRIBER_WORKERS", usual.recognition, low=0, high=64
        ),
        DIARIZER: _integer(environment, "DIARIZER_WORKERS", usual.diarization, low=0, high=64),
    }


def _fixed_ports(environment: Mapping[str, str]) -> dict[str, int]:
    names = (
        name
        for name, value in environment.items()
        if name.startswith(_PREFIX) and name.endswith(_PORT_SUFFIX) and value
    )
    return {name: _integer(environment, name, 0, low=1, high=65535) for name in names}


def _switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "").strip()
    try:
        return _SWITCHES[text.lower()]
    except KeyError:
        raise ConfigurationError(f"{name}={text} is neither true nor false") from None


def _integer(
    environment: Mapping[str, str], name: str, default: int, *, low: int, high: int
) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise ConfigurationError(f"{name}={text} is not a whole number") from None
    if not low <= value <= high:
        raise ConfigurationError(f"{name}={value} is not between {low} and {high}")
    return value
