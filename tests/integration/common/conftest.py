"""Connections to the real servers, with streams emptied before each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus, cancellation
from common.bus import Delivery
from common.disk_reserve import DiskReserve
from common.objects import ObjectStore
from common.settings import ObjectSettings
from common.signed_objects import SignedObjects, UrlSigner
from common.tasks import attempt, worker
from tests.integration.common.tasks.workers import Bench
from tests.ports import free_port

DELIVERY = Delivery(ack_wait_seconds=3, max_deliver=2)


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    client = await bus.connect(nats_url, name="test", wait_seconds=20)
    yield client
    await client.close()


@pytest.fixture
async def stream(client: Client) -> JetStreamContext:
    """Yield JetStream with all streams of the project, empty."""
    stream = client.jetstream()
    await bus.ensure_streams(stream, DELIVERY)
    for name in (bus.TASKS_STREAM, bus.RESULTS_STREAM, bus.EVENTS_STREAM):
        await stream.purge_stream(name)
    return stream


@pytest.fixture
def store(s3: ObjectSettings) -> Iterator[ObjectStore]:
    store = ObjectStore(s3)
    yield store
    store.close()


@pytest.fixture
async def bench(
    nats_url: str,
    client: Client,
    stream: JetStreamContext,
    store: ObjectStore,
    s3: ObjectSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Bench]:
    """Yield a bench whose workers retry quickly."""
    monkeypatch.setattr(worker, "_RETRY_SECONDS", 0.1)
    monkeypatch.setattr(attempt, "_OUTAGE_RETRY_SECONDS", 0.3)
    monkeypatch.setattr(cancellation, "_AGAIN_SECONDS", 0.3)
    objects = SignedObjects(DiskReserve(None, reserve_bytes=0))
    bench = Bench(
        url=nats_url,
        client=client,
        stream=stream,
        store=store,
        objects=objects,
        signer=UrlSigner(s3),
        delivery=DELIVERY,
    )
    yield bench
    await bench.close()
    objects.close()


@pytest.fixture
def unused_port() -> int:
    """Return a port without a listener."""
    return free_port()
