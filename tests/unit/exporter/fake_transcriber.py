"""A transcriber whose transcript is edited while it is read."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio

from common import status
from common.errors import ConflictError
from exporter.transcripts import TranscriptClient
from securetranscribe.v1 import transcription_pb2 as pb
from securetranscribe.v1 import transcription_pb2_grpc


class Edited(transcription_pb2_grpc.TranscriptionServiceServicer):
    """Streams a transcript that changes in the middle of the first attempts."""

    def __init__(self, changes: int, complete: bool = True) -> None:
        self.attempts = 0
        self._changes = changes
        self._status = (
            pb.TRANSCRIPTION_STATUS_COMPLETED if complete else pb.TRANSCRIPTION_STATUS_PROCESSING
        )

    async def StreamTranscript(
        self, request: pb.StreamTranscriptRequest, context: Any
    ) -> AsyncIterator[pb.StreamTranscriptResponse]:
        self.attempts += 1
        yield pb.StreamTranscriptResponse(
            transcription=pb.Transcription(
                transcription_id=request.transcription_id, status=self._status
            ),
            segments=[pb.Segment(text=f"attempt {self.attempts}")],
        )
        if self.attempts <= self._changes:
            await context.abort_with_status(status.to_status(ConflictError("It has changed.")))


@contextlib.asynccontextmanager
async def client_of(servicer: Edited) -> AsyncIterator[TranscriptClient]:
    """Serve a servicer and return a client of it."""
    server = grpc.aio.server()
    transcription_pb2_grpc.add_TranscriptionServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield TranscriptClient(channel)
    finally:
        await server.stop(0)


def edited(*, changes: int, complete: bool = True) -> Edited:
    """Return a transcriber whose transcript changes during the first attempts to read it."""
    # The other methods are unimplemented, as in generated servicers.
    return Edited(changes, complete)  # type: ignore[abstract]
