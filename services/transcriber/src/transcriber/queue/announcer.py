"""Announcements of the changed queue, at most one per second over all replicas."""

import asyncio
import time
from itertools import islice

from nats.aio.client import Client
from nats.aio.msg import Msg

from common import bus
from common.background.wakeups import WakeUp
from common.events import EventPublisher
from common.postgres import Connection, Database, execute
from common.times import duration
from securetranscribe.v1 import event_pb2
from transcriber.queue.queue_status import QueueMonitor, QueueSnapshot, rest_after

INTERVAL_SECONDS = 1.0
#: Workspaces whose places are announced, those that come first. With more, a message would be
#: larger than the server takes. The others read theirs.
MOST_PLACES = 6000
_CLAIM = """
UPDATE queue_announcement SET announced_at = clock_timestamp()
WHERE announced_at <= clock_timestamp() - make_interval(secs => %s)
"""


class QueueAnnouncer:
    """Announces the queue after changes. Changes within a second are announced together."""

    def __init__(
        self, database: Database, monitor: QueueMonitor, publisher: EventPublisher, wake_up: WakeUp
    ) -> None:
        self._database = database
        self._monitor = monitor
        self._publisher = publisher
        self._wake_up = wake_up
        self._last: event_pb2.QueueChanged | None = None

    async def listen(self, client: Client) -> None:
        """Subscribe to changes of jobs by all replicas."""

        async def hear(message: Msg) -> None:
            if not message.subject.endswith(".progress"):
                self._wake_up.notify()

        await client.subscribe(bus.event_subject("*", "job", "*", "*"), cb=hear)

    async def step(self) -> None:
        """Announce the queue if it has changed since the last announcement."""
        begun = time.monotonic()
        async with self._database.statements() as connection:
            changed = message(await self._monitor.snapshot(connection))
        rest = rest_after(time.monotonic() - begun)
        if changed == self._last:
            return
        async with self._database.statements() as connection:
            claimed = await _claim(connection)
        if claimed:
            await self._publisher.publish(event_pb2.Event(queue_changed=changed))
            self._last = changed
        else:
            # Another replica has just announced the queue, perhaps before this change.
            self._wake_up.notify()
        await asyncio.sleep(max(INTERVAL_SECONDS, rest))


async def _claim(connection: Connection) -> bool:
    """Return whether no replica has made an announcement within the interval."""
    return await execute(connection, _CLAIM, (INTERVAL_SECONDS,)) == 1


def message(snapshot: QueueSnapshot) -> event_pb2.QueueChanged:
    """Convert a snapshot to an event, with estimates rounded to seconds."""
    changed = event_pb2.QueueChanged(
        queued_jobs=snapshot.queued,
        processing_jobs=snapshot.processing,
        places=[
            event_pb2.QueuePlace(
                # Gateways of the version before look for their session.
                session_id=workspace_id,
                workspace_id=workspace_id,
                position=place.position,
                estimated_wait=None if place.wait is None else duration(round(place.wait)),
            )
            for workspace_id, place in islice(snapshot.places.items(), MOST_PLACES)
        ],
    )
    if snapshot.forecast.next_begin is not None:
        changed.estimated_wait.CopyFrom(duration(round(snapshot.forecast.next_begin)))
    return changed
