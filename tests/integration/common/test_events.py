import asyncio

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from common import bus, events, sessions
from common.auth import CachedAuthenticator
from common.errors import AuthenticationError, UnavailableError
from common.events import EventPublisher
from common.identity import Grant, hash_token
from devstack.stack import EmbeddedServers
from securetranscribe.v1 import event_pb2
from tests.integration.common.tasks.workers import until
from tests.nats_clients import flushed

KINDS = [field.name for field in event_pb2.Event.DESCRIPTOR.oneofs_by_name["data"].fields]


@pytest.fixture
def publisher(client: Client, stream: JetStreamContext) -> EventPublisher:
    return EventPublisher(client, stream, source="test")


def event_of(kind: str, session: str = "session_1") -> event_pb2.Event:
    event = event_pb2.Event(session_id=session)
    data = getattr(event, kind)
    data.SetInParent()
    if "job_id" in data.DESCRIPTOR.fields_by_name:
        data.job_id = "job_1"
    return event


async def test_all_events_reach_subscribers_and_some_are_kept(
    client: Client, stream: JetStreamContext, publisher: EventPublisher
) -> None:
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.append(str(events.parse(message).WhichOneof("data")))

    await client.subscribe(f"{bus.PREFIX}.events.v1.>", cb=hear)
    await flushed(client)

    for kind in KINDS:
        await publisher.publish(event_of(kind))

    await until(lambda: len(heard) == len(KINDS))
    assert sorted(heard) == sorted(KINDS)
    state = (await stream.stream_info(bus.EVENTS_STREAM)).state
    kept = [
        event_pb2.Event.FromString((await stream.get_msg(bus.EVENTS_STREAM, seq)).data or b"")
        for seq in range(state.first_seq, state.last_seq + 1)
    ]
    passing = {
        "job_progress",
        "queue_changed",
        "session_changed",
        "transcript_part",
        "transcription_shared",
    }
    assert [event.WhichOneof("data") for event in kept] == [
        kind for kind in KINDS if kind not in passing
    ]


async def test_event_published_twice_is_kept_once(
    stream: JetStreamContext, publisher: EventPublisher
) -> None:
    event = event_of("job_completed")
    await publisher.publish(event)
    await publisher.publish(event)

    assert (await stream.stream_info(bus.EVENTS_STREAM)).state.messages == 1


async def test_session_receives_its_own_and_global_events(
    client: Client, publisher: EventPublisher
) -> None:
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.append(message.subject.split(".")[3])

    for session in ("session_1", "all"):
        await client.subscribe(f"{bus.PREFIX}.events.v1.{session}.>", cb=hear)
    await flushed(client)
    await publisher.publish(event_of("job_started", session="session_2"))
    await publisher.publish(event_of("job_started", session="session_1"))
    await publisher.publish(event_of("speaker_updated", session=""))
    await publisher.publish(event_of("queue_changed", session=""))

    await until(lambda: len(heard) >= 3)
    await asyncio.sleep(0.05)
    assert heard == ["session_1", "all", "all"]


async def test_envelope_arrives_complete(client: Client, publisher: EventPublisher) -> None:
    subscription = await client.subscribe(f"{bus.PREFIX}.events.v1.>")
    await flushed(client)
    event = event_of("job_failed")
    event.job_failed.failure.message = "Größe"

    await publisher.publish(event)
    message = await subscription.next_msg(timeout=20)

    assert events.parse(message) == event
    assert message.headers is not None
    assert message.headers["ce-id"] == event.event_id
    assert message.headers["ce-source"] == "/securetranscribe/test"


async def test_publishing_without_server_is_unavailable(
    client: Client, servers: EmbeddedServers
) -> None:
    publisher = EventPublisher(client, client.jetstream(timeout=0.5), source="test")
    servers.process("nats").kill()
    try:
        await until(lambda: not client.is_connected)
        with pytest.raises(UnavailableError):
            await publisher.publish(event_of("job_completed"))
    finally:
        await servers.restart("nats")
        await until(lambda: client.is_connected)


@pytest.mark.parametrize("kind", ["session_revoked", "session_changed"])
async def test_changed_session_is_dropped_at_once(
    client: Client, publisher: EventPublisher, kind: str
) -> None:
    class Tokens:
        valid = True

        async def authenticate(self, token: str) -> Grant:
            if not self.valid:
                raise AuthenticationError("The session has ended.")
            return Grant.of("session_1")

    tokens = Tokens()
    cache = CachedAuthenticator(tokens, 60)
    await sessions.forget_changed(client, cache)
    await flushed(client)
    assert await cache.authenticate("tok") == Grant.of("session_1")
    tokens.valid = False
    assert await cache.authenticate("tok") == Grant.of("session_1")

    event = event_of(kind)
    getattr(event, kind).token_sha256 = hash_token("tok")
    await publisher.publish(event)
    await until(lambda: not cache._recent._known)

    with pytest.raises(AuthenticationError):
        await cache.authenticate("tok")
