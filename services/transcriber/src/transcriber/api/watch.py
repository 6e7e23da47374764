"""Lets callers watch a transcription: they are woken when something happens to it."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator

from google.protobuf.message import DecodeError
from nats.aio.client import Client
from nats.aio.msg import Msg

from common import bus, events
from common.errors import NotFoundError, UnavailableError
from common.postgres import Database
from transcriber.domain.transcriptions import Transcription
from transcriber.store.transcriptions import Transcriptions

#: Looked at anyway after so long (seconds): what core NATS tells can get lost.
_REGULARLY_SECONDS = 5.0
#: Not looked at more often than this.
_LEAST_SECONDS = 0.2


class ChangeHub:
    """Who watches what in this process. Hears of changes on all replicas over NATS."""

    def __init__(self) -> None:
        self._watchers: defaultdict[int, set[asyncio.Event]] = defaultdict(set)
        self.closed = False

    async def listen(self, client: Client) -> None:
        """Hears from now on what happens to jobs and transcriptions."""
        for entity in ("job", "transcription"):
            await client.subscribe(bus.event_subject("*", entity, "*", "*"), cb=self._hear)

    def close(self) -> None:
        """Ends all watching: the process stops."""
        self.closed = True
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.set()

    @contextlib.contextmanager
    def watch(self, transcription_id: int) -> Iterator[asyncio.Event]:
        """An event that is set at each change."""
        watcher = asyncio.Event()
        self._watchers[transcription_id].add(watcher)
        try:
            yield watcher
        finally:
            self._watchers[transcription_id].discard(watcher)
            if not self._watchers[transcription_id]:
                del self._watchers[transcription_id]

    async def _hear(self, message: Msg) -> None:
        try:
            event = events.parse(message)
        except DecodeError:
            return
        kind = event.WhichOneof("data")
        if kind is not None:
            changed = getattr(getattr(event, kind), "transcription_id", 0)
            for watcher in self._watchers.get(changed, ()):
                watcher.set()


async def states(
    database: Database, hub: ChangeHub, transcription_id: int, session_id: str
) -> AsyncIterator[Transcription]:
    """A session's transcription as it is now and after each change, until its job has ended.

    One without a job is watched until it has had one.

    Raises:
        NotFoundError: the session has no such transcription, or it was deleted meanwhile.
        UnavailableError: this process stops.
    """
    shown: Transcription | None = None
    with hub.watch(transcription_id) as changed:
        while True:
            changed.clear()
            async with database.transaction() as connection:
                current = await Transcriptions(connection).find(transcription_id, session_id)
            if current is None:
                raise NotFoundError("There is no such transcription.")
            if current != shown:
                yield current
                shown = current
            if current.job is not None and not current.job.status.live:
                return
            await asyncio.sleep(_LEAST_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REGULARLY_SECONDS):
                    await changed.wait()
            if hub.closed:
                raise UnavailableError("The service restarts; watch again.")
