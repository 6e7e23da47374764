"""Fixtures for the containers of docker-compose.yml behind Envoy.

By default they are started from the images of `make images`, and removed in the end. STACK_URL and
STACK_NATS_URL select a running stack instead, without the tests that stop services.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import grpc.aio
import pytest

from securetranscribe import SecureTranscribeClient
from securetranscribe.v1 import session_pb2, session_pb2_grpc
from tests.containers.compose import Compose
from tests.e2e.conftest import client

__all__ = ["client"]


@dataclass(frozen=True, kw_only=True)
class Services:
    """All services, behind Envoy and restarted by compose."""

    envoy: str
    compose: Compose | None

    def address(self, process: str) -> str:
        """Return the address of a process."""
        return self.envoy

    async def restart(self, process: str) -> None:
        """Restart the containers of a process, such as `diarizer-1`."""
        if self.compose is None:
            pytest.skip("this stack is not for stopping")
        service = process.removesuffix("-1")
        await asyncio.to_thread(self.compose.restart, service)


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Publicly accessible servers."""

    subscriber_url: str

    def environment(self, service: str) -> dict[str, str]:
        """Return the variables of an external subscriber."""
        assert service == "subscriber"
        return {"NATS_URL": self.subscriber_url}


@dataclass(frozen=True, kw_only=True)
class Containers:
    """Replacement of tests.e2e.stack.Stack."""

    base_url: str
    services: Services
    servers: Servers

    def client(self, token: str | None = None) -> SecureTranscribeClient:
        """Return a client with its own session, or with the given one."""
        return SecureTranscribeClient(f"{self.base_url}/api", token)


@pytest.fixture(scope="session")
def compose() -> Iterator[Compose | None]:
    """Run the project. Yield None for an external stack."""
    if os.environ.get("STACK_URL"):
        yield None
        return
    project = Compose()
    project.down(volumes=True)
    try:
        project.up()
        yield project
    finally:
        project.down(volumes=True)


@pytest.fixture(scope="session")
def stack(compose: Compose | None) -> Containers:
    """Return the addresses of the stack."""
    if compose is None:
        url, subscriber = os.environ["STACK_URL"].rstrip("/"), os.environ["STACK_NATS_URL"]
    else:
        url, subscriber = compose.base_url, compose.subscriber_url
    return Containers(
        base_url=url,
        services=Services(envoy=url.partition("://")[2], compose=compose),
        servers=Servers(subscriber_url=subscriber),
    )


@pytest.fixture
async def envoy(stack: Containers) -> AsyncIterator[grpc.aio.Channel]:
    """Open the channel to Envoy, which leads to every service."""
    async with grpc.aio.insecure_channel(stack.services.envoy) as channel:
        yield channel


@pytest.fixture
async def metadata(envoy: grpc.aio.Channel) -> tuple[tuple[str, str], ...]:
    """Return the credentials of a new session."""
    created = await session_pb2_grpc.SessionServiceStub(envoy).CreateSession(
        session_pb2.CreateSessionRequest(user_identifier="native")
    )
    return (("authorization", f"Bearer {created.session_token}"),)
