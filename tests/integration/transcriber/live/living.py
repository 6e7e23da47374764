"""Client of LiveService."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc.aio

from common import status
from securetranscribe.v1 import live_pb2, live_pb2_grpc, speech_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Api
from tests.integration.transcriber.live.fake_recognizer import RATE, sound

_PATIENCE_SECONDS = 120.0
Request = live_pb2.LiveServiceStreamingRecognizeRequest


def begin(
    *,
    encoding: int = speech_pb2.AUDIO_ENCODING_LINEAR16,
    sample_rate_hertz: int = RATE,
    channels: int = 1,
    title: str = "",
    config_channels: int = 0,
    **config: Any,
) -> Request:
    """Return the beginning of a session."""
    described = {
        "language": "en",
        "auto_start": False,
        "channels": config_channels,
        **config,
    }
    return Request(
        begin=live_pb2.LiveBegin(
            config=transcription_pb2.UploadConfig(**described),
            title=title,
            encoding=speech_pb2.AudioEncoding.Name(encoding),  # type: ignore[arg-type]
            sample_rate_hertz=sample_rate_hertz,
            channels=channels,
        )
    )


def resume(capture_id: str, after: int = 0) -> Request:
    """Return the beginning of a stream that resumes a session."""
    return Request(resume=live_pb2.LiveResume(capture_id=capture_id, after_sequence=after))


@dataclass(kw_only=True)
class LiveClient:
    """One stream, and everything that has come on it."""

    call: Any
    responses: list[live_pb2.LiveServiceStreamingRecognizeResponse] = field(default_factory=list)
    failure: Exception | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def begun(self) -> live_pb2.LiveBegun:
        """The first response."""
        return self.responses[0].begun

    @property
    def capture_id(self) -> str:
        """The session."""
        return self.begun.capture.capture_id

    def of(self, kind: str) -> list[Any]:
        """Return the responses of a kind."""
        return [
            getattr(one, kind) for one in self.responses if one.WhichOneof("live_response") == kind
        ]

    @property
    def words(self) -> list[str]:
        """All words of final texts, as they came."""
        return [word.text for final in self.of("final") for word in final.words]

    @property
    def last_sequence(self) -> int:
        """The last sequence that has come."""
        return max((one.sequence for one in (*self.of("final"), *self.of("speaker"))), default=0)

    @property
    def next_chunk(self) -> int:
        """The first number that is not acknowledged."""
        told = [one.next_chunk for one in self.of("acknowledged")]
        return max(told, default=self.begun.capture.next_chunk)

    async def chunk(self, number: int, data: bytes, *, starts_stream: bool = False) -> None:
        """Send a chunk."""
        message = live_pb2.LiveChunk(number=number, data=data, starts_stream=starts_stream)
        await self.call.write(Request(chunk=message))

    async def say(self, first: int, end: int) -> None:
        """Send a chunk for each word."""
        for number in range(first, end):
            await self.chunk(number, sound(number, number + 1))

    async def finish(self, count: int, *, allow_gaps: bool = False) -> None:
        """Finish the recording."""
        message = live_pb2.LiveFinish(chunk_count=count, allow_gaps=allow_gaps)
        await self.call.write(Request(finish=message))

    async def until(self, reached: Callable[[], Any]) -> Any:
        """Wait for a condition, and return its value."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not (value := reached()):
                self._changed.clear()
                await self._changed.wait()
        return value

    async def ended(self) -> live_pb2.LiveEnded:
        """Wait for the end of the session."""
        found = await self.until(lambda: self.of("ended"))
        return found[0]  # type: ignore[no-any-return]

    async def failed(self) -> Exception:
        """Wait until the stream is broken off, and return the reason."""
        return await self.until(lambda: self.failure)  # type: ignore[no-any-return]

    async def read(self) -> None:
        """Take all responses in."""
        try:
            while (response := await self.call.read()) is not grpc.aio.EOF:
                self.responses.append(response)
                self._changed.set()
        except grpc.aio.AioRpcError as error:
            self.failure = status.from_rpc_error(error)
        finally:
            self._changed.set()


@contextlib.asynccontextmanager
async def stream(api: Api, first: Request, name: str = "a") -> AsyncIterator[LiveClient]:
    """Open a stream that has begun. At the end of the block, the connection is lost."""
    stub = live_pb2_grpc.LiveServiceStub(api.channel)
    call = stub.StreamingRecognize(metadata=api.caller(name).metadata)
    client = LiveClient(call=call)
    reading = asyncio.create_task(client.read())
    try:
        await call.write(first)
        await client.until(lambda: client.responses or client.failure)
        yield client
    finally:
        call.cancel()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
