"""External subscriber, which can only receive events."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import nats.errors
import nats.js.errors
import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, StreamConfig

from common import bus, events
from securetranscribe import SecureTranscribeClient
from tests.containers.conftest import Containers
from tests.e2e.stack import JOB_SECONDS

Refusals = asyncio.Queue[str]


@pytest.fixture
def refusals() -> Refusals:
    """Collect requests of the subscriber that NATS rejected."""
    return Refusals()


@pytest.fixture
async def subscriber(stack: Containers, refusals: Refusals) -> AsyncIterator[Client]:
    async def note(error: Exception) -> None:
        refusals.put_nowait(str(error).lower())

    client = await nats.connect(stack.servers.environment("subscriber")["NATS_URL"], error_cb=note)
    yield client
    await client.close()


async def test_events_of_a_job_arrive_in_order_and_are_kept(
    subscriber: Client, client: SecureTranscribeClient, sample: Path
) -> None:
    with sample.open("rb") as file:
        uploaded = client.upload_audio(file, auto_start=True)
    client.wait(uploaded["transcription_id"], timeout_seconds=JOB_SECONDS)

    stream = subscriber.jetstream()
    subject = bus.event_subject("*", "job", uploaded["job_id"], "*")
    kept = await stream.subscribe(subject, stream=bus.EVENTS_STREAM, ordered_consumer=True)
    kinds: list[str | None] = []
    while not kinds or kinds[-1] not in ("job_completed", "job_failed"):
        message = await kept.next_msg(timeout=20)
        assert message.headers is not None
        assert message.headers["ce-specversion"] == "1.0"
        kinds.append(events.parse(message).WhichOneof("data"))
    assert kinds == ["job_queued", "job_started", "job_completed"]
    await kept.unsubscribe()


@pytest.mark.parametrize(
    "subject",
    [
        bus.tasks_subject("transcribe"),
        bus.results_subject("diarize"),
        bus.cancel_subject("job_1"),
        bus.event_subject("session_1", "job", "job_1", "completed"),
        "$JS.API.STREAM.DELETE.EVENTS",
        "$JS.API.STREAM.PURGE.EVENTS",
    ],
)
async def test_subscriber_cannot_publish(
    subscriber: Client, refusals: Refusals, subject: str
) -> None:
    await subscriber.publish(subject, b"")
    assert "permissions violation for publish" in await asyncio.wait_for(refusals.get(), 20)


@pytest.mark.parametrize("name", [bus.TASKS_STREAM, bus.RESULTS_STREAM])
async def test_subscriber_cannot_read_tasks(
    subscriber: Client, refusals: Refusals, name: str
) -> None:
    stream = subscriber.jetstream(timeout=2)
    with pytest.raises(nats.errors.TimeoutError):
        await stream.stream_info(name)
    with pytest.raises(nats.errors.TimeoutError):
        await stream.add_consumer(name, ConsumerConfig(durable_name="mine"))
    with pytest.raises(nats.errors.TimeoutError):
        await stream.add_stream(StreamConfig(name="MINE", sources=[]))
    with pytest.raises(nats.errors.TimeoutError):
        await stream.get_msg(name, 1)
    for _ in range(4):
        assert "permissions violation for publish" in await asyncio.wait_for(refusals.get(), 20)
    await subscriber.subscribe("securetranscribe.tasks.v1.>")
    assert "permissions violation for subscription" in await asyncio.wait_for(refusals.get(), 20)
