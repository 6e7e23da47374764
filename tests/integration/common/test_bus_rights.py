"""What the users of NATS may do, as the real server decides.

That each can do all of its work is shown by the tests of the services, which connect with their
own users.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import APIError

from common import bus
from common.bus import Delivery
from common.bus_rights import RIGHTS
from devstack.stack import EmbeddedServers
from tests.integration.common.tasks.workers import Bench, Held, until
from tests.nats_clients import flushed

WORKERS = {"transcriber-worker": "transcribe", "diarizer": "diarize"}
REVOKED = bus.event_subject("s", "session", "s", "revoked")


_UNANSWERED = TimeoutError | nats.errors.Error | APIError


class User:
    """A connection of a user, and what the server refused it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.refused: list[str] = []

    async def note(self, error: Exception) -> None:
        self.refused.append(str(error).lower())

    async def must_not(self, action: Callable[[], Awaitable[object]]) -> None:
        """Do something and wait until the server has refused it."""
        before = len(self.refused)
        acting = asyncio.ensure_future(action())
        try:
            await until(lambda: len(self.refused) > before)
        finally:
            # Nobody answers what was refused, so that it would wait for seconds.
            acting.cancel()
            await asyncio.wait([acting])
        if not acting.cancelled():
            assert isinstance(acting.exception(), _UNANSWERED | None)
        await flushed(self.client)
        assert "permissions violation" in self.refused[-1]


@asynccontextmanager
async def connected(servers: EmbeddedServers, service: str) -> AsyncIterator[User]:
    user = User(Client())
    url = servers.nats.url(service)
    await user.client.connect(url, inbox_prefix=bus.inbox_prefix(service), error_cb=user.note)
    try:
        yield user
    finally:
        await user.client.close()


@pytest.fixture
async def service(servers: EmbeddedServers) -> AsyncIterator[Client]:
    async with connected(servers, "service") as user:
        await bus.ensure_streams(user.client.jetstream(), Delivery())
        yield user.client


async def test_worker_works_with_its_own_user(bench: Bench, servers: EmbeddedServers) -> None:
    """Take a task, keep it alive, hand in its result, and hear of a cancellation."""
    own = servers.environment("transcriber-worker")["NATS_URL"]
    assert own != bench.url
    bench.url = own
    progress = await bench.client.subscribe(bus.progress_subject("*"))
    beats = await bench.client.subscribe(bus.worker_subject("transcribe", "*"))
    handler = Held()
    first, second = await bench.task(), await bench.task()
    running = await bench.start(handler)
    await bus.ensure_tasks(running.client.jetstream(), "transcribe", bench.delivery)
    await bench.give(first)
    await handler.begun()
    handler.release.set()
    result = await bench.result()
    assert (result.task_id, result.result_key) == (first.task_id, first.result_key)
    await bench.settled()

    handler.release.clear()
    await bench.give(second)
    await handler.begun(2)
    await bench.cancel(second)
    await until(handler.stopped.is_set)
    await bench.settled()
    await beats.next_msg(timeout=20)
    await progress.unsubscribe()


@pytest.mark.parametrize("user", RIGHTS)
async def test_revoked_sessions_are_heard(
    servers: EmbeddedServers, service: Client, user: str
) -> None:
    async with connected(servers, user) as limited:
        heard = await limited.client.subscribe(bus.event_subject("*", "session", "*", "revoked"))
        await flushed(limited.client)
        await service.publish(REVOKED, b"gone")
        assert (await heard.next_msg(timeout=20)).data == b"gone"
        assert limited.refused == []


@pytest.mark.parametrize("user", [*WORKERS, "exporter"])
async def test_nothing_of_others_is_heard(
    servers: EmbeddedServers, service: Client, user: str
) -> None:
    heard: list[Msg] = []

    async def note(message: Msg) -> None:
        heard.append(message)

    async with connected(servers, user) as limited:
        for subject in (
            ">",
            "securetranscribe.events.v1.>",
            bus.event_subject("*", "job", "*", "completed"),
            bus.tasks_subject("transcribe"),
            bus.results_subject("*"),
            "_INBOX.>",
            f"{bus.inbox_prefix('service')}.>",
            "$JS.>",
        ):

            async def listen(subject: str = subject) -> Subscription:
                return await limited.client.subscribe(subject, cb=note)

            await limited.must_not(listen)
            await service.publish(bus.event_subject("s", "job", "j", "progress"), b"event")
            await flushed(service)
            await flushed(limited.client)
        assert heard == []


