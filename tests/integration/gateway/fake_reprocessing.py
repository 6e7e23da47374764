"""Fake of ReprocessingService over real gRPC. Edits and conflicts are tested with the real one."""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from common import identity
from common.errors import NotFoundError
from common.times import duration
from securetranscribe.v1 import queue_pb2, reprocessing_pb2, reprocessing_pb2_grpc
from tests.integration.gateway.fake_transcriber import FakeTranscriber


class FakeReprocessing(reprocessing_pb2_grpc.ReprocessingServiceServicer):
    """One conflict per transcription of the fake transcriber."""

    def __init__(self, transcriber: FakeTranscriber) -> None:
        self.requests: list[Any] = []
        self._transcriber = transcriber

    async def ReprocessTranscript(self, request: Any, context: Any) -> Any:
        self._check(request.transcription_id)
        self.requests.append(request)
        return reprocessing_pb2.ReprocessTranscriptResponse(
            job=queue_pb2.Job(job_id="job_again", status=queue_pb2.JOB_STATUS_QUEUED),
            source=reprocessing_pb2.RECORDING_SOURCE_PLAYBACK,
        )

    async def ListConflicts(self, request: Any, context: Any) -> Any:
        self._check(request.transcription_id)
        self.requests.append(request)
        return reprocessing_pb2.ListConflictsResponse(conflicts=[_conflict()], total=1, open=1)

    async def ResolveConflict(self, request: Any, context: Any) -> Any:
        self._check(request.transcription_id)
        self.requests.append(request)
        conflict = _conflict()
        conflict.resolved = request.use
        conflict.resolve_time.CopyFrom(Timestamp(seconds=1_700_000_000))
        return reprocessing_pb2.ResolveConflictResponse(conflict=conflict, revision=7)

    def _check(self, transcription_id: int) -> None:
        found = self._transcriber.transcriptions.get(transcription_id)
        if found is None or found.session_id != identity.current().session_id:
            raise NotFoundError("There is no such transcript.")


def _conflict() -> reprocessing_pb2.Conflict:
    return reprocessing_pb2.Conflict(
        conflict_id=5,
        kind=reprocessing_pb2.CONFLICT_KIND_WORDS,
        was="Smyth",
        mine="Smith",
        machine="Smithy",
        start=duration(1.5),
        end=duration(2.0),
        placed=True,
        word_ids=["4.100002"],
        source_revision=2,
        machine_revision=4,
        own=True,
    )
