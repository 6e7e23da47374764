"""The product as its users run it: the containers of docker-compose.yml behind Envoy.

By default they are brought up from the images that `make images` built, and taken away in the end.
STACK_URL and STACK_NATS_URL name a stack that is there already; what stops services is left out
then.
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
from tests.e2e.conftest import client, completed, sample

__all__ = ["client", "completed", "sample"]


@dataclass(frozen=True, kw_only=True)
class Services:
    """All services: behind one door, and restarted by compose."""

    door: str
    compose: Compose | None

    def address(self, process: str) -> str:
        """Where a process is reached."""
        return self.door

    async def restart(self, process: str) -> None:
        """Stops and starts the containers of a process, such as `diarizer-1`."""
        if self.compose is None:
            pytest.skip("this stack is not for stopping")
        service = process.removesuffix("-1")
        await asyncio.to_thread(self.compose.restart, service)


@dataclass(frozen=True, kw_only=True)
class Servers:
    """As much of the servers as is open to outside."""

    subscriber_url: str

    def environment(self, service: str) -> dict[str, str]:
        """Variables of an outside listener."""
        assert service == "subscriber"
        return {"NATS_URL": self.subscriber_url}


@dataclass(frozen=True, kw_only=True)
class Containers:
    """Stands for tests.e2e.stack.Stack."""

    base_url: str
    services: Services
    servers: Servers

    def client(self, token: str | None = None) -> SecureTranscribeClient:
        """A client with a session of its own, or with the given one."""
        return SecureTranscribeClient(f"{self.base_url}/api", token)


@pytest.fixture(scope="session")
def compose() -> Iterator[Compose | None]:
    """The project while it is up; None where the stack is somebody else's."""
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
    """Where everything is."""
    if compose is None:
        url, subscriber = os.environ["STACK_URL"].rstrip("/"), os.environ["STACK_NATS_URL"]
    else:
        url, subscriber = compose.base_url, compose.subscriber_url
    return Containers(
        base_url=url,
        services=Services(door=url.partition("://")[2], compose=compose),
        servers=Servers(subscriber_url=subscriber),
    )


@pytest.fixture
async def door(stack: Containers) -> AsyncIterator[grpc.aio.Channel]:
    """The one channel that leads to every service."""
    async with grpc.aio.insecure_channel(stack.services.door) as channel:
        yield channel


@pytest.fixture
async def metadata(door: grpc.aio.Channel) -> tuple[tuple[str, str], ...]:
    """Credentials of a new session."""
    created = await session_pb2_grpc.SessionServiceStub(door).CreateSession(
        session_pb2.CreateSessionRequest(user_identifier="native")
    )
    return (("authorization", f"Bearer {created.session_token}"),)
