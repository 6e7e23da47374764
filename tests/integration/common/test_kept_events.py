"""Erased events are gone from the stream of services and from the copy for subscribers."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog.testing
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from common import bus
from common.bus import Delivery
from common.errors import UnavailableError
from common.kept_events import KeptEvents
from devstack.stack import EmbeddedServers
from tests.integration.common.tasks.workers import until


@pytest.fixture
async def service(servers: EmbeddedServers) -> AsyncIterator[Client]:
    async for client in _connected(servers, "service"):
        await bus.ensure_streams(client.jetstream(), Delivery())
        yield client


@pytest.fixture
async def transcriber(servers: EmbeddedServers) -> AsyncIterator[Client]:
    """Connect with the rights of the service that erases."""
    async for client in _connected(servers, "transcriber"):
        yield client


async def _connected(servers: EmbeddedServers, user: str) -> AsyncIterator[Client]:
    client = await bus.connect(servers.nats.url(user), name=f"test-{user}", wait_seconds=20)
    yield client
    await bus.close(client)


def streams(client: Client) -> tuple[JetStreamContext, JetStreamContext]:
    """Return the stream of services and the copy."""
    return client.jetstream(), client.jetstream(prefix=bus.EVENT_COPY_API)


async def kept(stream: JetStreamContext, subject: str) -> bool:
    try:
        await stream.get_msg(bus.EVENTS_STREAM, seq=1, subject=subject, next=True)
    except NotFoundError:
        return False
    return True


def content(path: Path) -> bytes:
    """Return the content of a file, empty if JetStream has replaced it meanwhile."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


async def publish(client: Client, subject: str, payload: bytes) -> int:
    """Publish an event, and return its position once the copy has it too."""
    stream, copy = streams(client)
    position = (await stream.publish(subject, payload)).seq
    await until(lambda: kept(copy, subject))
    return position


async def test_names_are_overwritten_in_both(
    servers: EmbeddedServers, service: Client, transcriber: Client
) -> None:
    name = f"name-{uuid.uuid4().hex}".encode()
    updated, other = (bus.event_subject("", "speaker", uuid.uuid4().hex, "updated") for _ in "ab")
    position = await publish(service, updated, name)
    await publish(service, other, b"another")

    def files_with_the_name() -> int:
        directory = servers.config.data_directory / "nats"
        return sum(name in content(path) for path in directory.rglob("*") if path.is_file())

    # JetStream writes to the files of its store at once, and to indexes later.
    assert files_with_the_name() >= 2
    await KeptEvents(transcriber).erase(updated, before=position + 1)
    assert files_with_the_name() == 0
    for stream in streams(service):
        assert not await kept(stream, updated)
        assert await kept(stream, other)


async def test_events_of_subjects_are_removed_from_both(
    service: Client, transcriber: Client
) -> None:
    workspace = uuid.uuid4().hex
    created, deleted = (
        bus.event_subject(workspace, "transcription", "1", verb) for verb in ("created", "deleted")
    )
    for subject in (created, deleted):
        await publish(service, subject, b"x")
    await KeptEvents(transcriber).purge(bus.event_subject(workspace, "*", "*", "created"))
    for stream in streams(service):
        assert not await kept(stream, created)
        assert await kept(stream, deleted)


async def test_server_without_permission_keeps_its_copy(
    service: Client, transcriber: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "EVENT_COPY_API", "securetranscribe.nobody")
    subject = bus.event_subject("", "speaker", uuid.uuid4().hex, "updated")
    stream = service.jetstream()
    position = (await stream.publish(subject, b"name")).seq
    with structlog.testing.capture_logs() as lines:
        await KeptEvents(service).erase(subject, before=position + 1)
        await KeptEvents(service).purge(subject)
    assert not await kept(stream, subject)
    told = [line["log_level"] for line in lines if "for subscribers" in line["event"]]
    assert told == ["warning"] * 2
    # Connections and steps of other tests may report something meanwhile.
    assert not [line for line in lines if line["log_level"] == "error" and "step" not in line]


async def test_server_that_does_not_answer_is_told(service: Client) -> None:
    await service.close()
    events = KeptEvents(service)
    with pytest.raises(UnavailableError):
        await events.erase("securetranscribe.events.v1.all.speaker.1.updated", before=1)
    with pytest.raises(UnavailableError):
        await events.purge("securetranscribe.events.v1.all.speaker.1.updated")
