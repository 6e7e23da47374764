"""Publishes what transactions left in the outbox, in order, until NATS has taken it."""

from nats.aio.client import Client
from nats.js import JetStreamContext

from common import message_spans, telemetry
from common.postgres import Database
from transcriber.store import locks
from transcriber.store.jobs import Jobs
from transcriber.store.outbox import Outbox, OutboxMessage
from transcriber.store.tasks import Tasks

_BATCH = 100


class OutboxRelay:
    """The way from the outbox to NATS. Replicas take turns, so that the order stays."""

    def __init__(self, database: Database, client: Client, stream: JetStreamContext) -> None:
        self._database = database
        self._client = client
        self._stream = stream

    async def step(self) -> None:
        """Publishes all there is.

        A process that dies in between publishes again: the message id lets JetStream drop it.
        """
        while await self._publish_batch() == _BATCH:
            pass

    async def _publish_batch(self) -> int:
        sequences: dict[str, int] = {}
        async with self._database.transaction() as connection:
            await locks.wait_for(connection, locks.OUTBOX)
            outbox = Outbox(connection)
            batch = await outbox.next(_BATCH)
            for message in batch:
                sequence = await self._publish(message)
                if message.task_id is not None and sequence is not None:
                    sequences[message.task_id] = sequence
            await outbox.remove([message.id for message in batch])
            telemetry.OUTBOX_MESSAGES.set(await outbox.pending())
        if sequences:
            # In a transaction of its own: whoever cancels a job locks it before its messages.
            async with self._database.transaction() as connection:
                tasks = Tasks(connection)
                await Jobs(connection).lock(await tasks.jobs_of(list(sequences)))
                for task_id, sequence in sequences.items():
                    await tasks.published(task_id, sequence)
        return len(batch)

    async def _publish(self, message: OutboxMessage) -> int | None:
        if not message.kept:
            await self._client.publish(message.subject, message.payload)
            return None
        with message_spans.publishing(message.subject, message.headers) as headers:
            answer = await self._stream.publish(message.subject, message.payload, headers=headers)
        return answer.seq
