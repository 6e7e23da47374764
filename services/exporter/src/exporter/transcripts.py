"""Client of the transcriber for finished transcripts."""

import grpc.aio

from common.errors import StateError
from common.grpc_client import as_caller, unwrap_stream
from common.identity import Identity
from exporter.conversion import DocumentBuilder
from exporter.document import Document
from securetranscribe.v1 import transcription_pb2 as pb
from securetranscribe.v1 import transcription_pb2_grpc


class TranscriptClient:
    """Client of the transcriber that reads transcripts on behalf of the caller."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = transcription_pb2_grpc.TranscriptionServiceStub(channel)

    async def read(self, caller: Identity, transcription_id: int, *, words: bool) -> Document:
        """Return a finished transcript of the caller, with or without its words.

        Raises:
            NotFoundError: the caller has no such transcript.
            StateError: it is not complete yet.
        """
        request = pb.StreamTranscriptRequest(transcription_id=transcription_id, include_words=words)
        call = self._stub.StreamTranscript(request, metadata=as_caller(caller))
        builder = DocumentBuilder()
        async for response in unwrap_stream(call):
            if response.HasField("transcription"):
                _require_complete(response.transcription)
            builder.add(response)
        return builder.build()


def _require_complete(transcription: pb.Transcription) -> None:
    if transcription.status != pb.TRANSCRIPTION_STATUS_COMPLETED:
        raise StateError(
            "The transcription is not complete yet. Export it when its status is 'completed'."
        )
