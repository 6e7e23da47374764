"""Set-up shared by all services: connections, identity and the gRPC server."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import grpc.aio
from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus, sessions, versions
from common.audit.trail import AuditTrail
from common.auth import Access, CachedAuthenticator, CallAuthenticator
from common.call_limits import API_LIMITS, CallLimits
from common.call_rates import CallRates
from common.grpc_client import channel
from common.grpc_server import AddToServer, GrpcServer
from common.sessions import SessionServiceAuthenticator
from common.settings import ServiceSettings
from common.signing import CallSigner, CallVerifier


@dataclass(frozen=True, kw_only=True)
class Connections:
    """Connections to NATS and the gateway, and the service's own identity."""

    settings: ServiceSettings
    client: Client
    gateway: grpc.aio.Channel
    service: str
    tokens: CachedAuthenticator
    audit: AuditTrail | None = None

    def channel(self, address: str, receiver: str) -> grpc.aio.Channel:
        """Return a channel to another service, with signed calls."""
        signer = CallSigner(self.settings.secret_key.get_secret_value(), self.service)
        return channel(self.settings, address, receiver=receiver, signer=signer)

    @property
    def stream(self) -> JetStreamContext:
        """JetStream on the same connection."""
        return self.client.jetstream()

    def server(
        self,
        services: Mapping[str, AddToServer],
        *,
        access: Mapping[str, Access] | None = None,
        limits: CallLimits = API_LIMITS,
    ) -> GrpcServer:
        """Return a server with callers authenticated by the gateway.

        `access` holds the rules of methods not requiring a session.
        """
        authenticator = CallAuthenticator(
            tokens=self.tokens,
            verifier=CallVerifier(self.settings.call_key(self.service), self.service),
            access=access or {},
        )
        return GrpcServer(
            self.settings,
            services=services,
            authenticator=authenticator,
            limits=limits,
            rates=CallRates.configured(self.settings),
            audit=self.audit,
            version=versions.installed(self.service),
        )


async def connect(
    settings: ServiceSettings, stack: AsyncExitStack, *, service: str, client_name: str = ""
) -> Connections:
    """Connect to NATS and the gateway, and drop cached tokens once their sessions are revoked.

    Calls to other services are signed with the name `service`. Calls to the service itself are in
    the audit log. The stack closes everything.

    Raises:
        UnavailableError: NATS did not answer in time.
    """
    gateway = await stack.enter_async_context(channel(settings, settings.gateway_grpc))
    tokens = CachedAuthenticator(
        SessionServiceAuthenticator(gateway), settings.session_cache_seconds
    )
    url = settings.nats_url.get_secret_value()
    client = await bus.connect(url, name=client_name or service)
    stack.push_async_callback(bus.close, client)
    await sessions.forget_changed(client, tokens)
    audit = AuditTrail(client, bus.user_of(url) or service)
    audit.start()
    stack.push_async_callback(audit.close)
    return Connections(
        settings=settings,
        client=client,
        gateway=gateway,
        service=service,
        tokens=tokens,
        audit=audit,
    )
