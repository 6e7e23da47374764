"""Watching transcriptions: callers receive the state after each change."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from nats.aio.client import Client
from nats.aio.msg import Msg

from common import bus, events
from common.errors import NotFoundError, UnavailableError
from common.postgres import Connection, Database
from common.rights import Right
from transcriber.domain.jobs import Job, Stage
from transcriber.domain.partial_transcripts import PartialTranscript
from transcriber.domain.transcriptions import Transcription, TranscriptionStatus
from transcriber.sharing.access import TranscriptionAccess
from transcriber.store.live import LiveTexts
from transcriber.store.partial_transcripts import PartialTranscripts
from transcriber.store.transcriptions import Transcriptions

#: Longest time between reads, in seconds. Core NATS may lose messages.
_REGULARLY_SECONDS = 5.0
#: Least time between reads, in seconds.
_LEAST_SECONDS = 0.2


class ChangeHub:
    """Watchers in this process, woken by changes on all replicas."""

    def __init__(self) -> None:
        self._watchers: defaultdict[int, set[asyncio.Event]] = defaultdict(set)
        self.closed = False

    async def listen(self, client: Client) -> None:
        """Subscribe to events of jobs and transcriptions."""
        for entity in ("job", "transcription"):
            await client.subscribe(bus.event_subject("*", entity, "*", "*"), cb=self._hear)

    def close(self) -> None:
        """End all watches, as the process stops."""
        self.closed = True
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.set()

    @contextlib.contextmanager
    def watch(self, transcription_id: int) -> Iterator[asyncio.Event]:
        """Yield an `asyncio.Event`, set after each change."""
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


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchedState:
    """A transcription, and the text recognized since the state before.

    It is `own` if the caller's workspace owns it.
    """

    transcription: Transcription
    partial: PartialTranscript | None
    own: bool


class _Shown:
    """The part of a job's text already shown to a watcher."""

    def __init__(self) -> None:
        self._job_id = ""
        self._parts = 0
        self._sequence = 0

    async def rest(
        self, connection: Connection, transcription: Transcription
    ) -> PartialTranscript | None:
        """Return the text of the live job, or of the live session, not shown yet."""
        job = transcription.job
        if transcription.is_live:
            return await self._live_text(connection, transcription)
        if job is None or not job.status.live:
            return None
        first = self._parts if job.job_id == self._job_id else 0
        if _recognized_parts(job) <= first:
            return None
        found = await PartialTranscripts(connection).find(job.job_id, first=first)
        if found is not None:
            self._job_id, self._parts = job.job_id, found.parts
        return found

    async def _live_text(
        self, connection: Connection, transcription: Transcription
    ) -> PartialTranscript | None:
        found = await LiveTexts(connection).partial(transcription.id, after=self._sequence)
        if found is not None:
            self._sequence = found.parts
        return found


def _recognized_parts(job: Job) -> int:
    """Return the number of recognized parts, 0 for a recording processed as a whole."""
    return sum(
        stage.parts_done
        for stage in job.stages
        if stage.stage is Stage.TRANSCRIBE and stage.part_count > 1
    )


async def states(
    database: Database, hub: ChangeHub, transcription_id: int, access: TranscriptionAccess
) -> AsyncIterator[WatchedState]:
    """Yield a transcription now and after each change, until its job has ended.

    Without a job, the watch lasts until one has started and ended.

    Raises:
        NotFoundError: the caller does not reach the transcription (any more), or it was deleted.
        AuthorizationError: the caller may not read it.
        UnavailableError: the process stops.
    """
    shown: Transcription | None = None
    text = _Shown()
    with hub.watch(transcription_id) as changed:
        while True:
            changed.clear()
            found = await access.find(transcription_id, Right.READ)
            async with database.transaction() as connection:
                current = await Transcriptions(connection).find(
                    transcription_id, found.workspace_id
                )
                if current is None:
                    raise NotFoundError("There is no such transcription.")
                partial = await text.rest(connection, current)
            if current != shown or partial is not None:
                yield WatchedState(transcription=current, partial=partial, own=found.own)
                shown = current
            if current.status is TranscriptionStatus.FAILED:
                return
            if current.job is not None and not current.job.status.live:
                return
            await asyncio.sleep(_LEAST_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REGULARLY_SECONDS):
                    await changed.wait()
            if hub.closed:
                raise UnavailableError("The service restarts. Watch again.")
