"""Relay of the outbox. It stores the stream sequence of each published task."""

from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus
from common.outbox import OutboxMessage, OutboxRelay
from common.postgres import Database
from transcriber.store.early_parts import EarlyParts
from transcriber.store.jobs import Jobs
from transcriber.store.tasks import Tasks

_TASKS = bus.tasks_subject("")


class JobOutboxRelay(OutboxRelay):
    """Publishes the transcriber's outbox."""

    def __init__(self, database: Database, client: Client, stream: JetStreamContext) -> None:
        super().__init__(database, client, stream)
        self._sequences: dict[str, int] = {}

    def published(self, item: OutboxMessage, sequence: int) -> None:
        """Remember the sequence of a task until the batch is committed."""
        if item.subject.startswith(_TASKS):
            task_id = item.headers["Nats-Msg-Id"].rpartition(".")[0]
            self._sequences[task_id] = sequence

    async def committed(self) -> None:
        """Store the sequences of tasks, in a separate transaction.

        A cancellation locks the job before its messages, and the batch holds the messages.
        """
        sequences, self._sequences = self._sequences, {}
        if not sequences:
            return
        async with self._database.transaction() as connection:
            tasks = Tasks(connection)
            await Jobs(connection).lock(await tasks.jobs_of(list(sequences)))
            for task_id, sequence in sequences.items():
                if not await EarlyParts(connection).published(task_id, sequence):
                    await tasks.published(task_id, sequence)
