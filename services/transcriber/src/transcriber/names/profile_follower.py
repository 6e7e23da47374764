"""Applies renamed, merged and deleted profiles to the names in transcripts."""

from collections.abc import Awaitable, Callable

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

from common import bus
from common.background.message_steps import Message, MessageStep
from common.erasure_ledger import ErasureKind
from common.kept_events import KeptEvents
from common.postgres import Database
from securetranscribe.v1 import event_pb2
from transcriber.store import locks
from transcriber.store.erasures import Erasures
from transcriber.store.followed_names import FollowedNames

PROFILE_DELETED = "profile deleted"
#: Transcripts that are changed, and locked, at a time.
_AT_A_TIME = 100


class ProfileFollower(MessageStep):
    """Follows changes of profiles on the event stream, with one consumer for all replicas."""

    name = "profiles"
    items = "changes of speaker profiles"
    outcome = "Transcripts keep the profile's earlier name."

    def __init__(self, database: Database, client: Client) -> None:
        super().__init__(database, client.jetstream())
        self._events = KeptEvents(client)

    async def subscribe(self) -> JetStreamContext.PullSubscription:
        """Bind to the consumer, creating it if it is missing."""
        await self._stream.add_consumer(
            bus.EVENTS_STREAM,
            ConsumerConfig(
                durable_name=bus.PROFILES_CONSUMER,
                # Profiles of all workspaces and of the deployment.
                filter_subject=bus.event_subject("*", "speaker", "*", "*"),
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=60,
            ),
        )
        return await self._stream.pull_subscribe_bind(
            durable=bus.PROFILES_CONSUMER, stream=bus.EVENTS_STREAM
        )

    async def handle(self, message: Message) -> None:
        """Apply one change."""
        event = event_pb2.Event.FromString(message.payload)
        kind = event.WhichOneof("data")
        if kind == "speaker_updated":
            updated = event.speaker_updated
            await self._follow(
                lambda names: names.rename(
                    updated.speaker_id, updated.name, workspace_id=updated.workspace_id
                )
            )
        elif kind == "speaker_restored":
            restored = event.speaker_restored
            into = restored.merged_into_speaker_id
            await self._follow(
                lambda names: names.relink(
                    restored.speaker_id, restored.name, into, workspace_id=restored.workspace_id
                )
            )
        elif kind == "speaker_deleted":
            await self._go(event.speaker_deleted, int(message.key.rpartition(".")[2]))

    async def _go(self, deleted: event_pb2.SpeakerDeleted, position: int) -> None:
        """Follow a profile that was deleted or merged, for good unless it is restorable."""
        profile, into = deleted.speaker_id, deleted.merged_into_speaker_id
        if deleted.restorable:
            async with self._database.transaction() as connection:
                await locks.acquire(connection, locks.PROFILES)
                await FollowedNames(connection, at_a_time=_AT_A_TIME).keep(profile)
        if into:
            await self._follow(lambda names: names.merge(profile, into))
        else:
            await self._follow(lambda names: names.unlink(profile))
        if not deleted.restorable:
            await self._forget(profile, erased=not into)
            # They hold the name of a person who may be forgotten.
            for verb in ("updated", "restored"):
                subject = bus.event_subject("*", "speaker", profile, verb)
                await self._events.erase(subject, before=position)

    async def _forget(self, profile: int, *, erased: bool) -> None:
        async with self._database.transaction() as connection:
            await FollowedNames(connection, at_a_time=_AT_A_TIME).forget(profile)
            if erased:
                # That service has no access to the ledger of erasures.
                await Erasures(connection).add(ErasureKind.VOICE, profile, reason=PROFILE_DELETED)

    async def _follow(self, change: Callable[[FollowedNames], Awaitable[int]]) -> None:
        """Change all transcripts of a profile, some of them per transaction.

        The lock may be given up in between. An answer of the speakers service that was asked for
        later than the event has its change already.
        """
        looked_at = 1
        while looked_at:
            async with self._database.transaction() as connection:
                await locks.acquire(connection, locks.PROFILES)
                looked_at = await change(FollowedNames(connection, at_a_time=_AT_A_TIME))
