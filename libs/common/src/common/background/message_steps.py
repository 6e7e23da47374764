"""Steps over messages of a JetStream stream, each isolated from the others."""

import asyncio
import contextlib
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from common import logging, message_spans, telemetry
from common.background.attempts import Attempt, ItemAttempts
from common.background.policy import is_outage, outage_pause, reason
from common.background.steps import LEASE_SECONDS, PROCESS_ENDED, IsolatedStep
from common.postgres import Database

_BATCH = 16
_OUTAGE_SECONDS = 2.0
_log = logging.get(__name__)


class Message:
    """A message from the stream, or one kept after a failure."""

    def __init__(self, key: str, subject: str, headers: dict[str, str], payload: bytes) -> None:
        self.key = key
        self.subject = subject
        self.headers = headers
        self.payload = payload


class MessageStep(IsolatedStep[Message]):
    """A step over the messages of a stream, shared by all replicas.

    A failed message is moved from the stream to the table of attempts and retried from there, so
    that the stream continues. Crashes are recognized by the number of deliveries.
    """

    #: Seconds for which a fetch waits for messages.
    patience: ClassVar[float] = 5.0

    def __init__(self, database: Database, stream: JetStreamContext) -> None:
        super().__init__(database)
        self._stream = stream
        self._consumer: JetStreamContext.PullSubscription | None = None

    @abstractmethod
    async def subscribe(self) -> JetStreamContext.PullSubscription:
        """Bind to the durable consumer. Create it if it is missing."""

    @abstractmethod
    async def handle(self, message: Message) -> None:
        """Handle one message. Returning acknowledges it. Raising counts as a failed attempt."""

    def key(self, item: Message) -> str:
        """Return the message's position in the stream."""
        return item.key

    async def step(self) -> None:
        """Retry messages that are due, then handle new ones from the stream.

        Raises:
            ApplicationError, nats.errors.Error: a server is away. Nothing is lost.
        """
        await self._retry_kept()
        for message in await self._fetch():
            await self._take(message)

    async def _fetch(self) -> Sequence[Msg]:
        try:
            if self._consumer is None:
                self._consumer = await self.subscribe()
            messages: list[Msg] = await self._consumer.fetch(_BATCH, timeout=self.patience)
        except TimeoutError:  # the client raises its own subclass, and sometimes this one
            return []
        except nats.errors.Error:
            # The server may have lost its data. Subscribing again creates the consumer.
            self._consumer = None
            raise
        return messages

    async def _take(self, delivered: Msg) -> None:
        sequence = delivered.metadata.sequence
        message = Message(
            f"{delivered.metadata.stream}.{sequence.stream if sequence else 0}",
            delivered.subject,
            dict(delivered.headers or {}),
            delivered.data,
        )
        with self._bound(message.key):
            deliveries = delivered.metadata.num_delivered or 1
            if deliveries > self.policy.most_attempts:
                await self._keep(message, deliveries, PROCESS_ENDED)
                await self._give_up(message, PROCESS_ENDED)
                await delivered.ack()
                return
            try:
                with message_spans.receiving(message.subject, message.headers):
                    async with asyncio.timeout(self.policy.timeout):
                        await self.handle(message)
            except Exception as error:
                if is_outage(error):
                    with contextlib.suppress(nats.errors.Error):
                        await delivered.nak(delay=_OUTAGE_SECONDS)
                    raise
                await self._keep(message, 1, reason(error))
                await self._failed(
                    message, Attempt(item=message.key, number=1, outages=0, age=0.0), error
                )
            await delivered.ack()

    async def _keep(self, message: Message, attempts: int, why: str) -> None:
        async with self._database.transaction() as connection:
            await ItemAttempts(connection).keep(
                self.name,
                message.key,
                attempts=attempts,
                error=why,
                pause=self.policy.pause(attempts),
                subject=message.subject,
                headers=message.headers,
                payload=message.payload,
            )

    async def _retry_kept(self) -> None:
        async with self._database.transaction() as connection:
            kept = await ItemAttempts(connection).claim_messages(self.name, _BATCH, LEASE_SECONDS)
        for item in kept:
            message = Message(item.attempt.item, item.subject, item.headers, item.payload)
            with self._bound(message.key):
                await self._retry(message, item.attempt)

    async def _retry(self, message: Message, attempt: Attempt) -> None:
        if attempt.number > self.policy.most_attempts:
            telemetry.ITEM_FAILURES.labels(self.name).inc()
            await self._give_up(message, PROCESS_ENDED)
            return
        try:
            async with asyncio.timeout(self.policy.timeout):
                await self.handle(message)
        except Exception as error:
            if is_outage(error):
                async with self._database.transaction() as connection:
                    await ItemAttempts(connection).postpone(
                        self.name, message.key, reason(error), outage_pause(attempt.outages)
                    )
                raise
            await self._failed(message, attempt, error)
            return
        async with self._database.transaction() as connection:
            await ItemAttempts(connection).settle(self.name, [message.key])
