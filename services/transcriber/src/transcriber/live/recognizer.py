"""Streams of recognition workers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

from common import status, telemetry
from common.client_stream import Verdict
from common.errors import ResourceExhaustedError, UnavailableError
from common.grpc_client import SENDING_FAILED
from common.identity import Grant, Owner
from common.signing import CallSigner
from common.times import duration
from securetranscribe.v1 import speech_pb2, speech_pb2_grpc
from transcriber.domain.live import LiveEncoding, LiveSound
from transcriber.domain.options import ProcessingOptions

_METHOD = "/securetranscribe.v1.SpeechService/StreamingRecognize"
_RECEIVER = "transcriber-worker"
#: Most bytes of sound in one request.
PIECE_BYTES = 512 * 1024
_ENCODINGS = {
    LiveEncoding.LINEAR16: speech_pb2.AUDIO_ENCODING_LINEAR16,
    LiveEncoding.FLOAT32: speech_pb2.AUDIO_ENCODING_FLOAT32,
    LiveEncoding.OGG_OPUS: speech_pb2.AUDIO_ENCODING_OGG_OPUS,
    LiveEncoding.WEBM_OPUS: speech_pb2.AUDIO_ENCODING_WEBM_OPUS,
    LiveEncoding.MP4: speech_pb2.AUDIO_ENCODING_MP4,
}


def configuration(
    sound: LiveSound,
    options: ProcessingOptions,
    *,
    offset: float,
    recognized: float,
    separate: bool,
    speakers: bool = False,
) -> speech_pb2.StreamingRecognitionConfig:
    """Return the configuration of a stream whose first sound is at `offset` (seconds).

    Sound before `recognized` (seconds) is recognized already. With `speakers`, the sound of final
    segments is returned.
    """
    return speech_pb2.StreamingRecognitionConfig(
        config=speech_pb2.RecognitionConfig(
            language=options.language, phrases=options.phrases, translate=options.translate
        ),
        encoding=_ENCODINGS[sound.encoding],
        sample_rate_hertz=sound.sample_rate,
        channels=sound.channels,
        interim_results=True,
        enable_speakers=speakers,
        offset=duration(offset),
        separate_channels=separate,
        recognized_duration=duration(recognized),
    )


class RecognizerStream:
    """One stream of a worker."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._verdict = Verdict(call)

    async def begin(self, config: speech_pb2.StreamingRecognitionConfig) -> None:
        """Send the configuration. Raise the errors of `write`."""
        await self._write(speech_pb2.StreamingRecognizeRequest(streaming_config=config))

    async def write(self, data: bytes, *, starts_stream: bool) -> None:
        """Send sound, as fast as the worker takes it.

        Raises:
            ApplicationError: the worker has ended the stream, or does not answer.
        """
        for start in range(0, len(data), PIECE_BYTES):
            await self._write(
                speech_pb2.StreamingRecognizeRequest(
                    audio=data[start : start + PIECE_BYTES],
                    starts_stream=starts_stream and start == 0,
                )
            )

    async def finish(self) -> None:
        """Tell the end of the sound. The remaining results follow. Raise the errors of `write`."""
        try:
            await self._call.done_writing()
        except (asyncio.InvalidStateError, grpc.aio.InternalError) as error:
            raise _ended() from error

    async def responses(self) -> AsyncIterator[speech_pb2.StreamingRecognizeResponse]:
        """Yield results until the worker ends the stream.

        Raises:
            ApplicationError: the worker has refused or broken off the stream.
        """
        try:
            # When sending has failed, `read` of a call drops the results that were received before.
            async for response in self._call:
                yield response
        except grpc.aio.AioRpcError as error:
            found = await self._verdict.of(error)
            if found.code() is not grpc.StatusCode.OK:
                raise _failure(found) from error

    def cancel(self) -> None:
        """Cancel the stream unless it has ended."""
        self._call.cancel()

    async def _write(self, request: speech_pb2.StreamingRecognizeRequest) -> None:
        try:
            await self._call.write(request)
        except asyncio.InvalidStateError as error:
            raise _ended() from error
        except grpc.aio.AioRpcError as error:
            raise _failure(await self._verdict.of(error)) from error


def _failure(found: grpc.aio.AioRpcError) -> Exception:
    """Return what the status of a stream means for its client."""
    if found.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
        # The server itself refuses calls without details.
        return ResourceExhaustedError(found.details() or "The recognizer has no room.")
    if found.code() is grpc.StatusCode.OK or found.details() == SENDING_FAILED:
        return _ended()
    return status.from_rpc_error(found)


def _ended() -> UnavailableError:
    return UnavailableError("The recognizer has ended the stream.")


class LiveRecognizer:
    """Client of the recognition workers. Each stream goes to one of them."""

    def __init__(self, channel: grpc.aio.Channel, signer: CallSigner) -> None:
        """Initialize with a channel that is not traced (see `grpc_client.channel`)."""
        self._stub = speech_pb2_grpc.SpeechServiceStub(channel)
        self._signer = signer

    def stream(self, owner: Owner) -> RecognizerStream:
        """Open a stream on behalf of the owner of a session."""
        signature = self._signer.sign(_RECEIVER, _METHOD, owner=Grant.owning(owner))
        metadata = (*signature.items(), *telemetry.inject().items())
        return RecognizerStream(self._stub.StreamingRecognize(metadata=metadata))
