"""Events received from NATS for the hub, and revocations published to the other processes."""

import asyncio
import contextlib
from collections import OrderedDict

import nats.errors
from google.protobuf.message import DecodeError
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from common import bus, events, logging
from common.errors import UnavailableError
from common.events import EventPublisher
from gateway.live.hub import Hub
from gateway.live.shared import SharedWatches
from gateway.sessions.session import Session
from securetranscribe.v1 import event_pb2

QUEUE_SECONDS = 1.0
#: Ids of the last events, some megabytes. Repetitions follow within seconds or an outage.
REMEMBERED = 20_000
_ALL = f"{bus.PREFIX}.events.v1.>"
_log = logging.get(__name__)


class Feed:
    """Subscription to all events, forwarded to the hub as they arrive, one per process.

    Queue changes are forwarded at most once per second. An event that is published again, after a
    crash of its service or of NATS, is not forwarded again.
    """

    def __init__(
        self,
        client: Client,
        hub: Hub,
        shared: SharedWatches,
        *,
        queue_seconds: float = QUEUE_SECONDS,
    ) -> None:
        self._client = client
        self._hub = hub
        self._shared = shared
        self._queue_seconds = queue_seconds
        self._subscription: Subscription | None = None
        self._change: event_pb2.QueueChanged | None = None
        self._changed = asyncio.Event()
        self._arrived: OrderedDict[str, None] = OrderedDict()

    async def subscribe(self) -> None:
        """Subscribe to all events."""
        self._subscription = await self._client.subscribe(_ALL, cb=self._take)

    async def unsubscribe(self) -> None:
        """Unsubscribe. Errors are ignored while NATS is away."""
        if self._subscription is not None:
            with contextlib.suppress(nats.errors.Error):
                await self._subscription.unsubscribe()

    async def step(self) -> None:
        """Wait for a queue change and forward it."""
        await self._changed.wait()
        self._changed.clear()
        if self._change is not None:
            await self._hub.dispatch_queue(self._change)
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
        elif self._is_repeated(event.event_id):
            _log.info("the event has arrived before", subject=message.subject)
        elif event.WhichOneof("data") == "transcription_shared":
            self._shared.changed(event.transcription_shared)
        else:
            self._hub.dispatch(event)
        # Yield, so that a burst of messages is not processed and sent in one step.
        await asyncio.sleep(0)

    def _is_repeated(self, event_id: str) -> bool:
        """Return whether an event has arrived before, and remember it."""
        if not event_id:
            return False
        if event_id in self._arrived:
            return True
        self._arrived[event_id] = None
        if len(self._arrived) > REMEMBERED:
            self._arrived.popitem(last=False)
        return False


class Revocations:
    """Closes local connections of changed sessions, and publishes the changes."""

    def __init__(self, publisher: EventPublisher, hub: Hub) -> None:
        self._publisher = publisher
        self._hub = hub

    async def announce(self, session: Session) -> None:
        """Announce a session already revoked in the database.

        If NATS is away, the other services notice once their short-lived caches expire.
        """
        self._hub.end_session(session)
        event = event_pb2.Event(
            session_id=session.session_id,
            workspace_id=session.workspace_id,
            session_revoked=event_pb2.SessionRevoked(token_sha256=session.token_sha256),
        )
        await self._publish(event)

    async def announce_changed(self, session: Session) -> None:
        """Announce a session's change of rights or workspace.

        Its connections are closed, and clients connect again with what it has now.
        """
        self._hub.reconnect(session)
        event = event_pb2.Event(
            session_id=session.session_id,
            workspace_id=session.workspace_id,
            session_changed=event_pb2.SessionChanged(token_sha256=session.token_sha256),
        )
        await self._publish(event)

    async def _publish(self, event: event_pb2.Event) -> None:
        try:
            await self._publisher.publish(event)
        except UnavailableError as error:
            _log.error("cannot publish a change of a session", reason=error.message)
