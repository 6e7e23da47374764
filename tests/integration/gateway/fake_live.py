"""A LiveService that answers each chunk with a text of its number."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from common import identity, rights, status
from common.errors import ApplicationError
from common.rights import Right
from common.times import duration
from securetranscribe.v1 import capture_pb2, live_pb2, live_pb2_grpc, speech_pb2

Response = live_pb2.LiveServiceStreamingRecognizeResponse
CAPTURE_ID = "c" * 32


@dataclass(kw_only=True)
class FakeLive(live_pb2_grpc.LiveServiceServicer):
    """Serves LiveService. With `fails`, the first chunk ends the stream with an error."""

    fails: ApplicationError | None = None
    requests: list[live_pb2.LiveServiceStreamingRecognizeRequest] = field(default_factory=list)
    callers: list[identity.Identity] = field(default_factory=list)
    open: int = 0

    def reset(self) -> None:
        """Drop all state."""
        self.fails = None
        self.requests.clear()
        self.callers.clear()

    async def StreamingRecognize(
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[Response]:
        """Answer chunks."""
        self.callers.append(rights.caller(Right.CREATE))
        self.open += 1
        try:
            async for request in request_iterator:
                self.requests.append(request)
                for response in self._answers(request):
                    yield response
                if request.HasField("chunk") and self.fails is not None:
                    await context.abort_with_status(status.to_status(self.fails))
                if request.HasField("finish"):
                    return
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


def _text(number: int) -> live_pb2.LiveText:
    word = speech_pb2.RecognizedWord(
        text=f"w{number}", start=duration(number), end=duration(number + 0.5), probability=0.5
    )
    return live_pb2.LiveText(segment=number, sequence=number + 1, words=[word], language="en")
