"""Client of CaptureService."""

from dataclasses import dataclass
from typing import Any

from common.grpc_client import unwrap
from securetranscribe.v1 import capture_pb2, capture_pb2_grpc, transcription_pb2
from tests.integration.transcriber.conftest import Api
from tests.integration.transcriber.fakes import until

WEBM = "audio/webm;codecs=opus"
ENDED = (
    capture_pb2.CAPTURE_STATE_COMPLETED,
    capture_pb2.CAPTURE_STATE_REJECTED,
    capture_pb2.CAPTURE_STATE_DISCARDED,
)


@dataclass(frozen=True, kw_only=True)
class Captures:
    """Client of one session."""

    stub: Any
    metadata: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, api: Api, name: str = "a") -> "Captures":
        """Return the client of a session at an api."""
        return cls(
            stub=capture_pb2_grpc.CaptureServiceStub(api.channel),
            metadata=api.caller(name).metadata,
        )

    async def create(
        self, media_type: str = WEBM, *, title: str = "", **config: Any
    ) -> capture_pb2.Capture:
        """Create a capture."""
        described = {"language": "en", "auto_start": False, **config}
        request = capture_pb2.CreateCaptureRequest(
            config=transcription_pb2.UploadConfig(**described), title=title, media_type=media_type
        )
        return await self._capture(self.stub.CreateCapture, request)

    async def put(
        self, capture_id: str, number: int, data: bytes, **request: Any
    ) -> capture_pb2.Capture:
        """Send a chunk and return the capture."""
        message = capture_pb2.PutChunkRequest(
            capture_id=capture_id, number=number, data=data, **request
        )
        return await self._capture(self.stub.PutChunk, message)

    async def put_all(
        self, capture_id: str, *streams: list[bytes], first: int = 0
    ) -> capture_pb2.Capture:
        """Send the chunks of streams and return the capture."""
        number = first
        for stream in streams:
            for place, data in enumerate(stream):
                told = await self.put(capture_id, number, data, starts_stream=place == 0)
                number += 1
        return told

    async def finish(
        self, capture_id: str, chunk_count: int, *, allow_gaps: bool = False
    ) -> capture_pb2.Capture:
        """Finish a capture and wait until it has ended."""
        request = capture_pb2.FinishCaptureRequest(
            capture_id=capture_id, chunk_count=chunk_count, allow_gaps=allow_gaps
        )
        await self._capture(self.stub.FinishCapture, request)
        return await self.ended(capture_id)

    async def ended(self, capture_id: str) -> capture_pb2.Capture:
        """Wait until a capture has ended."""

        async def ended() -> capture_pb2.Capture | None:
            told = await self.get(capture_id)
            return told if told.state in ENDED else None

        capture: capture_pb2.Capture = await until(ended)
        return capture

    async def get(self, capture_id: str) -> capture_pb2.Capture:
        """Return a capture."""
        request = capture_pb2.GetCaptureRequest(capture_id=capture_id)
        return await self._capture(self.stub.GetCapture, request)

    async def ids(self) -> list[str]:
        """Return the ids of all captures."""
        call = self.stub.ListCaptures(capture_pb2.ListCapturesRequest(), metadata=self.metadata)
        return [capture.capture_id for capture in (await unwrap(call)).captures]

    async def discard(self, capture_id: str) -> None:
        """Discard a capture."""
        request = capture_pb2.DiscardCaptureRequest(capture_id=capture_id)
        await unwrap(self.stub.DiscardCapture(request, metadata=self.metadata))

    async def _capture(self, method: Any, request: Any) -> capture_pb2.Capture:
        capture: capture_pb2.Capture = (
            await unwrap(method(request, metadata=self.metadata))
        ).capture
        return capture