@pytest.mark.parametrize("user", [*WORKERS, "exporter"])
async def test_nothing_is_published_for_others(
    servers: EmbeddedServers, service: Client, user: str
) -> None:
    overheard = await service.subscribe("securetranscribe.>")
    await flushed(service)
    other = {"transcriber-worker": "diarize", "diarizer": "transcribe", "exporter": "diarize"}[user]
    async with connected(servers, user) as limited:
        for subject in (
            bus.tasks_subject("transcribe"),
            bus.tasks_subject("diarize"),
            bus.event_subject("s", "job", "j", "completed"),
            REVOKED,
            bus.cancel_subject("job_1"),
            bus.results_subject(other),
            bus.worker_subject(other, "w"),
            f"$JS.ACK.TASKS.{other}.1.1.1.1.0",
            "$KV.cancelled.job_1",
            "_INBOX.service.x",
        ):

            async def publish(subject: str = subject) -> None:
                await limited.client.publish(subject, b"forged")

            await limited.must_not(publish)
        await flushed(service)
        assert overheard.pending_msgs == 0


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("user", WORKERS)
async def test_streams_and_tasks_of_others_are_out_of_reach(
    servers: EmbeddedServers, user: str
) -> None:
    other = {"transcriber-worker": "diarize", "diarizer": "transcribe"}[user]
    async with connected(servers, user) as limited:
        stream = limited.client.jetstream(timeout=0.3)

        async def fetch() -> None:
            consumer = await stream.pull_subscribe_bind(durable=other, stream=bus.TASKS_STREAM)
            await consumer.fetch(1, timeout=0.3)

        for action in (
            fetch,
            lambda: stream.get_msg(bus.TASKS_STREAM, 1),
            lambda: stream.get_msg(bus.EVENTS_STREAM, 1),
            lambda: stream.delete_msg(bus.TASKS_STREAM, 1),
            lambda: stream.purge_stream(bus.TASKS_STREAM),
            lambda: stream.delete_stream(bus.RESULTS_STREAM),
            lambda: stream.add_stream(StreamConfig(name="MINE", subjects=["mine"])),
            lambda: stream.add_consumer(bus.EVENTS_STREAM, ConsumerConfig(durable_name="mine")),
            lambda: stream.add_consumer(bus.TASKS_STREAM, ConsumerConfig(durable_name="mine")),
            lambda: stream.delete_consumer(bus.TASKS_STREAM, other),
        ):
            await limited.must_not(action)
        own = await asyncio.wait_for(
            stream.consumer_info(bus.TASKS_STREAM, WORKERS[user]), timeout=20
        )
        assert own.name == WORKERS[user]


#: What each of the other services must not hear and say, besides what all may not.
_FOREIGN_SUBJECTS = {
    "gateway": (
        bus.tasks_subject("transcribe"),
        bus.progress_subject("*"),
        bus.worker_subject("*", "*"),
        bus.cancel_subject("*"),
    ),
    "transcriber": (
        bus.tasks_subject("transcribe"),
        bus.results_subject("*"),
        bus.event_subject("*", "speaker", "*", "*"),
    ),
    "speakers": (
        bus.tasks_subject("diarize"),
        bus.results_subject("*"),
        bus.progress_subject("*"),
        bus.event_subject("*", "transcription", "*", "*"),
        bus.event_subject("*", "speaker", "*", "*"),
    ),
}
_JOB_DONE = bus.event_subject("s", "job", "j", "completed")
_RENAMED = bus.event_subject("", "speaker", 1, "updated")
_FOREIGN_MESSAGES = {
    "gateway": (bus.tasks_subject("diarize"), bus.cancel_subject("j"), _JOB_DONE, _RENAMED),
    "transcriber": (REVOKED, _RENAMED),
    "speakers": (bus.tasks_subject("diarize"), bus.cancel_subject("j"), _JOB_DONE, REVOKED),
}


