"""Tells everybody when the queue has changed, at most once a second over all replicas."""

import asyncio

from nats.aio.client import Client
from nats.aio.msg import Msg

from common import bus
from common.background.wakeups import WakeUp
from common.events import EventPublisher
from common.postgres import Database
from common.times import duration
from securetranscribe.v1 import event_pb2
from transcriber.queue.queue_status import QueueMonitor, QueueSnapshot
from transcriber.store import announcements

INTERVAL_SECONDS = 1.0


class QueueAnnouncer:
    """Announces the queue after each change; changes within a second are one."""

    def __init__(
        self, database: Database, monitor: QueueMonitor, publisher: EventPublisher, wake_up: WakeUp
    ) -> None:
        self._database = database
        self._monitor = monitor
        self._publisher = publisher
        self._wake_up = wake_up
        self._last: event_pb2.QueueChanged | None = None

    async def listen(self, client: Client) -> None:
        """Hears from now on what other replicas do to jobs."""

        async def hear(message: Msg) -> None:
            if not message.subject.endswith(".progress"):
                self._wake_up.notify()

        await client.subscribe(bus.event_subject("*", "job", "*", "*"), cb=hear)

    async def step(self) -> None:
        """Announces the queue if it is not as it was announced last."""
        async with self._database.transaction() as connection:
            changed = message(await self._monitor.snapshot(connection))
        if changed == self._last:
            return
        async with self._database.transaction() as connection:
            turn = await announcements.claim(connection, INTERVAL_SECONDS)
        if turn:
            await self._publisher.publish(event_pb2.Event(queue_changed=changed))
            self._last = changed
        else:
            # Another replica has just announced something, perhaps from before this change.
            self._wake_up.notify()
        await asyncio.sleep(INTERVAL_SECONDS)


def message(snapshot: QueueSnapshot) -> event_pb2.QueueChanged:
    """The queue as an event tells it, estimates to the second."""
    changed = event_pb2.QueueChanged(
        queued_jobs=snapshot.queued,
        processing_jobs=snapshot.processing,
        places=[
            event_pb2.QueuePlace(
                session_id=session_id,
                position=place.position,
                estimated_wait=None if place.wait is None else duration(round(place.wait)),
            )
            for session_id, place in snapshot.places.items()
        ],
    )
    if snapshot.forecast.next_begin is not None:
        changed.estimated_wait.CopyFrom(duration(round(snapshot.forecast.next_begin)))
    return changed
