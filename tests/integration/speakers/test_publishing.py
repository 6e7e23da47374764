"""Events published by the service."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from common import bus, events
from common.outbox import OutboxRelay
from common.postgres import Database
from securetranscribe.v1 import event_pb2, speaker_pb2
from tests.integration.speakers.conftest import Caller, Named
from tests.integration.speakers.fakes import person
from tests.nats_clients import flushed

ANN = Named(label="Speaker_1", name="Ann", values=person(1))


class Heard:
    """Published events, in order."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self._arrived = asyncio.Condition()
        self._seen = 0

    async def add(self, message: Any) -> None:
        async with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()

    async def first(self, count: int) -> list[event_pb2.Event]:
        """Wait for `count` events and return them."""
        async with asyncio.timeout(60), self._arrived:
            await self._arrived.wait_for(lambda: len(self.messages) >= count)
        return [events.parse(message) for message in self.messages[:count]]

    async def reached(self, last: Callable[[event_pb2.Event], bool]) -> list[event_pb2.Event]:
        """Wait for an event, and return all."""
        async with asyncio.timeout(60), self._arrived:
            await self._arrived.wait_for(lambda: any(map(last, map(events.parse, self.messages))))
        return [events.parse(message) for message in self.messages]

    async def next(self) -> list[event_pb2.Event]:
        """Wait for more events than before, and return those that are new."""
        before = self._seen
        async with asyncio.timeout(60), self._arrived:
            await self._arrived.wait_for(lambda: len(self.messages) > before)
            self._seen = len(self.messages)
        return [events.parse(message) for message in self.messages[before : self._seen]]


@pytest.fixture
async def heard(client: Any, database: Database) -> AsyncIterator[Heard]:
    """Collect events from now on."""
    listening = Heard()
    await settled(database)
    subject = bus.event_subject("", "speaker", "*", "*")
    subscription = await client.subscribe(subject, cb=listening.add)
    await flushed(client)
    yield listening
    await subscription.unsubscribe()


async def settled(database: Database) -> None:
    """Wait until the outbox is empty."""
    async with asyncio.timeout(60):
        while await database.fetch_one("SELECT FROM outbox LIMIT 1") is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_changes_of_profiles_are_published(
    user: Caller, heard: Heard, database: Database
) -> None:
    made = await user.create("Ann")
    await user.update(made.speaker_id, name="Anne")
    await user.delete(made.speaker_id)
    await user.delete(made.speaker_id, permanent=True)
    told = await heard.first(4)
    assert [event.WhichOneof("data") for event in told] == ["speaker_updated"] * 3 + [
        "speaker_deleted"
    ]
    assert [event.speaker_updated.name for event in told[:3]] == ["Ann", "Anne", "Anne"]
    assert told[3].speaker_deleted.speaker_id == made.speaker_id
    assert told[3].speaker_deleted.merged_into_speaker_id == 0
    assert all(event.session_id == "" for event in told)
    assert len({event.event_id for event in told}) == 4
    message = heard.messages[0]
    assert message.subject == bus.event_subject("", "speaker", made.speaker_id, "updated")
    assert message.headers["ce-source"] == "/securetranscribe/speakers"
    await settled(database)


async def test_event_of_a_merge_names_the_target(user: Caller, heard: Heard) -> None:
    ann, annie = await user.create("Ann"), await user.create("Annie")
    request = speaker_pb2.MergeSpeakersRequest(
        speaker_id=ann.speaker_id, source_speaker_id=annie.speaker_id
    )
    await user.call("MergeSpeakers", request)
    told = await heard.first(4)
    gone = next(event for event in told if event.HasField("speaker_deleted")).speaker_deleted
    assert (gone.speaker_id, gone.merged_into_speaker_id) == (annie.speaker_id, ann.speaker_id)


async def test_decisions_publish_created_and_deleted_profiles(
    user: Caller, transcriber: Caller, heard: Heard
) -> None:
    links = await transcriber.decide(1, ANN)
    await transcriber.decide(1, ANN)
    await transcriber.decide(1)
    await user.create("Zoe")
    made, gone, last = await heard.first(3)
    assert made.speaker_updated.name == "Ann"
    assert gone.speaker_deleted.speaker_id == links["Speaker_1"].speaker.speaker_id
    assert last.speaker_updated.name == "Zoe"  # with no event in between


async def test_events_wait_for_nats(
    user: Caller, heard: Heard, database: Database, client: Any
) -> None:
    """Without a stream, events stay in the outbox until it exists again."""
    stream = client.jetstream()
    await stream.delete_stream(bus.EVENTS_STREAM)
    await user.create("Ann")
    relay = OutboxRelay(database, client, stream)
    with pytest.raises(Exception):  # noqa: B017, PT011 - whichever way the stream is missed
        await relay.step()
    assert await database.fetch_one("SELECT FROM outbox LIMIT 1") is not None
    await bus.ensure_streams(stream, bus.Delivery())
    await settled(database)
    info = await stream.stream_info(bus.EVENTS_STREAM)
    assert info.state.messages == 1


async def test_failed_call_publishes_no_events(
    user: Caller, transcriber: Caller, heard: Heard
) -> None:
    await transcriber.decide(1, ANN)
    other = replace(ANN, name="Bob", values=person(1, dimension=32))
    with pytest.raises(Exception, match="dimension"):
        await transcriber.decide(2, replace(ANN, label="Speaker_2", name="Cy"), other)
    await user.create("Dee")
    told = await heard.first(2)
    assert [event.speaker_updated.name for event in told] == ["Ann", "Dee"]
