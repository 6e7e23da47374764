"""Transactional outbox: messages written with a transaction and published at least once after it.

The table is part of the service's own schema and has at least the columns named here. A message
for a stream carries an id, so that JetStream drops duplicates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client
from nats.js import JetStreamContext
from psycopg.types.json import Jsonb

from common import events, message_spans, telemetry
from common.background.policy import is_outage
from common.background.steps import BatchStep
from common.postgres import Connection, Database, execute, fetch_all, fetch_one, give_work
from securetranscribe.v1 import event_pb2

STEP = "outbox"
_ANSWER_SECONDS = 5.0
_ADD = """
INSERT INTO outbox (kind, subject, headers, payload)
VALUES (%(kind)s, %(subject)s, %(headers)s, %(payload)s)
"""
# The lock makes several replicas publish in order, and nothing twice.
_NEXT = """
SELECT id, kind, subject, headers, payload FROM outbox
WHERE NOT item_rests('outbox', id::text) ORDER BY id LIMIT %s FOR UPDATE
"""
_REMOVE = "DELETE FROM outbox WHERE id = ANY(%s)"
_COUNT = "SELECT count(*) AS messages FROM outbox"


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxMessage:
    """A message to publish. JetStream stores and acknowledges `kept` ones."""

    id: int
    kept: bool
    subject: str
    headers: dict[str, str]
    payload: bytes


class Outbox:
    """Messages to publish after the transaction that adds them."""

    def __init__(self, connection: Connection, *, source: str) -> None:
        """`source` names the service in its events."""
        self._connection = connection
        self._source = source

    async def event(self, event: event_pb2.Event) -> None:
        """Add a public event, for current subscribers only if no stream keeps it."""
        ready = events.envelope(event, source=self._source)
        kind = "kept" if events.is_kept(event) else "notice"
        row = self.row(kind, ready.subject, ready.headers, ready.payload)
        await self.add(_ADD, row)

    async def keep(self, subject: str, headers: Mapping[str, Any], payload: bytes) -> None:
        """Add a message for a JetStream stream."""
        await self.add(_ADD, self.row("kept", subject, headers, payload))

    async def notice(self, subject: str, payload: bytes = b"") -> None:
        """Add a message for current subscribers only."""
        await self.add(_ADD, self.row("notice", subject, {}, payload))

    async def add(self, statement: str, row: Mapping[str, object]) -> None:
        """Add a row by a statement. It is published as soon as the transaction has committed."""
        await execute(self._connection, statement, row)
        give_work(self._connection, STEP)

    @staticmethod
    def row(
        kind: str, subject: str, headers: Mapping[str, Any], payload: bytes
    ) -> dict[str, object]:
        """Return the parameters of a row."""
        return {
            "kind": kind,
            "subject": subject,
            "headers": Jsonb(dict(headers)),
            "payload": payload,
        }


class UnpublishedMessages:
    """Messages of committed transactions, as the relay reads and removes them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def next(self, limit: int) -> list[OutboxMessage]:
        """Return the oldest messages whose next attempt is due, locked."""
        return [
            OutboxMessage(
                id=row["id"],
                kept=row["kind"] == "kept",
                subject=row["subject"],
                headers=row["headers"],
                payload=bytes(row["payload"]),
            )
            for row in await fetch_all(self._connection, _NEXT, (limit,))
        ]

    async def remove(self, ids: Sequence[int]) -> None:
        """Remove published messages."""
        await execute(self._connection, _REMOVE, (list(ids),))

    async def count(self) -> int:
        """Return the number of unpublished messages, including those set aside."""
        row = await fetch_one(self._connection, _COUNT)
        return int(row["messages"]) if row else 0


class OutboxRelay(BatchStep[OutboxMessage]):
    """Publisher of the outbox, in order. A message that fails does not hold up the others.

    After a crash a message may be published twice. JetStream drops the duplicate by its id.
    """

    name = STEP
    items = "messages to publish"
    outcome = "The message stays unpublished."

    def __init__(self, database: Database, client: Client, stream: JetStreamContext) -> None:
        super().__init__(database)
        self._client = client
        self._stream = stream

    def key(self, item: OutboxMessage) -> str:
        """Return the id of the row."""
        return str(item.id)

    async def due(self, connection: Connection, limit: int) -> Sequence[OutboxMessage]:
        """Return the oldest messages, locked against other replicas."""
        return await UnpublishedMessages(connection).next(limit)

    async def handle(self, _connection: Connection, item: OutboxMessage) -> None:
        """Publish one message and wait for the acknowledgment of JetStream."""
        if not item.kept:
            await self._client.publish(item.subject, item.payload, headers=item.headers or None)
            return
        with message_spans.publishing(item.subject, item.headers) as headers:
            answer = await self._stream.publish(
                item.subject, item.payload, headers=headers, timeout=_ANSWER_SECONDS
            )
        self.published(item, answer.seq)

    async def _try(self, connection: Connection, item: OutboxMessage) -> Exception | None:
        """Publish a message without a savepoint, since that changes no rows."""
        try:
            await self.handle(connection, item)
        except Exception as error:
            if is_outage(error):
                raise
            return error
        return None

    def published(self, item: OutboxMessage, sequence: int) -> None:
        """Note a message's position in its stream."""

    async def handled(self, connection: Connection, items: Sequence[OutboxMessage]) -> None:
        """Remove published messages."""
        messages = UnpublishedMessages(connection)
        await messages.remove([item.id for item in items])
        telemetry.OUTBOX_MESSAGES.set(await messages.count())
