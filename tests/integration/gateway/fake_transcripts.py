"""Fake of reading transcripts over real gRPC, on the transcriptions of the fake transcriber."""

from typing import Any

from common import identity
from common.errors import NotFoundError
from securetranscribe.v1 import transcript_pb2, transcript_pb2_grpc, transcription_pb2
from tests.integration.gateway.fake_transcriber import FakeTranscriber


class FakeTranscripts(transcript_pb2_grpc.TranscriptServiceServicer):
    """Transcripts in the revision of the recognizer. Edits are tested with the real service."""

    def __init__(self, transcriber: FakeTranscriber) -> None:
        self._transcriber = transcriber

    async def ReadTranscript(self, request: Any, context: Any) -> Any:
        found = self._own(request.transcription_id)
        return transcript_pb2.ReadTranscriptResponse(
            revision=1, newest_revision=1, segments=found.segments, total=len(found.segments)
        )

    async def ListRevisions(self, request: Any, context: Any) -> Any:
        found = self._own(request.transcription_id)
        revision = transcript_pb2.Revision(
            revision=1,
            kind=transcript_pb2.REVISION_KIND_MACHINE,
            create_time=found.complete_time,
            description="Recognize speech",
        )
        return transcript_pb2.ListRevisionsResponse(revisions=[revision])

    async def CompareRevisions(self, request: Any, context: Any) -> Any:
        self._own(request.transcription_id)
        return transcript_pb2.CompareRevisionsResponse(from_revision=1, to_revision=1)

    def _own(self, transcription_id: int) -> transcription_pb2.Transcription:
        found = self._transcriber.transcriptions.get(transcription_id)
        if found is None or found.session_id != identity.current().session_id:
            raise NotFoundError("There is no such transcript.")
        return found
