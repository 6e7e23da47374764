"""Keeps the names in transcripts as the profiles of speakers are called now."""

import nats.errors
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

from common import bus, events
from common.errors import UnavailableError
from common.postgres import Database
from transcriber.store import locks
from transcriber.store.transcripts import Transcripts

_CONSUMER = "transcriber-profiles"
_FETCH_SECONDS = 5.0
_RETRY_SECONDS = 2.0


class ProfileFollower:
    """Reads what happens to profiles from the stream of events; replicas share it."""

    def __init__(self, database: Database, stream: JetStreamContext) -> None:
        self._database = database
        self._stream = stream
        self._consumer: JetStreamContext.PullSubscription | None = None

    async def step(self) -> None:
        """Waits a while for changes and follows them."""
        try:
            if self._consumer is None:
                self._consumer = await self._subscribe()
            messages = await self._consumer.fetch(16, timeout=_FETCH_SECONDS)
        except TimeoutError:  # the client raises its own kind, and at times the plain one
            return
        except nats.errors.Error:
            self._consumer = None
            raise
        for message in messages:
            try:
                await self._follow(message)
            except UnavailableError:
                await message.nak(delay=_RETRY_SECONDS)
                raise
            await message.ack()

    async def _subscribe(self) -> JetStreamContext.PullSubscription:
        await self._stream.add_consumer(
            bus.EVENTS_STREAM,
            ConsumerConfig(
                durable_name=_CONSUMER,
                filter_subject=bus.event_subject("", "speaker", "*", "*"),
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=60,
            ),
        )
        return await self._stream.pull_subscribe_bind(durable=_CONSUMER, stream=bus.EVENTS_STREAM)

    async def _follow(self, message: Msg) -> None:
        try:
            event = events.parse(message)
        except DecodeError:
            return
        kind = event.WhichOneof("data")
        async with self._database.transaction() as connection:
            await locks.wait_for(connection, locks.PROFILES)
            if kind == "speaker_updated":
                updated = event.speaker_updated
                await Transcripts(connection).profile_renamed(updated.speaker_id, updated.name)
            elif kind == "speaker_deleted":
                deleted = event.speaker_deleted
                await Transcripts(connection).profile_deleted(
                    deleted.speaker_id, deleted.merged_into_speaker_id
                )
