"""Publishes what transactions left in the outbox, in order, until NATS has taken it."""

import asyncio

import nats.errors
import nats.js.errors
from nats.js import JetStreamContext

from common import logging, message_spans, telemetry
from common.errors import UnavailableError
from common.postgres import Database
from speakers.store.outbox import Outbox

_BATCH = 100
_IDLE_SECONDS = 0.5
_RETRY_SECONDS = 2.0
_ANSWER_SECONDS = 3.0
_log = logging.get(__name__)


class OutboxPublisher:
    """Runs beside the server.

    The transcriber keeps names of profiles: it must hear of every profile that was renamed,
    merged or deleted, even if NATS was away or this process died the moment after. So events are
    rows of the transaction they tell of, and leave the table once JetStream has them. Each carries
    an id by which JetStream drops a repetition.
    """

    def __init__(self, database: Database, stream: JetStreamContext) -> None:
        self._database = database
        self._stream = stream

    async def run(self) -> None:
        """Publishes for ever."""
        while True:
            try:
                published = await self.publish()
            except (nats.errors.Error, nats.js.errors.Error, UnavailableError) as error:
                _log.warning(
                    "events wait to be published", error=str(error) or type(error).__name__
                )
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if published < _BATCH:
                await asyncio.sleep(_IDLE_SECONDS)

    async def publish(self) -> int:
        """Publishes the oldest messages; returns how many.

        Raises:
            UnavailableError: the database does not answer.
            nats.errors.Error: JetStream does not answer; nothing is lost.
        """
        async with self._database.transaction() as connection:
            outbox = Outbox(connection)
            messages = await outbox.next(_BATCH)
            for message in messages:
                with message_spans.publishing(message.subject, message.headers) as headers:
                    await self._stream.publish(
                        message.subject, message.payload, headers=headers, timeout=_ANSWER_SECONDS
                    )
            if messages:
                await outbox.remove([message.id for message in messages])
        telemetry.OUTBOX_MESSAGES.set(0 if len(messages) < _BATCH else _BATCH)
        return len(messages)
