"""Client of the transcriber for finished transcripts."""

from dataclasses import dataclass

import grpc.aio

from common import logging
from common.errors import ConflictError, StateError
from common.grpc_client import as_caller, unwrap_stream
from common.identity import Identity
from exporter.conversion import DocumentBuilder
from exporter.document import Document
from securetranscribe.v1 import transcription_pb2 as pb
from securetranscribe.v1 import transcription_pb2_grpc

#: How often a transcript is read again that was edited meanwhile.
_MOST_REPEATS = 3
_log = logging.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a transcript: a revision, 0 for the newest, or the machine version."""

    revision: int = 0
    machine: bool = False


NEWEST = Version()


class TranscriptClient:
    """Client of the transcriber for transcripts of the caller."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = transcription_pb2_grpc.TranscriptionServiceStub(channel)

    async def read(
        self,
        caller: Identity,
        transcription_id: int,
        *,
        words: bool,
        version: Version = NEWEST,
    ) -> Document:
        """Return a finished transcript of the caller, with or without its words.

        A transcript that is edited while it is read is read again.

        Raises:
            NotFoundError: the caller has no such transcript, or it has no such revision.
            StateError: it is not complete yet.
            ConflictError: it was edited during every attempt.
        """
        request = pb.StreamTranscriptRequest(
            transcription_id=transcription_id,
            include_words=words,
            revision=version.revision,
            machine_version=version.machine,
            for_export=True,
        )
        for _ in range(_MOST_REPEATS):
            try:
                return await self._read(caller, request)
            except StateError:
                raise
            except ConflictError:
                _log.info("read again after an edit", transcription_id=transcription_id)
        return await self._read(caller, request)

    async def _read(self, caller: Identity, request: pb.StreamTranscriptRequest) -> Document:
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
