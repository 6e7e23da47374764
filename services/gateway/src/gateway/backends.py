"""The services behind the gateway, and how they are called for a session."""

from collections.abc import AsyncIterator
from typing import TypeVar

import grpc.aio

from common import telemetry
from common.grpc_client import channel, unwrap, unwrap_stream
from common.identity import ServiceSigner
from common.settings import ServiceSettings
from securetranscribe.v1 import (
    export_pb2_grpc,
    queue_pb2_grpc,
    speaker_pb2_grpc,
    transcription_pb2_grpc,
)

Request = TypeVar("Request")
Answer = TypeVar("Answer")
Metadata = tuple[tuple[str, str], ...]

_ANSWER_SECONDS = 15.0
_EXPORT_SECONDS = 300.0
_PACKAGE = "securetranscribe.v1"
_IDEMPOTENT_TRANSCRIBER = [
    f"{_PACKAGE}.TranscriptionService/{method}"
    for method in (
        "GetTranscription",
        "ListTranscriptions",
        "GetSpeakerClip",
        "GetSessionStatistics",
    )
] + [f"{_PACKAGE}.QueueService/{method}" for method in ("GetQueueStatus", "GetJob", "ListJobs")]
_IDEMPOTENT_SPEAKERS = [
    f"{_PACKAGE}.SpeakerService/{method}"
    for method in (
        "GetSpeaker",
        "ListSpeakers",
        "SearchSpeakers",
        "GetSpeakerStatistics",
        "ListObservations",
        "GetProfileClip",
    )
]


class Backends:
    """Stubs of the services. Calls are signed by the gateway and name the session they are for."""

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        transcriber: str,
        speakers: str,
        exporter: str,
        signer: ServiceSigner,
    ) -> None:
        """Addresses are `host:port`. Channels connect when first used."""
        self._signer = signer
        self._transcriber = channel(settings, transcriber, idempotent=_IDEMPOTENT_TRANSCRIBER)
        self._speakers = channel(settings, speakers, idempotent=_IDEMPOTENT_SPEAKERS)
        self._exporter = channel(settings, exporter)
        # Uploads are written piece by piece, which a traced channel cannot do.
        self._uploads = channel(settings, transcriber, traced=False)
        self.uploads = transcription_pb2_grpc.TranscriptionServiceStub(self._uploads)
        self.transcriptions = transcription_pb2_grpc.TranscriptionServiceStub(self._transcriber)
        self.queue = queue_pb2_grpc.QueueServiceStub(self._transcriber)
        self.speakers = speaker_pb2_grpc.SpeakerServiceStub(self._speakers)
        self.exports = export_pb2_grpc.ExportServiceStub(self._exporter)

    def metadata(self, session_id: str) -> Metadata:
        """What tells a service for which session the gateway calls."""
        return tuple(self._signer.sign(session_id).items())

    def upload_metadata(self, session_id: str) -> Metadata:
        """The same for an upload, with the trace that no interceptor adds there."""
        return (*self.metadata(session_id), *telemetry.inject().items())

    async def ask(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Answer],
        request: Request,
        session_id: str,
        *,
        seconds: float = _ANSWER_SECONDS,
    ) -> Answer:
        """One call for a session, that may take so long.

        Raises:
            ApplicationError: what the service meant; UnavailableError when it does not answer.
        """
        return await unwrap(method(request, metadata=self.metadata(session_id), timeout=seconds))

    def read(
        self,
        method: grpc.aio.UnaryStreamMultiCallable[Request, Answer],
        request: Request,
        session_id: str,
    ) -> AsyncIterator[Answer]:
        """One call that is answered in pieces; ends the call when it is closed early."""
        call = method(request, metadata=self.metadata(session_id), timeout=_EXPORT_SECONDS)
        return unwrap_stream(call)

    async def close(self) -> None:
        """Closes the channels."""
        for connection in (self._transcriber, self._uploads, self._speakers, self._exporter):
            await connection.close()
