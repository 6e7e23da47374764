"""Endpoints for corrections in transcripts, and for suggestions from edits by hand."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from gateway.api import vocabulary_conversion as conversion
from gateway.api.parameters import Caller, TranscriptionId
from gateway.api.vocabulary_models import (
    AppliedData,
    CorrectionData,
    DismissedData,
    SuggestionListData,
    UnappliedData,
)
from gateway.backends import Backends
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from gateway.web.preconditions import etag
from securetranscribe.v1 import vocabulary_pb2

_TAG = "Vocabulary"
_SuggestionId = Annotated[
    str, Path(pattern="^[0-9a-f]{32}$", description="ID in the list of suggestions.")
]


class VocabularyEditsApi:
    """Corrections in transcripts, and suggestions from edits by hand."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.vocabulary

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/vocabulary/suggestions",
                handler=self.list_suggestions,
                summary="List corrections made by hand",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path="/vocabulary/suggestions/{suggestion_id}/accept",
                handler=self.accept_suggestion,
                summary="Accept a suggestion",
                tag=_TAG,
                status=201,
                errors=(404, 409),
            ),
            Endpoint(
                method="POST",
                path="/vocabulary/suggestions/{suggestion_id}/dismiss",
                handler=self.dismiss_suggestion,
                summary="Dismiss a suggestion",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path="/transcription/{transcription_id}/vocabulary",
                handler=self.apply_vocabulary,
                summary="Apply corrections to a transcript",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path="/transcription/{transcription_id}/vocabulary/undo",
                handler=self.undo_vocabulary,
                summary="Take back corrections of a transcript",
                tag=_TAG,
                errors=(404, 409),
            ),
        ]

    async def list_suggestions(self, caller: Caller) -> Success[SuggestionListData]:
        """Return corrections made by hand at least twice, the most frequent first."""
        answer = await self._backends.ask(
            self._service.ListSuggestions, vocabulary_pb2.ListSuggestionsRequest(), caller
        )
        data = SuggestionListData(
            suggestions=[conversion.suggestion(item) for item in answer.suggestions]
        )
        return Success[SuggestionListData].of(data, "Suggestions retrieved")

    async def accept_suggestion(
        self, suggestion_id: _SuggestionId, caller: Caller
    ) -> Success[CorrectionData]:
        """Make a suggestion a correction."""
        request = vocabulary_pb2.AcceptSuggestionRequest(suggestion_id=suggestion_id)
        answer = await self._backends.ask(self._service.AcceptSuggestion, request, caller)
        return Success[CorrectionData].of(
            conversion.correction(answer.correction), "Correction added"
        )

    async def dismiss_suggestion(
        self, suggestion_id: _SuggestionId, caller: Caller
    ) -> Success[DismissedData]:
        """Dismiss a suggestion. It is not made again."""
        request = vocabulary_pb2.DismissSuggestionRequest(suggestion_id=suggestion_id)
        await self._backends.ask(self._service.DismissSuggestion, request, caller)
        data = DismissedData(suggestion_id=suggestion_id)
        return Success[DismissedData].of(data, "Suggestion dismissed")

    async def apply_vocabulary(
        self, transcription_id: TranscriptionId, caller: Caller, response: Response
    ) -> Success[AppliedData]:
        """Apply all corrections to the newest revision. Words of people stay."""
        request = vocabulary_pb2.ApplyVocabularyRequest(transcription_id=transcription_id)
        answer = await self._backends.ask(self._service.ApplyVocabulary, request, caller)
        response.headers["ETag"] = etag(answer.revision)
        data = AppliedData(
            transcription_id=transcription_id, revision=answer.revision, count=answer.count
        )
        return Success[AppliedData].of(data, "Vocabulary applied")

    async def undo_vocabulary(
        self, transcription_id: TranscriptionId, caller: Caller, response: Response
    ) -> Success[UnappliedData]:
        """Take back the last application of corrections, unless somebody has built on it."""
        request = vocabulary_pb2.UndoVocabularyRequest(transcription_id=transcription_id)
        answer = await self._backends.ask(self._service.UndoVocabulary, request, caller)
        response.headers["ETag"] = etag(answer.revision)
        data = UnappliedData(
            transcription_id=transcription_id,
            revision=answer.revision,
            target_revision=answer.undone_revision,
        )
        return Success[UnappliedData].of(data, "Corrections taken back")
