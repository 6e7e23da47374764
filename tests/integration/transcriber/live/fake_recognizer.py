"""A recognizer that reads its words from the samples, so that lost and repeated sound is found."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import numpy as np

from common import status, times
from common.errors import ValidationError
from common.times import duration
from securetranscribe.v1 import speech_pb2, speech_pb2_grpc

RATE = 8_000
#: Each word lasts half a second, and each utterance has four words.
WORD_SECONDS = 0.5
WORDS = 4
_WORD_BYTES = int(RATE * WORD_SECONDS) * 2


def sound(first: int, end: int) -> bytes:
    """Return 16-bit samples of 8 kHz with the words from `first` to before `end`."""
    samples = np.repeat(np.arange(first, end, dtype="<i2"), int(RATE * WORD_SECONDS))
    return samples.tobytes()


def words(first: int, end: int) -> list[str]:
    """Return the words in such sound."""
    return [f"w{number}" for number in range(first, end)]


@dataclass(kw_only=True)
class FakeRecognizer(speech_pb2_grpc.SpeechServiceServicer):
    """Serves SpeechService. `configs` are those of all streams, the refused ones included."""

    #: Ends each stream with this status after its first final text.
    dies: grpc.StatusCode | None = None
    #: Refuses all streams with this status.
    refuses: grpc.StatusCode | None = None
    #: Names the speaker of each utterance after the next one.
    labels: bool = False
    #: Number of people who speak in turn, an utterance each. Their sound is sent with it.
    people: int = 0
    #: Holds final texts back until it is set.
    gate: asyncio.Event | None = None
    #: Ends no stream after its sound.
    lingers: bool = False
    #: Sound with this beginning cannot be decoded.
    undecodable: bytes | None = None
    #: Ends each stream that waits for sound while it is set.
    impatient: asyncio.Event | None = None
    configs: list[speech_pb2.StreamingRecognitionConfig] = field(default_factory=list)
    #: All sound that has come.
    heard: list[bytes] = field(default_factory=list)
    open: int = 0
    finished: int = 0
    #: Whether it has lingered.
    lingering: bool = False

    async def Recognize(self, _request: Any, context: Any) -> speech_pb2.RecognizeResponse:
        return await context.abort(grpc.StatusCode.UNIMPLEMENTED, "only live")  # type: ignore[no-any-return]

    async def AlignWords(self, _request: Any, context: Any) -> speech_pb2.AlignWordsResponse:
        return await context.abort(grpc.StatusCode.UNIMPLEMENTED, "only live")  # type: ignore[no-any-return]

    async def StreamingRecognize(
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[speech_pb2.StreamingRecognizeResponse]:
        first = await anext(request_iterator)
        self.configs.append(first.streaming_config)
        if self.refuses is not None:
            await context.abort(self.refuses, "refused")
        self.open += 1
        try:
            async for response in self._results(first.streaming_config, request_iterator, context):
                yield response
        finally:
            self.open -= 1

    async def _results(
        self, config: Any, requests: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[speech_pb2.StreamingRecognizeResponse]:
        start, segment = times.seconds(config.offset), 0
        heard: list[int] = []
        buffer = bytearray()
        while (request := await self._next(requests, context)) is not None:
            self.heard.append(request.audio)
            if self.undecodable is not None and request.audio.startswith(self.undecodable):
                error = ValidationError.of("audio", "The audio cannot be decoded as WebM.")
                await context.abort_with_status(status.to_status(error))
            buffer += request.audio
            while len(buffer) >= _WORD_BYTES:
                (number,) = struct.unpack_from("<h", buffer)
                del buffer[:_WORD_BYTES]
                heard.append(number)
                complete = len(heard) == WORDS
                if complete and self.gate is not None:
                    await self.gate.wait()
                yield _text(heard, start, segment, final=complete)
                if complete and self.people and config.enable_speakers:
                    yield _sound(segment, heard[0] // WORDS % self.people)
                if complete:
                    if self.labels and segment:
                        yield _label(segment - 1)
                    start, heard, segment = start + WORDS * WORD_SECONDS, [], segment + 1
                    if self.dies is not None:
                        await context.abort(self.dies, "died")
        if heard:
            yield _text(heard, start, segment, final=True)
        if self.lingers:
            self.lingering = True
            await asyncio.Event().wait()
        self.finished += 1

    async def _next(self, requests: AsyncIterator[Any], context: Any) -> Any:
        if self.impatient is None:
            return await anext(requests, None)
        coming = asyncio.ensure_future(anext(requests, None))
        ending = asyncio.ensure_future(self.impatient.wait())
        try:
            await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                return coming.result()
        finally:
            coming.cancel()
            ending.cancel()
        return await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "no audio")


def _text(
    heard: list[int], start: float, segment: int, *, final: bool
) -> speech_pb2.StreamingRecognizeResponse:
    begins = [start + place * WORD_SECONDS for place in range(len(heard))]
    return speech_pb2.StreamingRecognizeResponse(
        words=[
            speech_pb2.StreamingWord(
                word=speech_pb2.RecognizedWord(
                    text=f"w{number}",
                    start=duration(begin),
                    end=duration(begin + 0.4),
                    probability=0.9,
                )
            )
            for number, begin in zip(heard, begins, strict=True)
        ],
        final=final,
        segment=segment,
        language="en",
        processed_duration=duration(begins[-1] + WORD_SECONDS if final else start),
        lag=speech_pb2.StreamingLag(text=duration(0.1)),
    )


def _label(segment: int) -> speech_pb2.StreamingRecognizeResponse:
    change = speech_pb2.SpeakerChange(segment=segment, label=f"Speaker_{segment % 2 + 1}")
    return speech_pb2.StreamingRecognizeResponse(speaker_changes=[change])


def _sound(segment: int, person: int) -> speech_pb2.StreamingRecognizeResponse:
    """Return the sound of a segment, from which `fake_diarizer` tells the person."""
    samples = person.to_bytes(2, "little") * 2 * 16_000
    sound = speech_pb2.SegmentSound(segments=[segment], samples=samples)
    return speech_pb2.StreamingRecognizeResponse(segment=segment, sound=sound)


@dataclass(frozen=True, kw_only=True)
class RunningRecognizer:
    """A fake with its address."""

    fake: FakeRecognizer
    address: str


@contextlib.asynccontextmanager
async def running(fake: FakeRecognizer, port: int = 0) -> AsyncIterator[RunningRecognizer]:
    """Serve a fake until the end of the block."""
    server = grpc.aio.server()
    speech_pb2_grpc.add_SpeechServiceServicer_to_server(fake, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield RunningRecognizer(fake=fake, address=f"127.0.0.1:{bound}")
    finally:
        await server.stop(None)
        await asyncio.sleep(0)
