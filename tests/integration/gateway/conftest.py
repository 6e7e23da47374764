"""A gateway in the test process, with real Postgres and NATS and fake peer services."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import structlog
from nats.aio.client import Client

from common import bus, postgres
from common.bus import Delivery
from common.postgres import Database
from common.runtime import Supervisor
from gateway.app import Gateway
from gateway.settings import GatewaySettings
from tests.integration.gateway.peers import Peers
from tests.limits import UNLIMITED_FIELDS
from tests.nats_clients import flushed

SECRET = "s" * 40
MakeGateway = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Running:
    """A running gateway."""

    gateway: Gateway
    settings: GatewaySettings
    supervisor: Supervisor
    base_url: str
    grpc_address: str

    def client(self, **options: Any) -> httpx2.AsyncClient:
        """Return a client with its own cookie jar."""
        if self.base_url.startswith("http://"):
            options.setdefault("verify", False)  # Reading the certificates takes 50 ms.
        return httpx2.AsyncClient(base_url=self.base_url, timeout=30, **options)


@pytest.fixture(scope="session", autouse=True)
def plain_tracebacks() -> Iterator[None]:
    """Render exceptions plainly, because the default takes seconds for each."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    before = structlog.get_config()
    structlog.configure(processors=[*before["processors"][:-1], renderer])
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
async def database(postgres_url: Callable[[str], str]) -> AsyncIterator[Database]:
    configured = GatewaySettings(
        secret_key=SECRET, grpc_port=0, database_url=postgres_url("gateway")
    )
    opened = Database(configured)
    await opened.open()
    await postgres.migrate(opened, "gateway")
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def nats(nats_url: str) -> AsyncIterator[Client]:
    client = await bus.connect(nats_url, name="gateway-test", wait_seconds=20)
    await bus.ensure_streams(client.jetstream(), Delivery())
    yield client
    await bus.close(client)


@pytest.fixture(scope="session")
async def own_nats(
    service_nats_url: Callable[[str], str],
    nats: Client,
) -> AsyncIterator[Client]:
    """Connect as the gateway does, which may not create streams."""
    client = await bus.connect(service_nats_url("gateway"), name="gateway", wait_seconds=20)
    await bus.ensure_events(client.jetstream())
    yield client
    await bus.close(client)


@pytest.fixture(scope="session")
async def peers() -> AsyncIterator[Peers]:
    running = Peers(SECRET)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture(scope="session")
def make_gateway(
    postgres_url: Callable[[str], str], database: Database, own_nats: Client, peers: Peers
) -> MakeGateway:
    """Run a gateway with changed settings: `async with make_gateway(session_ttl=2) as it`."""

    @asynccontextmanager
    async def make(**changes: Any) -> AsyncIterator[Running]:
        settings = GatewaySettings(
            **{
                "secret_key": SECRET,
                "grpc_port": 0,
                "port": 0,
                "database_url": postgres_url("gateway"),
                "transcriber_grpc": peers.address("transcriber"),
                "speakers_grpc": peers.address("speakers"),
                "exporter_grpc": peers.address("exporter"),
                "shutdown_grace_seconds": 2,
                "webhook_allowed_networks": ("127.0.0.1",),
                **UNLIMITED_FIELDS,
                **changes,
            }
        )
        supervisor = Supervisor()
        gateway = Gateway(settings, database, own_nats)
        running = asyncio.create_task(gateway.run(supervisor))
        try:
            await _bound(gateway, running)
            scheme = "https" if settings.ssl_cert_path else "http"
            base_url = f"{scheme}://127.0.0.1:{gateway.http_port}"
            await _listening(base_url, running)
            await until(lambda: own_nats.is_connected)
            await flushed(own_nats)  # so that it hears every event from now on
            yield Running(
                gateway=gateway,
                settings=settings,
                supervisor=supervisor,
                base_url=base_url,
                grpc_address=f"127.0.0.1:{gateway.grpc_port}",
            )
        finally:
            supervisor.stop()
            await running
            await supervisor.cancel()
            await gateway.close()

    return make


@pytest.fixture(scope="session")
async def shared_gateway(make_gateway: MakeGateway) -> AsyncIterator[Running]:
    """A gateway with generous limits."""
    async with make_gateway() as one:
        yield one


@pytest.fixture
async def running(shared_gateway: Running, own_nats: Client, nats: Client) -> Running:
    """The shared gateway, for tests without side effects on it.

    Earlier tests of other files may have stopped NATS, to which all connect again by themselves.
    """
    for connection in (own_nats, nats):
        await connected(connection)
    return shared_gateway


async def connected(connection: Client) -> None:
    """Wait until a connection to NATS is there again."""
    if not connection.is_connected:
        await until(lambda: connection.is_connected)
        await flushed(connection)


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 30) -> None:
    """Poll until a condition holds. It must stay true once it is."""
    async with asyncio.timeout(seconds):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def client(running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    async with running.client() as one:
        yield one


async def _bound(gateway: Gateway, running: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(60):
        while not gateway.http_port and not running.done():  # noqa: ASYNC110 - nothing to wait for
            await asyncio.sleep(0.01)


async def _listening(url: str, running: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(60), httpx2.AsyncClient(verify=False) as client:
        while not running.done():
            try:
                if (await client.get(f"{url}/health")).status_code == 200:
                    return
            except httpx2.HTTPError:
                await asyncio.sleep(0.02)
    running.result()
