"""Connections and identity that every service sets up in the same way."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import grpc.aio
from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus, sessions
from common.auth import Access, CachedAuthenticator, CallAuthenticator
from common.grpc_client import channel
from common.grpc_server import AddToServer, GrpcServer
from common.identity import ServiceSigner
from common.sessions import SessionServiceAuthenticator
from common.settings import ServiceSettings


@dataclass(frozen=True, kw_only=True)
class Connections:
    """NATS, the gateway behind which sessions live, and the service's own identity."""

    settings: ServiceSettings
    client: Client
    gateway: grpc.aio.Channel
    signer: ServiceSigner
    tokens: CachedAuthenticator

    @property
    def stream(self) -> JetStreamContext:
        """JetStream on the same connection."""
        return self.client.jetstream()

    def server(
        self, services: Mapping[str, AddToServer], *, access: Mapping[str, Access] | None = None
    ) -> GrpcServer:
        """Return a server that asks the gateway who its callers are.

        `access` names the methods that need something else than a session.
        """
        authenticator = CallAuthenticator(
            tokens=self.tokens, signer=self.signer, access=access or {}
        )
        return GrpcServer(self.settings, services=services, authenticator=authenticator)


async def connect(
    settings: ServiceSettings, stack: AsyncExitStack, *, service: str, client_name: str = ""
) -> Connections:
    """Connect to NATS and the gateway, and forget tokens once their sessions are revoked.

    `service` signs calls to other services. Everything is closed with the stack.

    Raises:
        UnavailableError: NATS did not answer in time.
    """
    gateway = await stack.enter_async_context(channel(settings, settings.gateway_grpc))
    tokens = CachedAuthenticator(
        SessionServiceAuthenticator(gateway), settings.session_cache_seconds
    )
    client = await bus.connect(settings.nats_url.get_secret_value(), name=client_name or service)
    stack.push_async_callback(bus.close, client)
    await sessions.forget_revoked(client, tokens)
    return Connections(
        settings=settings,
        client=client,
        gateway=gateway,
        signer=ServiceSigner(settings.secret_key.get_secret_value(), service),
        tokens=tokens,
    )
