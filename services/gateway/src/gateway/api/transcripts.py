"""Endpoints that read and edit transcripts."""

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from common import times
from gateway.api import transcript_conversion as conversion
from gateway.api.parameters import Caller, Limit, Offset, TranscriptionId
from gateway.api.transcript_models import (
    EditBody,
    EditData,
    HistoryData,
    RestoreData,
    ToggleData,
    TranscriptData,
)
from gateway.backends import Backends
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from gateway.web.preconditions import IfMatch, etag, matched_revision
from securetranscribe.v1 import transcript_pb2

_TAG = "Transcript"
_MOST = 2**31 - 1
_LATEST = 1e6
_Revision = Annotated[int, Path(ge=1, le=_MOST, description="Revision of the transcript.")]


class TranscriptApi:
    """Pages of transcripts with their words, edits, undo, and history."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.transcripts

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/transcription/{transcription_id}/transcript",
                handler=self.read_transcript,
                summary="Read a transcript with its words",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path="/transcription/{transcription_id}/edits",
                handler=self.edit_transcript,
                summary="Edit a transcript",
                tag=_TAG,
                errors=(404, 409, 428),
            ),
            Endpoint(
                method="POST",
                path="/transcription/{transcription_id}/undo",
                handler=self.undo_edits,
                summary="Take back the last edits",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="POST",
                path="/transcription/{transcription_id}/redo",
                handler=self.redo_edits,
                summary="Repeat the last edits that were taken back",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="GET",
                path="/transcription/{transcription_id}/revisions",
                handler=self.list_revisions,
                summary="List the revisions of a transcript",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path="/transcription/{transcription_id}/revisions/{revision}/restore",
                handler=self.restore_revision,
                summary="Restore a revision",
                tag=_TAG,
                errors=(404,),
            ),
        ]

    async def read_transcript(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        response: Response,
        *,
        revision: Annotated[
            int | None, Query(ge=1, le=_MOST, description="Defaults to the newest.")
        ] = None,
        words: Annotated[bool, Query(description="Whether segments have their words.")] = False,
        start: Annotated[
            float,
            Query(
                alias="from", ge=0, le=_LATEST, description="Only segments behind it, in seconds."
            ),
        ] = 0.0,
        end: Annotated[
            float | None,
            Query(alias="to", ge=0, le=_LATEST, description="Only segments before it, in seconds."),
        ] = None,
        limit: Limit = 200,
        offset: Offset = 0,
    ) -> Success[TranscriptData]:
        """Return a part of a transcript. `ETag` has its revision."""
        request = transcript_pb2.ReadTranscriptRequest(
            transcription_id=transcription_id,
            revision=revision or 0,
            to=None if end is None else times.duration(end),
            offset=offset,
            limit=limit,
            include_words=words,
        )
        getattr(request, "from").CopyFrom(times.duration(start))
        answer = await self._backends.ask(self._service.ReadTranscript, request, caller)
        response.headers["ETag"] = etag(answer.revision)
        data = TranscriptData(
            transcription_id=transcription_id,
            revision=answer.revision,
            newest_revision=answer.newest_revision,
            segments=conversion.segments(answer.segments, words=words),
            total=answer.total,
            limit=limit,
            offset=offset,
            notes=[conversion.note(note) for note in answer.notes],
        )
        return Success[TranscriptData].of(data, "Transcript retrieved")

    async def edit_transcript(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        response: Response,
        body: EditBody,
        if_match: IfMatch = None,
    ) -> Success[EditData]:
        """Execute operations on a transcript, all of them or none.

        An edit that was made on an older revision is applied to the newest one if it concerns other
        words. Otherwise the answer is 409 with the text of both versions in `details`.
        """
        answer = await self._backends.ask(
            self._service.EditTranscript,
            transcript_pb2.EditTranscriptRequest(
                transcription_id=transcription_id,
                revision=matched_revision(if_match),
                operations=[conversion.operation(item) for item in body.operations],
                request_id=body.request_id,
            ),
            caller,
        )
        response.headers["ETag"] = etag(answer.revision)
        data = EditData(
            transcription_id=transcription_id,
            revision=answer.revision,
            changed=conversion.segments(answer.changed_segments, words=True),
            removed=list(answer.removed_segment_ids),
        )
        return Success[EditData].of(data, "Transcript edited")

    async def undo_edits(
        self, transcription_id: TranscriptionId, caller: Caller, response: Response
    ) -> Success[ToggleData]:
        """Take back the last batch of this session, unless others have built on it."""
        answer = await self._backends.ask(
            self._service.UndoEdits,
            transcript_pb2.UndoEditsRequest(transcription_id=transcription_id),
            caller,
        )
        response.headers["ETag"] = etag(answer.revision)
        data = ToggleData(
            transcription_id=transcription_id,
            revision=answer.revision,
            target_revision=answer.undone_revision,
        )
        return Success[ToggleData].of(data, "Edits taken back")

    async def redo_edits(
        self, transcription_id: TranscriptionId, caller: Caller, response: Response
    ) -> Success[ToggleData]:
        """Repeat the last batch of this session that was taken back."""
        answer = await self._backends.ask(
            self._service.RedoEdits,
            transcript_pb2.RedoEditsRequest(transcription_id=transcription_id),
            caller,
        )
        response.headers["ETag"] = etag(answer.revision)
        data = ToggleData(
            transcription_id=transcription_id,
            revision=answer.revision,
            target_revision=answer.redone_revision,
        )
        return Success[ToggleData].of(data, "Edits repeated")

    async def list_revisions(
        self, transcription_id: TranscriptionId, caller: Caller
    ) -> Success[HistoryData]:
        """List all revisions, the newest first, and what can be taken back and repeated."""
        answer = await self._backends.ask(
            self._service.ListRevisions,
            transcript_pb2.ListRevisionsRequest(transcription_id=transcription_id),
            caller,
        )
        data = HistoryData(
            transcription_id=transcription_id,
            revisions=[conversion.revision(item) for item in answer.revisions],
            undoable_revision=answer.undoable_revision or None,
            redoable_revision=answer.redoable_revision or None,
        )
        return Success[HistoryData].of(data, "Revisions retrieved")

    async def restore_revision(
        self,
        transcription_id: TranscriptionId,
        revision: _Revision,
        caller: Caller,
        response: Response,
    ) -> Success[RestoreData]:
        """Make an earlier revision the newest one again. It can be taken back."""
        answer = await self._backends.ask(
            self._service.RestoreRevision,
            transcript_pb2.RestoreRevisionRequest(
                transcription_id=transcription_id, revision=revision
            ),
            caller,
        )
        response.headers["ETag"] = etag(answer.revision)
        data = RestoreData(transcription_id=transcription_id, revision=answer.revision)
        return Success[RestoreData].of(data, "Revision restored")
