"""Steps over messages of a JetStream stream, each isolated from the others."""

import asyncio
import contextlib
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from common import message_spans
from common.background.attempts import Attempt, ItemAttempts
from common.background.policy import is_outage
from common.background.steps import LEASE_SECONDS, IsolatedStep
from common.postgres import Database

_BATCH = 16
_OUTAGE_SECONDS = 2.0
#: The client refuses to fetch without waiting at all.
_LEAST_PATIENCE = 0.01
#: Another replica may take the messages that were waiting.
_REST_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message from the stream, or one kept after a failure."""

    key: str
    subject: str
    headers: dict[str, str]
    payload: bytes


class MessageStep(IsolatedStep[Message]):
    """A step over the messages of a stream, shared by all replicas.

    A failed message is moved from the stream to the table of attempts and retried from there, so
    that the stream continues. A message delivered too often is moved there as well, because the
    process may have died at it.
    """

    #: Seconds for which a fetch waits for messages.
    patience: ClassVar[float] = 10.0

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
        """Retry due messages, then handle new ones from the stream.

        Raises:
            ApplicationError, nats.errors.Error: a server is away. Nothing is lost.
        """
        try:
            await self._retry_kept()
            for message in await self._fetch():
                await self._take(message)
        except asyncio.CancelledError:
            await self._leave()
            raise

    async def _fetch(self) -> Sequence[Msg]:
        try:
            if self._consumer is None:
                self._consumer = await self.subscribe()
            # A fetch of several messages would wait for all of them.
            patience = max(_LEAST_PATIENCE, min(self.patience, self._again.due_in()))
            messages: list[Msg] = await self._consumer.fetch(1, timeout=patience)
            waiting = min(_BATCH - 1, messages[0].metadata.num_pending if messages else 0)
            if waiting:
                with contextlib.suppress(TimeoutError):
                    messages += await self._consumer.fetch(waiting, timeout=_REST_SECONDS)
        except TimeoutError:  # the client raises its own subclass, and sometimes this one
            return []
        except nats.errors.Error:
            # The server may have lost its data. Subscribing again creates the consumer.
            await self._leave()
            raise
        return messages

    async def _leave(self) -> None:
        """Unsubscribe. Otherwise the last request would take a message that nobody handles."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(nats.errors.Error):
                await consumer.unsubscribe()

    async def _take(self, delivered: Msg) -> None:
        sequence = delivered.metadata.sequence
        message = Message(
            key=f"{delivered.metadata.stream}.{sequence.stream if sequence else 0}",
            subject=delivered.subject,
            headers=dict(delivered.headers or {}),
            payload=delivered.data,
        )
        with self._bound(message.key):
            if (delivered.metadata.num_delivered or 1) > self.policy.most_attempts:
                # Processes died at it, or servers were away. The table tells the two apart.
                await self._keep(message, attempts=0, pause=0.0)
                await delivered.ack()
                return
            try:
                async with asyncio.timeout(self.policy.timeout):
                    await self._traced(message)
            except Exception as error:
                if is_outage(error):
                    with contextlib.suppress(nats.errors.Error):
                        await delivered.nak(delay=_OUTAGE_SECONDS)
                    raise
                await self._keep(message, attempts=1, pause=self.policy.pause(1))
                await self._failed(
                    message, Attempt(item=message.key, number=1, outages=0, age=0.0), error
                )
            await delivered.ack()

    async def _keep(self, message: Message, *, attempts: int, pause: float) -> None:
        async with self._database.transaction() as connection:
            await ItemAttempts(connection).keep(
                self.name,
                message.key,
                attempts=attempts,
                pause=pause,
                subject=message.subject,
                headers=message.headers,
                payload=message.payload,
            )

    async def _retry_kept(self) -> None:
        for _ in range(_BATCH):
            async with self._database.statements() as connection:
                kept = await ItemAttempts(connection).claim_message(self.name, LEASE_SECONDS)
            if kept is None:
                return
            message = Message(
                key=kept.attempt.item,
                subject=kept.subject,
                headers=kept.headers,
                payload=kept.payload,
            )
            with self._bound(message.key):
                await self._attempt(message, kept.attempt, self._traced)

    async def _traced(self, message: Message) -> None:
        """Handle a message in the trace of its publisher."""
        with message_spans.receiving(message.subject, message.headers):
            await self.handle(message)
