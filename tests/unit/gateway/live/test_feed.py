"""Events of NATS on their way to the hub."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from nats.aio.client import Client

from gateway.live import feed
from gateway.live.feed import Feed
from gateway.live.hub import Hub
from gateway.live.shared import SharedWatches
from securetranscribe.v1 import event_pb2


class FakeNats:
    """A connection that delivers what `publish` gets."""

    def __init__(self) -> None:
        self.take: Callable[[Any], Awaitable[None]] | None = None

    async def subscribe(self, _: str, *, cb: Callable[[Any], Awaitable[None]]) -> None:
        self.take = cb

    async def publish(self, event: event_pb2.Event) -> None:
        assert self.take is not None
        await self.take(SimpleNamespace(subject="x", data=event.SerializeToString()))


class FakeHub:
    """Revisions that would be sent to clients."""

    def __init__(self) -> None:
        self.revisions: list[int] = []

    def dispatch(self, event: event_pb2.Event) -> None:
        self.revisions.append(event.transcript_edited.revision)


def edited(event_id: str, revision: int) -> event_pb2.Event:
    return event_pb2.Event(
        event_id=event_id,
        transcript_edited=event_pb2.TranscriptEdited(transcription_id=7, revision=revision),
    )


@pytest.fixture
async def client() -> FakeNats:
    return FakeNats()


@pytest.fixture
async def hub(client: FakeNats) -> FakeHub:
    hub = FakeHub()
    shared = cast("SharedWatches", SimpleNamespace())
    await Feed(cast("Client", client), cast("Hub", hub), shared).subscribe()
    return hub


async def test_batch_that_is_published_again_is_forwarded_once(
    client: FakeNats, hub: FakeHub
) -> None:
    """The service ended after publishing two messages, before its transaction."""
    batch = [edited("a", 2), edited("b", 3)]
    for event in (*batch, *batch, edited("c", 4)):
        await client.publish(event)
    assert hub.revisions == [2, 3, 4]


async def test_only_the_last_events_are_remembered(
    client: FakeNats, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "REMEMBERED", 2)
    for event_id in ("a", "b", "b", "c", "a"):
        await client.publish(edited(event_id, 2))
    assert len(hub.revisions) == 4


async def test_events_without_an_id_are_forwarded(client: FakeNats, hub: FakeHub) -> None:
    for revision in (2, 3):
        await client.publish(edited("", revision))
    assert hub.revisions == [2, 3]
