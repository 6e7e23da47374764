"""Live sessions of this process: their creation, and the streams that serve them."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from nats.aio.client import Client

from common.audio.signals import ChannelMode
from common.errors import NotFoundError, StateError, UnavailableError
from common.identity import Owner
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import capture_pb2
from transcriber.captures.creation import CaptureCreator
from transcriber.captures.finishing import CaptureEnds
from transcriber.captures.reception import ChunkReception
from transcriber.domain.live import LiveSound
from transcriber.domain.options import ProcessingOptions
from transcriber.live.announcements import Announcements
from transcriber.live.arrival import ArrivingSound
from transcriber.live.followers import LiveFollowers
from transcriber.live.labels import SpeakerLabels
from transcriber.live.recognizer import LiveRecognizer
from transcriber.live.relay import Relay, RelayedSession
from transcriber.live.restart import RestartPlaces
from transcriber.live.session import LiveStream, Pay, SessionWork
from transcriber.live.session_speakers import SessionSpeakers
from transcriber.recordings.acceptance import UploadRequest
from transcriber.resumable.encoding import request_from_json
from transcriber.store.captures import Capture, Captures
from transcriber.store.vocabulary import VocabularyStore
from transcriber.vocabulary import hot_words

_RESTARTS = "The server restarts. Resume the session."


@dataclass(frozen=True, kw_only=True)
class LiveDependencies:
    """The work behind live sessions."""

    database: Database
    objects: ObjectStore
    executor: Executor
    client: Client
    recognizer: LiveRecognizer
    speakers: SessionSpeakers
    creator: CaptureCreator
    reception: ChunkReception
    ends: CaptureEnds
    described: Callable[[Capture], Awaitable[capture_pb2.Capture]]
    bucket: str
    idle_seconds: float


class LiveSessions:
    """Creates, finds and serves live sessions. Their state is in the tables only."""

    def __init__(self, dependencies: LiveDependencies) -> None:
        self._dependencies = dependencies
        self._streams: set[LiveStream] = set()
        self._closed = False
        #: The followers of sessions, which any process may serve.
        self.followers = LiveFollowers(dependencies.database, dependencies.client)
        self._places = RestartPlaces(
            dependencies.database,
            dependencies.objects,
            dependencies.executor,
            bucket=dependencies.bucket,
        )
        self._work = SessionWork(
            database=dependencies.database,
            reception=dependencies.reception,
            ends=dependencies.ends,
            described=dependencies.described,
            idle_seconds=dependencies.idle_seconds,
        )

    async def create(
        self, owner: Owner, request: UploadRequest, *, title: str, sound: LiveSound
    ) -> Capture:
        """Create a session, or return that of an earlier call with the same request id.

        Raises:
            StateError: the request id is that of a capture without live text.
            ApplicationError: it is refused, as other captures are.
        """
        media_type = sound.encoding.media_type
        return _live(
            await self._dependencies.creator.create(
                owner, request, title=title, media_type=media_type, live=sound
            )
        )

    async def find(self, capture_id: str, owner: Owner) -> Capture:
        """Return the capture of a session.

        Raises:
            NotFoundError: the workspace has no such capture. The details have the `workspace_id` of
                a capture that the same session has begun in another workspace.
            StateError: it has no live text.
        """
        async with self._dependencies.database.transaction() as connection:
            captures = Captures(connection)
            found = await captures.find(capture_id, owner.workspace_id)
            elsewhere = None
            if found is None:
                elsewhere = await captures.workspace_of(capture_id, owner.session_id)
        if elsewhere is not None:
            raise NotFoundError(
                "This recording was begun in another workspace. Switch to it to go on.",
                {"workspace_id": elsewhere},
            )
        if found is None:
            raise NotFoundError("There is no such capture.")
        return _live(found)

    @contextlib.asynccontextmanager
    async def stream(
        self, owner: Owner, capture: Capture, *, after: int, pay: Pay
    ) -> AsyncIterator[LiveStream]:
        """Yield a stream that serves a session. The client has the results up to `after`.

        Raises:
            UnavailableError: the process is shutting down.
        """
        options = await self._options(capture)
        speakers = await self._dependencies.speakers.of(capture, options)
        stream = self._made(owner, capture, options, speakers, after=after, pay=pay)
        if self._closed:
            raise UnavailableError(_RESTARTS)
        self._streams.add(stream)
        try:
            yield stream
        finally:
            self._streams.discard(stream)
            self._dependencies.speakers.release(capture.capture_id, ended=stream.ended)

    def close(self) -> None:
        """Break all streams off and accept no more. Other processes go on with the sessions."""
        self._closed = True
        self.followers.close()
        for stream in self._streams:
            stream.close(UnavailableError(_RESTARTS))

    def _made(
        self,
        owner: Owner,
        capture: Capture,
        options: ProcessingOptions,
        speakers: SpeakerLabels | None,
        *,
        after: int,
        pay: Pay,
    ) -> LiveStream:
        dependencies, sound = self._dependencies, capture.live
        assert sound is not None, "it is live"
        session = RelayedSession(
            capture=capture,
            sound=sound,
            options=options,
            stream=secrets.token_hex(8),
            separate=sound.channels > 1 and options.channels is not ChannelMode.MIX,
        )
        arriving = ArrivingSound(
            dependencies.database,
            dependencies.objects,
            bucket=dependencies.bucket,
            capture_id=capture.capture_id,
            sound=sound,
            next_chunk=capture.next_chunk,
        )
        return LiveStream(
            self._work,
            owner,
            session=session,
            arriving=arriving,
            announcements=Announcements(dependencies.client, capture.transcription_id),
            make_relay=lambda put: Relay(
                dependencies.database,
                dependencies.recognizer,
                self._places,
                session=session,
                arriving=arriving,
                speakers=speakers,
                put=put,
            ),
            pay=pay,
            after=after,
        )

    async def _options(self, capture: Capture) -> ProcessingOptions:
        """Return the options of a session, with the terms of the workspace's vocabulary."""
        options = request_from_json(capture.request).options
        async with self._dependencies.database.transaction() as connection:
            vocabulary = VocabularyStore(connection, capture.workspace_id)
            terms = await vocabulary.useful_terms(options.language)
        return replace(options, phrases=hot_words.choose(options.phrases, terms))


def _live(capture: Capture) -> Capture:
    if capture.live is None:
        raise StateError("This capture has no live text. Send its chunks to CaptureService.")
    return capture
