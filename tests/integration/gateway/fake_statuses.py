"""Fake of the transcriber's StatusService."""

from typing import Any

from common import identity
from securetranscribe.v1 import status_pb2, status_pb2_grpc
from tests.integration.gateway.fake_transcriber import FakeTranscriber, version_of


class FakeStatuses(status_pb2_grpc.StatusServiceServicer):
    """Versions of the transcriptions of a fake transcriber."""

    def __init__(self, transcriber: FakeTranscriber) -> None:
        self._transcriber = transcriber
        self.questions: list[list[int]] = []

    async def GetStatusVersions(self, request: Any, context: Any) -> Any:
        assert identity.current().service == "gateway"
        self.questions.append([one.transcription_id for one in request.transcriptions])
        return status_pb2.GetStatusVersionsResponse(
            versions=[self._version(one) for one in request.transcriptions]
        )

    def _version(self, owned: status_pb2.OwnedTranscription) -> str:
        found = self._transcriber.transcriptions.get(owned.transcription_id)
        own = found is not None and found.session_id == owned.workspace_id
        return version_of(found) if found is not None and own else ""
