"""Events of the stream, noted for webhooks."""

import datetime as dt
from collections.abc import Callable

from google.protobuf.message import DecodeError
from nats.js import JetStreamContext

from common import bus, events
from common.background.message_steps import Message, MessageStep
from common.errors import ValidationError
from common.postgres import Database
from gateway.webhooks import payloads
from gateway.webhooks.delivery_queue import DeliveryQueue
from securetranscribe.v1 import event_pb2


class WebhookEvents(MessageStep):
    """Notes deliveries of kept events, with one consumer for all replicas."""

    name = "webhooks"
    items = "events for webhooks"
    outcome = "The event is sent to no webhook, and is listed."

    def __init__(
        self, database: Database, stream: JetStreamContext, *, now: Callable[[], dt.datetime]
    ) -> None:
        super().__init__(database, stream)
        self._now = now

    async def subscribe(self) -> JetStreamContext.PullSubscription:
        """Bind to the consumer, creating it if it is missing."""
        await self._stream.add_consumer(bus.EVENTS_STREAM, bus.webhooks_consumer())
        return await self._stream.pull_subscribe_bind(
            durable=bus.WEBHOOKS_CONSUMER, stream=bus.EVENTS_STREAM
        )

    async def handle(self, message: Message) -> None:
        """Note one event for the webhooks of its workspace."""
        try:
            event = event_pb2.Event.FromString(message.payload)
        except DecodeError as error:
            raise ValidationError.of("event", "The event cannot be read.") from error
        payload = payloads.of_event(event)
        workspace_id = events.workspace_of(event)
        if payload is None or not workspace_id:
            return
        async with self._database.statements() as connection:
            await DeliveryQueue(connection).note(workspace_id, event.event_id, payload, self._now())
