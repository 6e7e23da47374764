"""From NATS to the hub: one subscription for the whole process."""

import asyncio
import contextlib

import nats.errors
from google.protobuf.message import DecodeError
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from common import bus, events, logging
from gateway.live.hub import Hub
from securetranscribe.v1 import event_pb2

QUEUE_SECONDS = 1.0
_ALL = f"{bus.PREFIX}.events.v1.>"
_log = logging.get(__name__)


class Feed:
    """Takes events as they are published. Changes of the queue are passed on once a second."""

    def __init__(self, client: Client, hub: Hub, *, queue_seconds: float = QUEUE_SECONDS) -> None:
        self._client = client
        self._hub = hub
        self._queue_seconds = queue_seconds
        self._subscription: Subscription | None = None
        self._change: event_pb2.QueueChanged | None = None
        self._changed = asyncio.Event()

    async def subscribe(self) -> None:
        """Begins to listen."""
        self._subscription = await self._client.subscribe(_ALL, cb=self._take)

    async def unsubscribe(self) -> None:
        """Listens no more; fine while NATS is away."""
        if self._subscription is not None:
            with contextlib.suppress(nats.errors.Error):
                await self._subscription.unsubscribe()

    async def run(self) -> None:
        """Tells the clients of changes of the queue, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._change is not None:
                await self._hub.tell_queue(self._change)
            await asyncio.sleep(self._queue_seconds)

    async def _take(self, message: Msg) -> None:
        try:
            event = events.parse(message)
        except DecodeError:
            _log.warning("not an event", subject=message.subject)
            return
        if event.WhichOneof("data") == "queue_changed":
            self._change = event.queue_changed
            self._changed.set()
        else:
            self._hub.dispatch(event)
        # A burst of messages would be taken in one go otherwise, and then all be sent in one go.
        await asyncio.sleep(0)
