"""Health probes, and waiting until a process is healthy."""

import asyncio
import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from devstack.errors import StartError
from devstack.process import Process

_ATTEMPT_SECONDS = 2.0
_POLL_SECONDS = 0.1


class Probe(Protocol):
    """Health check of one process. Blocking, so call it from a thread."""

    def problem(self) -> str | None:
        """Return None if healthy, or a short description of the problem."""
        ...


@dataclass(frozen=True, kw_only=True)
class TcpProbe:
    """Healthy if connections are accepted."""

    host: str
    port: int

    def problem(self) -> str | None:
        """Ask once."""
        try:
            socket.create_connection((self.host, self.port), timeout=_ATTEMPT_SECONDS).close()
        except OSError as error:
            return f"no answer on port {self.port} ({type(error).__name__})"
        return None


@dataclass(frozen=True, kw_only=True)
class HttpProbe:
    """Healthy if GET returns an expected status."""

    host: str
    port: int
    path: str
    expected: Sequence[int] = (200,)
    tls: bool = False
    """Whether to ask over HTTPS. The certificate is for other names, and is not verified."""

    def problem(self) -> str | None:
        """Ask once, without any proxy."""
        connection = self._connection()
        with contextlib.closing(connection):
            try:
                connection.request("GET", self.path)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException) as error:
                return f"no answer on port {self.port} ({type(error).__name__})"
        return None if status in self.expected else f"GET {self.path} returned {status}"

    def _connection(self) -> http.client.HTTPConnection:
        if not self.tls:
            return http.client.HTTPConnection(self.host, self.port, timeout=_ATTEMPT_SECONDS)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(
            self.host, self.port, timeout=_ATTEMPT_SECONDS, context=context
        )


@dataclass(frozen=True, kw_only=True)
class GrpcProbe:
    """Healthy if grpc.health.v1 returns SERVING for the whole server."""

    address: str
    """`host:port`."""

    authority: str | None = None
    """File with the certificate authority of the server. The channel is plain without one."""

    certificate: str | None = None
    key: str | None = None
    """Files with the client certificate and its key, for servers with mutual TLS."""

    def problem(self) -> str | None:
        """Ask once, without any proxy."""
        try:
            credentials = self._credentials()
        except OSError as error:
            return f"{error.filename} cannot be read ({error.strerror})"
        with self._channel(credentials) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            try:
                request = health_pb2.HealthCheckRequest()
                status = stub.Check(request, timeout=_ATTEMPT_SECONDS).status
            except grpc.RpcError as error:
                return f"no answer on {self.address} ({error.code().name})"
        if status == health_pb2.HealthCheckResponse.SERVING:
            return None
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(status))

    def _credentials(self) -> grpc.ChannelCredentials | None:
        """Read the files for TLS. Raise OSError if one cannot be read."""
        if self.authority is None:
            return None
        files = (self.authority, self.key, self.certificate)
        return grpc.ssl_channel_credentials(
            *(Path(file).read_bytes() if file else None for file in files)
        )

    def _channel(self, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
        options = [("grpc.enable_http_proxy", 0)]
        if credentials is None:
            return grpc.insecure_channel(self.address, options=options)
        return grpc.secure_channel(self.address, credentials, options=options)


PROBES: dict[str, type[TcpProbe] | type[HttpProbe] | type[GrpcProbe]] = {
    "tcp": TcpProbe,
    "http": HttpProbe,
    "grpc": GrpcProbe,
}


def probe_record(probe: Probe) -> dict[str, object]:
    """Return a probe as a JSON object. Raise KeyError for a class not in PROBES."""
    kinds = {cls: kind for kind, cls in PROBES.items()}
    for cls, kind in kinds.items():
        if isinstance(probe, cls):
            return {"kind": kind, **asdict(probe)}
    raise KeyError(type(probe).__name__)


def probe_from(record: Mapping[str, object]) -> Probe:
    """Return the probe of a record made by `probe_record`."""
    values: dict[str, Any] = {key: value for key, value in record.items() if key != "kind"}
    return PROBES[str(record["kind"])](**values)


async def wait_healthy(process: Process, probe: Probe, *, seconds: float) -> None:
    """Wait until the process is healthy.

    Raises:
        StartError: the process ended, or is not healthy after `seconds`. The message quotes the end
            of its log.
    """
    deadline = time.monotonic() + seconds
    while True:
        if process.exit_code is not None:
            raise ended(process)
        problem = await asyncio.to_thread(probe.problem)
        if problem is None:
            return
        if time.monotonic() >= deadline:
            raise StartError(
                f"{process.name} was not healthy within {seconds:g} s: {problem}{excerpt(process)}"
            )
        await asyncio.sleep(_POLL_SECONDS)


def ended(process: Process) -> StartError:
    """Return the error for the unexpected end of a process."""
    return StartError(f"{process.name} {how_ended(process)}{excerpt(process)}")


def how_ended(process: Process) -> str:
    """Return the end of a process as text: `ended (exit code 1)` or `ended (signal 9)`."""
    code = process.exit_code
    how = f"exit code {code}" if code is None or code >= 0 else f"signal {-code}"
    return f"ended ({how})"


def excerpt(process: Process) -> str:
    """Return the path and the end of the log for an error message."""
    text = process.log_tail()
    if not text:
        return f". Its log {process.log} is empty"
    lines = "\n".join(f"  | {line}" for line in text.splitlines())
    return f". The end of {process.log}:\n{lines}"
