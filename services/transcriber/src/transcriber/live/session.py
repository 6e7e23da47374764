"""One stream of a live session: its sound is stored, acknowledged and relayed."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from common import cancellation, logging
from common.errors import ApplicationError, LockedError, NotFoundError, ValidationError
from common.identity import Owner
from common.postgres import Database
from securetranscribe.v1 import capture_pb2, live_pb2
from transcriber.captures.finishing import CaptureEnds, FinishRequest
from transcriber.captures.reception import ChunkReception, NewChunk
from transcriber.live import messages, raw_sound
from transcriber.live.announcements import Announcements
from transcriber.live.arrival import ArrivingSound, Piece
from transcriber.live.messages import Response
from transcriber.live.outbound import Outbound
from transcriber.live.relay import Relay, RelayedSession
from transcriber.store.captures import Capture, Captures
from transcriber.store.live import LiveTexts

MOST_CHUNK_BYTES = 1024 * 1024
#: Chunks that are stored at the same time.
_AT_A_TIME = 4
_REPLAYED_AT_A_TIME = 200
#: How often (seconds) the tables are read for what other processes did.
_LOOK_SECONDS = 2.0
#: How often (seconds) a connected client keeps a session from becoming idle.
_TOUCH_SECONDS = 30.0
#: How long (seconds) the end of a session waits for the last results.
_LAST_RESULTS_SECONDS = 15.0
#: How often (seconds) it is checked meanwhile that a recognizer may give them.
_GLANCE_SECONDS = 0.25
Requests = AsyncIterator[live_pb2.LiveServiceStreamingRecognizeRequest]
#: Counts arriving bytes. Raises RateLimitedError.
Pay = Callable[[int], Awaitable[None]]
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True)
class SessionWork:
    """The work behind all sessions. `described` converts a capture for clients."""

    database: Database
    reception: ChunkReception
    ends: CaptureEnds
    described: Callable[[Capture], Awaitable[capture_pb2.Capture]]
    idle_seconds: float


class LiveStream:
    """One stream of a session."""

    def __init__(
        self,
        work: SessionWork,
        owner: Owner,
        *,
        session: RelayedSession,
        arriving: ArrivingSound,
        announcements: Announcements,
        make_relay: Callable[[Callable[[Response], None]], Relay],
        pay: Pay,
        after: int,
    ) -> None:
        """`after` is the last sequence that the client has."""
        self._work = work
        self._owner = owner
        self._session = session
        self._arriving = arriving
        self._pay = pay
        self._after = after
        self._outbound = Outbound()
        self._announcements = announcements
        self._relay = make_relay(self._put)
        self._relaying: asyncio.Task[None] | None = None
        self._places = asyncio.Semaphore(_AT_A_TIME)
        self._storing: set[asyncio.Task[None]] = set()
        self._finishing = False
        #: Whether the session has ended.
        self.ended = False

    async def responses(self, requests: Requests) -> AsyncGenerator[Response, None]:
        """Serve the stream until it ends.

        Raises:
            ApplicationError: it is broken off.
        """
        capture, last = await self._begin()
        described = await self._work.described(capture)
        yield messages.begun(described, capture.transcription_id, last)
        async for replayed in self._replay(last):
            yield replayed
        if capture.state != "receiving":
            yield messages.ended(described, _transcription_id(capture))
            return
        tasks = [
            self._start("live requests", self._read(requests)),
            self._start("live session", self._watch()),
            self._start("live announcements", self._announcements.run()),
        ]
        self._relaying = self._start("live relay", self._relayed())
        try:
            while (response := await self._outbound.next()) is not None:
                yield response
        finally:
            tasks += [self._relaying, *self._storing]
            await cancellation.end(tasks)

    def _put(self, response: Response) -> None:
        """Return a result to the client and to followers."""
        self._outbound.put(response)
        self._announcements.put(response)

    def close(self, error: ApplicationError) -> None:
        """Break the stream off, for the client to resume the session."""
        self._outbound.fail(error)

    async def _begin(self) -> tuple[Capture, int]:
        """Take the session over. Return its capture and its last sequence."""
        capture = self._session.capture
        async with self._work.database.transaction() as connection:
            texts = LiveTexts(connection)
            await texts.take_over(capture.capture_id, self._session.stream)
            state = await texts.state(capture.capture_id)
            found = await Captures(connection).find(capture.capture_id, capture.workspace_id)
        if state is None or found is None:
            raise NotFoundError("There is no such session.")
        self._arriving.advance(found.next_chunk)
        return found, state.sequence

    async def _replay(self, last: int) -> AsyncIterator[Response]:
        """Yield the results that the client has missed."""
        after = self._after
        number = self._session.capture.transcription_id
        while after < last:
            async with self._work.database.transaction() as connection:
                texts = await LiveTexts(connection).after(
                    number, after, until=last, limit=_REPLAYED_AT_A_TIME
                )
            for text in texts:
                if text.sequence > self._after:
                    yield messages.final(text)
                else:
                    yield messages.speaker(text.segment, text.label_sequence, text.label)
                after = max(text.sequence, text.label_sequence)
            if len(texts) < _REPLAYED_AT_A_TIME:
                return

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._outbound.fail(error)

    async def _relayed(self) -> None:
        try:
            await self._relay.run()
        except LockedError as error:
            # `_watch` finds out that the session has ended, or that another stream serves it.
            _log.info("live recognition ended", reason=error.message)
        except NotFoundError as error:
            _log.warning("live recognition gave up", reason=error.message)
            self._outbound.put(
                messages.notice(
                    live_pb2.LIVE_NOTICE_CODE_NOT_RECOGNIZABLE, messages.NOT_RECOGNIZABLE
                )
            )

    async def _read(self, requests: Requests) -> None:
        """Handle requests. A client that leaves without finishing can resume."""
        async for request in requests:
            kind = request.WhichOneof("live_request")
            if kind == "chunk":
                await self._accept(request.chunk)
            elif kind == "finish":
                if await self._finish(request.finish):
                    return
            else:
                raise ValidationError.of(
                    "live_request", "Send chunks, and finish at the end of the recording."
                )
        await self._stored()
        self._outbound.end()

    async def _accept(self, chunk: live_pb2.LiveChunk) -> None:
        if len(chunk.data) > MOST_CHUNK_BYTES:
            raise ValidationError.of("data", "A chunk must have at most 1 MiB. Send smaller ones.")
        await self._pay(len(chunk.data))
        await self._places.acquire()
        task = self._start("live chunk", self._store(chunk))
        self._storing.add(task)
        task.add_done_callback(self._stored_one)

    def _stored_one(self, task: asyncio.Task[None]) -> None:
        self._storing.discard(task)
        self._places.release()

    async def _store(self, chunk: live_pb2.LiveChunk) -> None:
        """Store a chunk, acknowledge it, and let the relay have it."""
        capture = await self._work.reception.put(
            self._owner,
            NewChunk(
                capture_id=self._session.capture.capture_id,
                number=chunk.number,
                starts_stream=chunk.starts_stream,
                data=chunk.data,
            ),
        )
        self._arriving.hold(
            Piece(
                number=chunk.number,
                data=chunk.data,
                starts_stream=raw_sound.begins_stream(
                    self._session.sound, chunk.number, claimed=chunk.starts_stream
                ),
            )
        )
        self._arriving.advance(capture.next_chunk)
        await self._acknowledge(capture)

    async def _acknowledge(self, capture: Capture) -> None:
        missing: list[int] = []
        if capture.next_chunk < capture.chunks_end:
            async with self._work.database.transaction() as connection:
                missing = await Captures(connection).missing(capture)
        self._outbound.put(messages.acknowledged(capture.next_chunk, missing))

    async def _stored(self) -> None:
        """Wait until all chunks are stored. Their errors end the stream."""
        if self._storing:
            await asyncio.wait(set(self._storing))

    async def _finish(self, request: live_pb2.LiveFinish) -> bool:
        """Finish the session. Return False if chunks are missing."""
        await self._stored()
        session = self._session.capture
        async with self._work.database.transaction() as connection:
            captures = Captures(connection)
            capture = await captures.find(session.capture_id, session.workspace_id)
            if capture is None:
                raise NotFoundError("There is no such session.")
            missing = []
            if capture.state == "receiving" and not request.allow_gaps:
                missing = await captures.missing(capture, request.chunk_count)
        if missing:
            self._outbound.put(messages.acknowledged(capture.next_chunk, missing))
            self._outbound.put(
                messages.notice(live_pb2.LIVE_NOTICE_CODE_CHUNKS_MISSING, messages.CHUNKS_MISSING)
            )
            return False
        self._finishing = True
        try:
            await self._last_results()
        finally:
            # Also for a client that leaves meanwhile, since this was its last message.
            ended = await self._work.ends.finish(
                session.workspace_id,
                FinishRequest(
                    capture_id=session.capture_id,
                    chunk_count=request.chunk_count,
                    allow_gaps=request.allow_gaps,
                ),
            )
        await self._end(ended)
        return True

    async def _last_results(self) -> None:
        """Wait for the results of the last sound, as long as a recognizer may give them."""
        self._arriving.finish()
        until = time.monotonic() + _LAST_RESULTS_SECONDS
        while self._relaying is not None and not self._relaying.done():
            if not self._relay.promising or time.monotonic() > until:
                return
            await asyncio.wait({self._relaying}, timeout=_GLANCE_SECONDS)

    async def _end(self, capture: Capture) -> None:
        self.ended = True
        described = await self._work.described(capture)
        ended = messages.ended(described, _transcription_id(capture))
        self._announcements.put(ended)
        await self._announcements.flush()
        self._outbound.end(ended)

    async def _watch(self) -> None:
        """Follow what other processes do to the session, and keep it from becoming idle.

        Raises:
            LockedError: another stream serves it.
            NotFoundError: it is gone.
        """
        looks = 0
        session = self._session
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            looks += 1
            async with self._work.database.transaction() as connection:
                captures = Captures(connection)
                state = await LiveTexts(connection).state(session.capture.capture_id)
                capture = await captures.find(
                    session.capture.capture_id, session.capture.workspace_id
                )
                if looks * _LOOK_SECONDS % _TOUCH_SECONDS < _LOOK_SECONDS:
                    await captures.touch(session.capture.capture_id, idle=self._work.idle_seconds)
            if state is None or capture is None:
                raise NotFoundError("There is no such session any more.")
            if state.stream != session.stream:
                raise LockedError("Another connection serves this session now.")
            if capture.state != "receiving" and not self._finishing:
                await self._end(capture)
                return
            self._arriving.advance(capture.next_chunk)


def _transcription_id(capture: Capture) -> int:
    """Return the transcription of a session, 0 if it was discarded."""
    return 0 if capture.state == "discarded" else capture.transcription_id
