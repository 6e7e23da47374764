"""A LiveService that answers each chunk with a text of its number."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc.aio

from common import identity, rights, status
from common.auth import CallAuthenticator
from common.call_limits import API_LIMITS, CallsInFlight
from common.errors import ApplicationError, NotFoundError
from common.interceptor import EdgeInterceptor
from common.rights import Right
from common.signing import CallVerifier, receiver_key
from common.times import duration
from securetranscribe.v1 import capture_pb2, live_pb2, live_pb2_grpc, speech_pb2
from tests.integration.gateway.conftest import SECRET

Response = live_pb2.LiveServiceStreamingRecognizeResponse
CAPTURE_ID = "c" * 32


@dataclass(kw_only=True)
class FakeLive(live_pb2_grpc.LiveServiceServicer):
    """Serves LiveService. With `fails`, the first chunk ends the stream with an error."""

    fails: ApplicationError | None = None
    requests: list[live_pb2.LiveServiceStreamingRecognizeRequest] = field(default_factory=list)
    callers: list[identity.Identity] = field(default_factory=list)
    #: Workspace of all sessions that are resumed, if it is another one than the caller's.
    elsewhere: str = ""
    followers: list[live_pb2.FollowLiveRequest] = field(default_factory=list)
    open: int = 0

    def reset(self) -> None:
        """Drop all state."""
        self.fails = None
        self.elsewhere = ""
        self.requests.clear()
        self.callers.clear()
        self.followers.clear()

    async def StreamingRecognize(
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[Response]:
        """Answer chunks."""
        self.callers.append(rights.caller(Right.CREATE))
        self.open += 1
        try:
            async for request in request_iterator:
                self.requests.append(request)
                if request.HasField("resume") and self.elsewhere not in {
                    "",
                    self.callers[-1].workspace_id,
                }:
                    error = NotFoundError("Elsewhere.", {"workspace_id": self.elsewhere})
                    await context.abort_with_status(status.to_status(error))
                for response in self._answers(request):
                    yield response
                if request.HasField("chunk") and self.fails is not None:
                    await context.abort_with_status(status.to_status(self.fails))
                if request.HasField("finish"):
                    return
        finally:
            self.open -= 1

    async def FollowLive(
        self, request: live_pb2.FollowLiveRequest, context: Any
    ) -> AsyncIterator[live_pb2.FollowLiveResponse]:
        """Return two results, and the end of transcription 7. Others go on."""
        self.callers.append(identity.current())
        self.followers.append(request)
        number, after = request.transcription_id, request.after_sequence
        self.open += 1
        try:
            begun = live_pb2.LiveBegun(transcription_id=number, last_sequence=after + 1)
            yield live_pb2.FollowLiveResponse(begun=begun)
            if self.fails is not None:
                await context.abort_with_status(status.to_status(self.fails))
            yield live_pb2.FollowLiveResponse(final=_text(after))
            speaker = live_pb2.LiveSpeaker(segment=after, sequence=after + 2, speaker_label="A")
            yield live_pb2.FollowLiveResponse(speaker=speaker)
            if number != 7:
                await asyncio.Event().wait()
            yield live_pb2.FollowLiveResponse(ended=live_pb2.LiveEnded(transcription_id=number))
        finally:
            self.open -= 1

    def _answers(self, request: Any) -> list[Response]:
        capture = capture_pb2.Capture(
            capture_id=CAPTURE_ID, state=capture_pb2.CAPTURE_STATE_RECEIVING
        )
        if request.HasField("chunk"):
            number = request.chunk.number
            acknowledged = live_pb2.LiveAcknowledgment(next_chunk=number + 1)
            return [
                Response(acknowledged=acknowledged),
                Response(final=_text(number)),
            ]
        if request.HasField("finish"):
            capture.state = capture_pb2.CAPTURE_STATE_COMPLETED
            return [Response(ended=live_pb2.LiveEnded(capture=capture, transcription_id=7))]
        return [Response(begun=live_pb2.LiveBegun(capture=capture, transcription_id=7))]


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[tuple[FakeLive, str]]:
    """Run a LiveService that accepts the gateway's signature only. Yield it with its address."""
    fake = FakeLive()
    authenticator = CallAuthenticator(
        tokens=None,  # type: ignore[arg-type]
        verifier=CallVerifier(receiver_key(SECRET, "transcriber"), "transcriber"),
        access={},
    )
    server = grpc.aio.server(
        interceptors=[EdgeInterceptor(authenticator, CallsInFlight(API_LIMITS))]
    )
    live_pb2_grpc.add_LiveServiceServicer_to_server(fake, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield fake, f"127.0.0.1:{port}"
    await server.stop(None)


def _text(number: int) -> live_pb2.LiveText:
    word = speech_pb2.RecognizedWord(
        text=f"w{number}", start=duration(number), end=duration(number + 0.5), probability=0.5
    )
    return live_pb2.LiveText(segment=number, sequence=number + 1, words=[word], language="en")
