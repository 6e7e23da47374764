"""Endpoints that process recordings again, and for conflicts with edits."""

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from common import times
from gateway.api import transcription_conversion
from gateway.api.conversion import optional_moment
from gateway.api.parameters import MAX_ID, Caller, Limit, Offset, RequestId, TranscriptionId
from gateway.api.reprocessing_models import (
    ConflictData,
    ConflictListData,
    ConflictWord,
    ReprocessBody,
    ReprocessData,
    ResolveBody,
    ResolveData,
    SideWord,
    SourceWord,
)
from gateway.api.stages import STAGES
from gateway.backends import Backends
from gateway.channel_modes import MODES
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from gateway.web.preconditions import etag
from securetranscribe.v1 import reprocessing_pb2, transcription_pb2

_TAG = "Transcript"
_ConflictId = Annotated[int, Path(ge=1, le=MAX_ID, description="ID in the list of conflicts.")]
_KINDS: "dict[reprocessing_pb2.ConflictKind.ValueType, ConflictWord]" = {
    reprocessing_pb2.CONFLICT_KIND_WORDS: "words",
    reprocessing_pb2.CONFLICT_KIND_REVIEW: "review",
    reprocessing_pb2.CONFLICT_KIND_STAR: "star",
    reprocessing_pb2.CONFLICT_KIND_EDGES: "edges",
    reprocessing_pb2.CONFLICT_KIND_NOTE: "note",
    reprocessing_pb2.CONFLICT_KIND_NAME: "name",
    reprocessing_pb2.CONFLICT_KIND_SPEAKERS: "speakers",
}
_SIDES: "dict[SideWord, reprocessing_pb2.ConflictSide.ValueType]" = {
    "mine": reprocessing_pb2.CONFLICT_SIDE_MINE,
    "machine": reprocessing_pb2.CONFLICT_SIDE_MACHINE,
}
_WORDS = {side: word for word, side in _SIDES.items()}


class ReprocessingApi:
    """Processing recordings again without losing edits."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.reprocessing

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="POST",
                path="/transcription/{transcription_id}/reprocess",
                handler=self.reprocess_transcript,
                summary="Process a recording again",
                tag=_TAG,
                status=202,
                errors=(404, 409),
            ),
            Endpoint(
                method="GET",
                path="/transcription/{transcription_id}/conflicts",
                handler=self.list_conflicts,
                summary="List conflicts of edits with a new machine version",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path="/transcription/{transcription_id}/conflicts/{conflict_id}/resolve",
                handler=self.resolve_conflict,
                summary="Resolve a conflict",
                tag=_TAG,
                errors=(404, 409),
            ),
        ]

    async def reprocess_transcript(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        request_id: RequestId,
        body: ReprocessBody | None = None,
    ) -> Success[ReprocessData]:
        """Queue a recording with a transcript for processing. All edits are kept."""
        answer = await self._backends.ask(
            self._service.ReprocessTranscript,
            _request(transcription_id, body or ReprocessBody(), request_id),
            caller,
        )
        copied = answer.source == reprocessing_pb2.RECORDING_SOURCE_PLAYBACK
        source: SourceWord = "playback" if copied else "original"
        data = ReprocessData(
            job_id=answer.job.job_id,
            transcription_id=transcription_id,
            status=transcription_conversion.JOB_STATUS[answer.job.status],
            source=source,
        )
        return Success[ReprocessData].of(data, "Recording queued to be processed again")

    async def list_conflicts(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        *,
        open_only: Annotated[bool, Query(description="Leave out resolved conflicts.")] = False,
        limit: Limit = 200,
        offset: Offset = 0,
    ) -> Success[ConflictListData]:
        """Return the conflicts of a transcript in order of time."""
        request = reprocessing_pb2.ListConflictsRequest(
            transcription_id=transcription_id, open_only=open_only, limit=limit, offset=offset
        )
        answer = await self._backends.ask(self._service.ListConflicts, request, caller)
        data = ConflictListData(
            transcription_id=transcription_id,
            conflicts=[_conflict(item) for item in answer.conflicts],
            total=answer.total,
            open=answer.open,
            limit=limit,
            offset=offset,
        )
        return Success[ConflictListData].of(data, "Conflicts retrieved")

    async def resolve_conflict(
        self,
        transcription_id: TranscriptionId,
        conflict_id: _ConflictId,
        caller: Caller,
        response: Response,
        body: ResolveBody,
    ) -> Success[ResolveData]:
        """Resolve a conflict. `machine` writes the words of the new machine version.

        They are an edit that can be undone.
        """
        request = reprocessing_pb2.ResolveConflictRequest(
            transcription_id=transcription_id,
            conflict_id=conflict_id,
            use=_SIDES[body.use],
            after_word_id=body.after or "",
            segment_id=body.segment or "",
        )
        answer = await self._backends.ask(self._service.ResolveConflict, request, caller)
        response.headers["ETag"] = etag(answer.revision)
        data = ResolveData(
            transcription_id=transcription_id,
            revision=answer.revision,
            conflict=_conflict(answer.conflict),
        )
        return Success[ResolveData].of(data, "Conflict resolved")


def _request(
    transcription_id: int, body: ReprocessBody, request_id: str
) -> reprocessing_pb2.ReprocessTranscriptRequest:
    mode = transcription_pb2.CHANNEL_MODE_UNSPECIFIED
    return reprocessing_pb2.ReprocessTranscriptRequest(
        transcription_id=transcription_id,
        language=body.language,
        priority=body.priority,
        request_id=body.request_id or request_id,
        stages=[STAGES[name] for name in body.stages],
        diarization=body.speaker_numbers().config(),
        channels=mode if body.channels is None else MODES[body.channels],
        phrases=body.phrase_list(),
        diarize=body.diarize,
        model=body.requested_model(),
    )


def _conflict(message: reprocessing_pb2.Conflict) -> ConflictData:
    return ConflictData(
        id=message.conflict_id,
        kind=_KINDS[message.kind],
        was=message.was,
        mine=message.mine,
        machine=message.machine,
        start=times.seconds(message.start),
        end=times.seconds(message.end),
        placed=message.placed,
        words=list(message.word_ids),
        source_revision=message.source_revision,
        machine_revision=message.machine_revision,
        own=message.own,
        resolved=_WORDS.get(message.resolved),
        resolved_at=optional_moment(message, "resolve_time"),
    )
