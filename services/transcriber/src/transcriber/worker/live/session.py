"""One live stream: from its bytes to its results."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from common import telemetry
from common.audio.pcm import as_pcm16
from common.audio.resampling import SAMPLE_RATE, Samples
from common.errors import TimedOutError, UnavailableError, ValidationError
from common.inference import Inference
from common.tasks.task import TaskControl
from securetranscribe.v1 import speech_pb2
from transcriber.worker.engines.protocol import LiveEngine
from transcriber.worker.engines.speech_detector import SpeechDetector
from transcriber.worker.live.channel import PIECE, Channel
from transcriber.worker.live.clock import StreamClock
from transcriber.worker.live.intake import open_intake
from transcriber.worker.live.jobs import Job, Piece
from transcriber.worker.live.language import LanguageChoice
from transcriber.worker.live.load import LiveLoad
from transcriber.worker.live.options import MOST_BYTES, LiveOptions
from transcriber.worker.live.recognition import HeardWords, LiveRecognizer
from transcriber.worker.live.results import Results
from transcriber.worker.live.voices import VoiceSound, VoiceSounds

Requests = AsyncIterator[speech_pb2.StreamingRecognizeRequest]
Response = speech_pb2.StreamingRecognizeResponse
Answer = TypeVar("Answer")

#: Results that wait for a client that reads slowly.
_WAITING = 64
#: Sound that waits to be looked at, in samples per channel.
_BACKLOG = 30 * SAMPLE_RATE
#: Seconds without audio after which a stream ends.
_IDLE = 120.0
#: Seconds that an utterance may last while the worker shuts down.
_DRAIN = 4.0
#: Least length of agreed words with phrases, in seconds, since they are heard once more.
_INFORMED_PIECE = 3.0
#: How often a channel is looked at without news, in seconds.
_TICK = 0.25


@dataclass(frozen=True, kw_only=True)
class LiveContext:
    """Shared by the streams of a worker: the model with its threads, and a signal.

    `lane` runs recognition and `detection` looks for speech, which must not wait for it. `draining`
    is set when the worker shuts down.
    """

    engine: LiveEngine
    lane: Inference
    detection: Executor
    load: LiveLoad
    draining: asyncio.Event


class _Party:
    """One channel with its detector, its language and its news."""

    def __init__(self, number: int, language: str | None, piece: float) -> None:
        self.number = number
        self.channel = Channel(piece=piece)
        self.detector = SpeechDetector()
        self.choice = LanguageChoice(language)
        self.news = asyncio.Event()
        self.voices = VoiceSounds()
        self.begin: int | None = None
        self.drafted = False
        #: Seconds that the last hypothesis took, in line and at work.
        self.cost = 0.0


class LiveSession:
    """A stream in progress."""

    def __init__(self, options: LiveOptions, context: LiveContext) -> None:
        self._options = options
        self._context = context
        parties = options.form.parties
        language = options.recognition.language
        piece = _INFORMED_PIECE if options.recognition.phrases else PIECE
        self._parties = [_Party(number, language, piece) for number in range(parties)]
        self._recognizer = LiveRecognizer(context.engine, options.recognition)
        self._results = Results(channels=parties, offset=options.offset)
        self._clock = StreamClock()
        self._sound: asyncio.Queue[list[Samples] | None] = asyncio.Queue()
        self._out: asyncio.Queue[Response] = asyncio.Queue(_WAITING)
        self._queued = 0
        #: Samples still to be left out, because they are recognized already.
        self._skip = round(options.skipped * SAMPLE_RATE)
        self._looked = asyncio.Event()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._intake = open_intake(options.form, self._deliver, self._room, self._fail)

    async def run(self, requests: Requests) -> AsyncGenerator[Response, None]:
        """Yield results until the sound has ended and everything is final.

        Raises:
            ValidationError: the audio cannot be decoded.
            TimedOutError: no audio comes any more.
            UnavailableError: the worker shuts down.
        """
        work = asyncio.create_task(self._work(requests), name="live-stream")
        try:
            while not work.done() or not self._out.empty():
                result = asyncio.ensure_future(self._out.get())
                try:
                    await asyncio.wait({result, work}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if not result.done():
                        result.cancel()
                if result.done():
                    yield result.result()
            await work
        finally:
            work.cancel()
            self._failure.cancel()
            self._intake.close()
            await asyncio.gather(work, return_exceptions=True)

    async def _work(self, requests: Requests) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                reading = [
                    group.create_task(self._read(requests)),
                    group.create_task(self._look()),
                    group.create_task(self._failed()),
                ]
                hearing = [group.create_task(self._hear(party)) for party in self._parties]
                await asyncio.wait(hearing)
                for task in reading:
                    task.cancel()
        except BaseExceptionGroup as errors:
            raise _first(errors) from errors
        if self._context.draining.is_set():
            raise UnavailableError("The worker shuts down. Continue on another one.")

    async def _read(self, requests: Requests) -> None:
        """Take the audio of the requests until they end."""
        while True:
            try:
                async with asyncio.timeout(_IDLE):
                    request = await anext(requests, None)
            except TimeoutError as error:
                raise TimedOutError(
                    f"No audio came for {_IDLE:.0f} seconds. Begin another stream."
                ) from error
            if request is None:
                break
            if request.WhichOneof("streaming_request") != "audio":
                raise ValidationError.of("audio", "Only the first request has a configuration.")
            if len(request.audio) > MOST_BYTES:
                raise ValidationError.of("audio", "A request has at most 1 MiB of audio.")
            await self._intake.push(request.audio, starts_stream=request.starts_stream)
        await self._intake.finish()
        self._sound.put_nowait(None)

    async def _look(self) -> None:
        """Look for speech in the sound that arrives."""
        loop = asyncio.get_running_loop()
        while (sound := await self._sound.get()) is not None:
            self._clock.arrived(self._parties[0].channel.end + len(sound[0]), time.monotonic())
            for party, samples in zip(self._parties, sound, strict=True):
                found = await loop.run_in_executor(
                    self._context.detection, party.detector.push, samples
                )
                party.channel.push(samples, found)
                party.news.set()
            self._queued -= len(sound[0])
        for party in self._parties:
            party.channel.finish()
            party.news.set()

    def _fail(self, error: Exception) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)

    async def _failed(self) -> None:
        """Raise the error of sound that cannot be decoded, also while no more of it comes."""
        await self._failure

    def _deliver(self, sound: list[Samples]) -> None:
        left_out = min(self._skip, len(sound[0]))
        self._skip -= left_out
        if len(sound[0]) > left_out:
            self._queued += len(sound[0]) - left_out
            self._sound.put_nowait([samples[left_out:] for samples in sound])

    async def _room(self) -> None:
        """Wait while recognition is far behind."""
        while self._queued + max(one.channel.backlog for one in self._parties) > _BACKLOG:
            self._looked.clear()
            await self._looked.wait()

    async def _hear(self, party: _Party) -> None:
        """Recognize one channel."""
        channel = party.channel
        deadline: float | None = None
        while True:
            if self._context.draining.is_set():
                channel.close()
                deadline = deadline or time.monotonic() + _DRAIN
            late = deadline is not None and time.monotonic() > deadline
            job = channel.next(step=party.cost, now=late)
            self._looked.set()
            await self._note_begin(party)
            if job is not None:
                await self._take(party, job)
            elif channel.done:
                self._results.covered(party.number, channel.covered)
                return
            else:
                await self._report(party)
                await _news(party)

    async def _take(self, party: _Party, job: Job) -> None:
        """Recognize a job, and send its results."""
        channel = party.channel
        pieces = channel.conclude(job)
        if pieces is None:
            found = await self._recognized(party, job)
            if found.changed:
                channel.relisten()
            channel.settled = party.choice.settled
            pieces = channel.apply(job, found.words, follow=found.follow)
        for piece in pieces:
            if piece.final:
                self._results.covered(party.number, channel.covered)
            await self._send(party, job, await self._informed(party, piece))
        if job.last:
            await self._send_sound(party, party.voices.end())
        self._results.covered(party.number, channel.covered)

    async def _recognized(self, party: _Party, job: Job) -> HeardWords:
        sound = party.channel.cut(job)
        asked = time.monotonic()
        found = await self._worked(lambda: self._recognizer.recognize(job, sound, party.choice))
        party.cost = time.monotonic() - asked
        return found

    async def _informed(self, party: _Party, piece: Piece) -> Piece:
        """Return a piece with the phrases of the request in it, if it is final."""
        language = party.choice.current
        if not (piece.final and self._options.recognition.phrases) or language is None:
            return piece
        return await self._worked(lambda: self._recognizer.informed(piece, language))

    async def _worked(self, work: Callable[[], Answer]) -> Answer:
        """Return the result of work on a thread of the models."""
        seconds = 0.0

        def timed(_control: TaskControl) -> Answer:
            nonlocal seconds
            began = time.monotonic()
            try:
                return work()
            finally:
                seconds = time.monotonic() - began

        found = await self._context.lane.call(timed)
        self._context.load.worked(seconds, time.monotonic())
        return found

    async def _note_begin(self, party: _Party) -> None:
        """Note the beginning of an utterance."""
        begin = party.channel.begin
        if begin is not None and begin != party.begin:
            party.choice.begin()
            party.drafted = False
            if self._options.drafts:
                await self._out.put(self._results.began(party.number))
        party.begin = begin

    async def _send(self, party: _Party, job: Job, piece: Piece) -> None:
        now = time.monotonic()
        if piece.words:
            self._measure(party, piece, now)
        if piece.final or self._options.drafts:
            message = self._results.piece(
                party.number,
                piece,
                language=party.choice.current or "",
                lag=self._clock.lag(job.end, now),
            )
            await self._out.put(message)
            if piece.final and self._options.voices:
                await self._send_sound(party, party.voices.add(message.segment, piece.speech))

    async def _send_sound(self, party: _Party, found: VoiceSound | None) -> None:
        """Send the sound of final words, after the words."""
        if found is not None:
            samples = as_pcm16(found.samples)
            await self._out.put(
                self._results.sound(
                    party.number, found.segments, samples, continues=found.continues
                )
            )

    def _measure(self, party: _Party, piece: Piece, now: float) -> None:
        if not party.drafted and party.begin is not None:
            party.drafted = True
            telemetry.LIVE_FIRST_SECONDS.observe(self._clock.lag(party.begin, now))
        if piece.final:
            spoken = round(piece.words[-1].end * SAMPLE_RATE)
            telemetry.LIVE_FINAL_SECONDS.observe(self._clock.lag(spoken, now))

    async def _report(self, party: _Party) -> None:
        """Report silence."""
        self._results.covered(party.number, party.channel.covered)
        message = self._results.progress(0.0)
        if message is not None:
            await self._out.put(message)


async def _news(party: _Party) -> None:
    """Wait for sound, or a moment."""
    try:
        async with asyncio.timeout(_TICK):
            await party.news.wait()
    except TimeoutError:
        return
    party.news.clear()


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group."""
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