@pytest.mark.parametrize("user", _FOREIGN_SUBJECTS)
async def test_services_hear_nothing_of_others(
    servers: EmbeddedServers, service: Client, user: str
) -> None:
    heard: list[Msg] = []

    async def note(message: Msg) -> None:
        heard.append(message)

    inboxes = [f"{bus.inbox_prefix(other)}.>" for other in (*RIGHTS, "service") if other != user]
    async with connected(servers, user) as limited:
        for subject in (*_FOREIGN_SUBJECTS[user], ">", "_INBOX.>", "$JS.>", *inboxes):

            async def listen(subject: str = subject) -> Subscription:
                return await limited.client.subscribe(subject, cb=note)

            await limited.must_not(listen)
        await service.publish(bus.progress_subject("t"), b"progress")
        await service.publish(_RENAMED, b"event")
        await flushed(service)
        await flushed(limited.client)
        assert heard == []


@pytest.mark.parametrize("user", _FOREIGN_MESSAGES)
async def test_services_say_nothing_for_others(
    servers: EmbeddedServers, service: Client, user: str
) -> None:
    overheard = await service.subscribe("securetranscribe.>")
    await flushed(service)
    async with connected(servers, user) as limited:
        for subject in (
            *_FOREIGN_MESSAGES[user],
            bus.results_subject("transcribe"),
            bus.progress_subject("t"),
            bus.worker_subject("diarize", "w"),
            "$JS.ACK.TASKS.diarize.1.1.1.1.0",
            "_INBOX.service.x",
        ):

            async def publish(subject: str = subject) -> None:
                await limited.client.publish(subject, b"forged")

            await limited.must_not(publish)
        await flushed(service)
        assert overheard.pending_msgs == 0


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("user", _FOREIGN_SUBJECTS)
async def test_services_take_no_tasks_and_remove_no_streams(
    servers: EmbeddedServers, user: str
) -> None:
    async with connected(servers, user) as limited:
        stream = limited.client.jetstream(timeout=0.3)

        async def fetch() -> None:
            consumer = await stream.pull_subscribe_bind(
                durable="transcribe", stream=bus.TASKS_STREAM
            )
            await consumer.fetch(1, timeout=0.3)

        for action in (
            fetch,
            lambda: stream.purge_stream(bus.TASKS_STREAM),
            lambda: stream.delete_stream(bus.RESULTS_STREAM),
            lambda: stream.add_stream(StreamConfig(name="MINE", subjects=["mine"])),
            lambda: stream.add_consumer(bus.EVENTS_STREAM, ConsumerConfig(durable_name="mine")),
            lambda: stream.add_consumer(bus.TASKS_STREAM, ConsumerConfig(durable_name="mine")),
            lambda: stream.delete_consumer(bus.TASKS_STREAM, "transcribe"),
        ):
            await limited.must_not(action)


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("user", ["gateway", "speakers"])
async def test_only_the_transcriber_reads_tasks_and_changes_streams(
    servers: EmbeddedServers, user: str
) -> None:
    async with connected(servers, user) as limited:
        stream = limited.client.jetstream(timeout=0.3)
        copy = limited.client.jetstream(timeout=0.3, prefix=bus.EVENT_COPY_API)
        await bus.ensure_events(limited.client.jetstream())
        for action in (
            lambda: stream.get_msg(bus.TASKS_STREAM, 1),
            lambda: stream.get_msg(bus.EVENTS_STREAM, 1),
            lambda: stream.delete_msg(bus.TASKS_STREAM, 1),
            lambda: stream.purge_stream(bus.EVENTS_STREAM),
            lambda: stream.stream_info(bus.TASKS_STREAM),
            lambda: stream.update_stream(StreamConfig(name=bus.EVENTS_STREAM, subjects=["mine"])),
            lambda: copy.get_msg(bus.EVENTS_STREAM, 1),
            lambda: copy.delete_msg(bus.EVENTS_STREAM, 1),
            lambda: copy.purge_stream(bus.EVENTS_STREAM),
        ):
            await limited.must_not(action)


async def test_transcriber_keeps_the_streams_in_order(servers: EmbeddedServers) -> None:
    async with connected(servers, "service") as all_rights:
        await all_rights.client.jetstream().delete_stream(bus.RESULTS_STREAM)
    async with connected(servers, "transcriber") as user:
        stream = user.client.jetstream()
        await bus.ensure_streams(stream, Delivery())
        await bus.ensure_streams(stream, Delivery(max_deliver=7))
        info = await stream.consumer_info(bus.TASKS_STREAM, "transcribe")
        assert info.config.max_deliver == 7
        await bus.ensure_streams(stream, Delivery())
        assert user.refused == []
