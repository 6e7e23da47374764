"""Relay between a session and the recognition workers, one after the other."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from common import cancellation, logging, times
from common.errors import (
    ApplicationError,
    LockedError,
    NotFoundError,
    ResourceExhaustedError,
    TimedOutError,
    UnavailableError,
    ValidationError,
)
from common.postgres import Database
from securetranscribe.v1 import live_pb2, speech_pb2
from transcriber.domain.live import LiveSegment, LiveSound
from transcriber.domain.options import ProcessingOptions
from transcriber.live import messages
from transcriber.live.arrival import ArrivingSound
from transcriber.live.labels import SegmentSound, SpeakerLabels
from transcriber.live.messages import Response
from transcriber.live.pauses import Pauses
from transcriber.live.recognizer import LiveRecognizer, RecognizerStream, configuration
from transcriber.live.restart import RestartPlaces
from transcriber.live.results import StreamResults
from transcriber.store.captures import Capture
from transcriber.store.live import LiveTexts

#: How often (seconds) covered silence is noted. Finals note it at once.
_NOTED_SECONDS = 5.0
#: Time for the speakers of the last sound.
_LAST_LABELS_SECONDS = 3.0
#: Time for the status of a stream after writing to it failed.
_STATUS_SECONDS = 1.0
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class RelayedSession:
    """The session of a relay. `stream` serves it, until another one takes over."""

    capture: Capture
    sound: LiveSound
    options: ProcessingOptions
    stream: str
    separate: bool


class Relay:
    """Sends sound to a worker, and stores and returns its results.

    If the worker dies or shuts down, another one goes on from where final results end.
    """

    def __init__(
        self,
        database: Database,
        recognizer: LiveRecognizer,
        places: RestartPlaces,
        *,
        session: RelayedSession,
        arriving: ArrivingSound,
        speakers: SpeakerLabels | None = None,
        put: Callable[[Response], None],
    ) -> None:
        """`put` gets the responses to the client. Without `speakers`, they are not told apart."""
        self._database = database
        self._recognizer = recognizer
        self._places = places
        self._session = session
        self._arriving = arriving
        self._speakers = speakers
        self._put = put
        self._covered = 0.0
        self._noted = 0.0
        self._trouble: str | None = None
        self._attempts = 0
        #: Number behind the last chunk that a worker has got.
        self._sent = 0
        #: Segments whose last draft the client has.
        self._drafts: set[int] = set()
        self._connected = False
        #: First chunk of the media stream of the last attempt, and of the last one that is broken.
        self._begun_at = self._broken = -1

    @property
    def promising(self) -> bool:
        """Whether a worker serves the session, or the first attempts to reach one go on."""
        return self._connected or self._trouble is None

    async def run(self) -> None:
        """Relay until the sound is complete and recognized.

        Raises:
            LockedError: another stream serves the session.
            NotFoundError: the session is gone.
        """
        speakers = self._speakers
        if speakers is None:
            await self._relay()
            return
        labeling = asyncio.create_task(speakers.run(self._label), name="live speakers")
        last = asyncio.create_task(speakers.idle(), name="last live speakers")
        try:
            await self._relay()
            await asyncio.wait({last, labeling}, timeout=_LAST_LABELS_SECONDS)
        finally:
            await cancellation.end((labeling, last))

    async def _relay(self) -> None:
        pauses = Pauses()
        while True:
            pauses.begin()
            before = self._covered
            try:
                await self._attempt()
                return
            except (LockedError, NotFoundError):
                raise
            except ApplicationError as error:
                failure = error
            finally:
                self._connected = False
            if self._is_idle(failure):
                # Otherwise each attempt would read the whole media stream again for nothing.
                await self._arriving.has(self._sent)
                continue
            progressed = self._covered > before
            if isinstance(failure, ValidationError) and not progressed:
                # The sound cannot be decoded. The recorder may have been started again since.
                self._broken = self._begun_at
            pause = pauses.after_failure(progressed=progressed)
            _log.info("live recognition interrupted", reason=failure.message, pause=pause)
            if pause:
                self._report(failure)
            await asyncio.sleep(pause)

    def _is_idle(self, error: ApplicationError) -> bool:
        """Return whether a worker ended its stream because the client sends no sound."""
        has_all = not (self._arriving.complete or self._arriving.is_durable(self._sent))
        return isinstance(error, TimedOutError) and has_all

    async def _attempt(self) -> None:
        """Serve the session with one worker, until all sound is recognized.

        Raises:
            ApplicationError: the worker has refused or broken off.
        """
        session = self._session
        self._attempts += 1
        async with self._database.transaction() as connection:
            texts = LiveTexts(connection)
            state = await texts.state(session.capture.capture_id)
            ends = await texts.ends(session.capture.transcription_id)
        if state is None:
            raise NotFoundError("The session is gone.")
        self._covered = self._noted = state.covered
        place = await self._places.find(
            session.capture, session.sound, state.covered, broken=self._broken
        )
        self._begun_at = place.chunk
        # A worker is not kept waiting for a client that pauses.
        if not await self._arriving.has(place.chunk):
            return
        results = StreamResults(
            first_segment=ends.next_segment, ends=ends.by_channel, separate=session.separate
        )
        stream = self._recognizer.stream(session.capture)
        config = configuration(
            session.sound,
            session.options,
            offset=place.time,
            recognized=state.covered,
            separate=session.separate,
            speakers=self._speakers is not None,
        )
        sending = asyncio.create_task(
            self._send(stream, config, place.chunk, place.skip), name="live sound"
        )
        receiving = asyncio.create_task(self._receive(stream, results), name="live results")
        try:
            await _both(sending, receiving)
        finally:
            await cancellation.end((sending, receiving))
            stream.cancel()

    async def _receive(self, stream: RecognizerStream, results: StreamResults) -> None:
        fresh = True
        async for response in stream.responses():
            if fresh and (self._trouble or self._attempts > 1):
                self._trouble = None
                self._drafts.clear()
                self._put(
                    messages.notice(live_pb2.LIVE_NOTICE_CODE_RECOGNIZING, messages.RECOGNIZING)
                )
            fresh = False
            await self._take(response, results)

    async def _send(
        self,
        stream: RecognizerStream,
        config: speech_pb2.StreamingRecognitionConfig,
        first: int,
        skip: int,
    ) -> None:
        """Send the configuration and the sound, until the sound is complete."""
        await stream.begin(config)
        self._connected = True
        async for piece in self._arriving.pieces(first, skip):
            await stream.write(piece.data, starts_stream=piece.starts_stream)
            self._sent = piece.number + 1
        await stream.finish()

    async def _take(
        self, response: speech_pb2.StreamingRecognizeResponse, results: StreamResults
    ) -> None:
        """Store and return the results in a response."""
        covered = times.seconds(response.processed_duration)
        self._covered = max(self._covered, covered)
        if response.HasField("sound"):
            self._hear(response, results)
            return
        text = results.text(response)
        if text is not None and response.final:
            await self._final(text)
        elif text is not None and text.words:
            self._drafts.add(text.segment)
            self._put(messages.draft(text))
        elif response.final or _takes_back(response):
            self._take_back(results.segment(response.segment))
        for change in response.speaker_changes:
            await self._label(results.segment(change.segment), change.label)
        if response.HasField("lag"):
            self._put(messages.lag(self._with_speakers(response.lag)))
        await self._note()

    def _hear(
        self, response: speech_pb2.StreamingRecognizeResponse, results: StreamResults
    ) -> None:
        """Have the speaker of final segments found."""
        if self._speakers is not None:
            self._speakers.hear(
                SegmentSound(
                    segments=tuple(map(results.segment, response.sound.segments)),
                    samples=response.sound.samples,
                    party=response.channel + 1 if self._session.separate else 0,
                    continues=response.sound.continues,
                )
            )

    def _with_speakers(self, lag: speech_pb2.StreamingLag) -> speech_pb2.StreamingLag:
        """Return the lag of the text with that of the speakers."""
        if self._speakers is None:
            return lag
        behind = times.seconds(lag.text) + self._speakers.lag
        return speech_pb2.StreamingLag(text=lag.text, speakers=times.duration(behind))

    def _take_back(self, segment: int) -> None:
        """Take the draft of a segment back, which turned out to have no words."""
        if segment in self._drafts:
            self._drafts.discard(segment)
            self._put(messages.draft(LiveSegment(segment=segment, words=())))

    async def _final(self, text: LiveSegment) -> None:
        async with self._database.transaction() as connection:
            added = await LiveTexts(connection).add(
                self._session.capture.capture_id,
                self._session.stream,
                text,
                covered=self._covered,
            )
        if added is None:
            raise LockedError("Another connection serves this session, or it has ended.")
        self._noted = self._covered
        self._drafts.discard(added.segment)
        self._put(messages.final(added))

    async def _label(self, segment: int, label: str) -> None:
        async with self._database.transaction() as connection:
            sequence = await LiveTexts(connection).label(
                self._session.capture.capture_id, self._session.stream, segment, label
            )
        if sequence is not None:
            self._put(messages.speaker(segment, sequence, label))

    async def _note(self) -> None:
        if self._covered - self._noted < _NOTED_SECONDS:
            return
        self._noted = self._covered
        async with self._database.transaction() as connection:
            await LiveTexts(connection).cover(
                self._session.capture.capture_id, self._session.stream, self._covered
            )

    def _report(self, error: ApplicationError) -> None:
        """Tell the client why there is no text, once."""
        if isinstance(error, ResourceExhaustedError) and not isinstance(error, UnavailableError):
            kind, text = live_pb2.LIVE_NOTICE_CODE_RECOGNIZERS_BUSY, messages.BUSY
        elif isinstance(error, UnavailableError | TimedOutError):
            kind, text = live_pb2.LIVE_NOTICE_CODE_NO_RECOGNIZER, messages.NO_RECOGNIZER
        else:
            kind, text = live_pb2.LIVE_NOTICE_CODE_NOT_RECOGNIZABLE, messages.NOT_RECOGNIZABLE
        if self._trouble != text:
            self._trouble = text
            self._put(messages.notice(kind, text))


async def _both(sending: "asyncio.Task[None]", receiving: "asyncio.Task[None]") -> None:
    """Wait for both directions of a stream. Raise the error of the stream, or of either.

    Raises:
        ApplicationError: one of them failed, or the worker ended the stream before the sound.
    """
    await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
    if not receiving.done():
        error = sending.exception()
        # When a worker ends a stream, writing fails first. Its status comes with the results.
        await asyncio.wait({receiving}, timeout=_STATUS_SECONDS if error else None)
        if error is not None and not receiving.done():
            raise error
    receiving.result()
    if not sending.done():
        raise UnavailableError("The recognizer ended the stream early.")
    sending.result()


def _takes_back(response: speech_pb2.StreamingRecognizeResponse) -> bool:
    """Return whether a response without words is a draft without words, not only news."""
    news = response.HasField("lag") or response.speech_started or response.speaker_changes
    return not response.words and not news
