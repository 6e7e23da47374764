"""gRPC server with health, reflection, TLS, identity and tracing, the same in every service."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import SERVICE_NAME as HEALTH_SERVICE
from grpc_reflection.v1alpha import reflection

from common import logging, telemetry
from common.addresses import TrustedProxies
from common.audit.trail import AuditTrail
from common.auth import CallAuthenticator
from common.call_limits import API_LIMITS, CallLimits, CallsInFlight
from common.call_rates import CallRates
from common.interceptor import EdgeInterceptor
from common.settings import ServiceSettings
from common.versioned_health_servicer import VersionedHealthServicer

MAX_MESSAGE_BYTES = 72 * 1024 * 1024  # 64 MiB of audio and its metadata
_OPTIONS = [
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
]
_log = logging.get(__name__)

#: Calls beyond the limit of a service, for health checks and reflection.
_SPARE_CALLS = 200

AddToServer = Callable[[grpc.aio.Server], None]


class GrpcServer:
    """One listening server. Health is NOT_SERVING until `ready` is called."""

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        services: Mapping[str, AddToServer],
        authenticator: CallAuthenticator,
        limits: CallLimits = API_LIMITS,
        rates: CallRates | None = None,
        audit: AuditTrail | None = None,
        version: str = "",
    ) -> None:
        """`services` maps full service names to functions that add the servicer to a server.

        Without `rates`, calls are limited in flight only, and without `audit`, none is in the audit
        log. Health checks name the `version`, unless it is empty.
        """
        self._settings = settings
        self._names = [*services, ""]
        self._server = grpc.aio.server(
            interceptors=[
                telemetry.server_interceptor(),
                EdgeInterceptor(
                    authenticator,
                    CallsInFlight(limits),
                    rates=rates,
                    proxies=TrustedProxies(getattr(settings, "trusted_proxies", ())),
                    audit=audit,
                ),
            ],
            options=[*_OPTIONS, ("grpc.max_receive_message_length", limits.request_bytes)],
            maximum_concurrent_rpcs=limits.calls + _SPARE_CALLS,
        )
        self._health = VersionedHealthServicer(version)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        for add in services.values():
            add(self._server)
        reflection.enable_server_reflection(
            [*services, HEALTH_SERVICE, reflection.SERVICE_NAME], self._server
        )
        self.port = 0

    async def start(self) -> None:
        """Listen and serve calls, with the health NOT_SERVING."""
        await self._set(health_pb2.HealthCheckResponse.NOT_SERVING)
        address = f"{self._settings.grpc_host}:{self._settings.grpc_port}"
        credentials = server_credentials(self._settings)
        if credentials is None:
            self.port = self._server.add_insecure_port(address)
        else:
            self.port = self._server.add_secure_port(address, credentials)
        await self._server.start()
        _log.info("listening", address=address, port=self.port, tls=credentials is not None)

    async def ready(self) -> None:
        """Set the health to SERVING."""
        await self._set(health_pb2.HealthCheckResponse.SERVING)

    async def not_ready(self) -> None:
        """Set the health to NOT_SERVING."""
        await self._set(health_pb2.HealthCheckResponse.NOT_SERVING)

    async def stop(self, grace_seconds: float) -> None:
        """Set the health to NOT_SERVING, refuse new calls, and wait for those in flight."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_seconds)

    async def _set(self, state: Any) -> None:
        for name in self._names:
            await self._health.set(name, state)


def server_credentials(settings: ServiceSettings) -> grpc.ServerCredentials | None:
    """Return TLS credentials when a certificate is configured, else None.

    With a CA, clients must present a certificate too.
    """
    if settings.grpc_tls_cert is None or settings.grpc_tls_key is None:
        return None
    chain = (settings.grpc_tls_key.read_bytes(), settings.grpc_tls_cert.read_bytes())
    ca = _read(settings.grpc_tls_ca)
    return grpc.ssl_server_credentials([chain], ca, require_client_auth=ca is not None)


def channel_credentials(settings: ServiceSettings) -> grpc.ChannelCredentials | None:
    """Return a client's TLS credentials when a certificate or a CA is configured, else None.

    The server is verified against the CA or, without one, against the system's authorities. The
    certificate is presented to servers that request one.
    """
    ca, key, certificate = (
        _read(path)
        for path in (settings.grpc_tls_ca, settings.grpc_tls_key, settings.grpc_tls_cert)
    )
    if ca is None and certificate is None:
        return None
    return grpc.ssl_channel_credentials(ca, key, certificate)


def method_names(service: str, methods: Sequence[str]) -> list[str]:
    """Return full method names, as access tables use them."""
    return [f"/securetranscribe.v1.{service}/{method}" for method in methods]


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()
