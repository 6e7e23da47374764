"""Endpoints for the vocabulary of a workspace."""

from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from gateway.api import vocabulary_conversion as conversion
from gateway.api.parameters import MAX_ID, Caller, Limit, Offset
from gateway.api.vocabulary_models import (
    CorrectionBody,
    CorrectionData,
    CorrectionListData,
    DeletedCorrectionData,
    DeletedTermData,
    ImportBody,
    ImportData,
    TermBody,
    TermData,
    TermListData,
)
from gateway.backends import Backends
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from securetranscribe.v1 import vocabulary_pb2

_TAG = "Vocabulary"
_CSV = "text/csv"
_TABLE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The table.", "content": {_CSV: {"schema": {"type": "string"}}}}
}
_TermId = Annotated[int, Path(ge=1, le=MAX_ID, description="Term ID.")]
_CorrectionId = Annotated[int, Path(ge=1, le=MAX_ID, description="Correction ID.")]


class VocabularyApi:
    """Terms and corrections, as entries and as a table."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.vocabulary

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/vocabulary/terms",
                handler=self.list_terms,
                summary="List terms",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path="/vocabulary/terms",
                handler=self.create_term,
                summary="Add a term",
                tag=_TAG,
                status=201,
                errors=(409,),
            ),
            Endpoint(
                method="PUT",
                path="/vocabulary/terms/{term_id}",
                handler=self.update_term,
                summary="Change a term",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="DELETE",
                path="/vocabulary/terms/{term_id}",
                handler=self.delete_term,
                summary="Delete a term",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="GET",
                path="/vocabulary/corrections",
                handler=self.list_corrections,
                summary="List corrections",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path="/vocabulary/corrections",
                handler=self.create_correction,
                summary="Add a correction",
                tag=_TAG,
                status=201,
                errors=(409,),
            ),
            Endpoint(
                method="PUT",
                path="/vocabulary/corrections/{correction_id}",
                handler=self.update_correction,
                summary="Change a correction",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="DELETE",
                path="/vocabulary/corrections/{correction_id}",
                handler=self.delete_correction,
                summary="Delete a correction",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path="/vocabulary/import",
                handler=self.import_vocabulary,
                summary="Import a vocabulary",
                tag=_TAG,
            ),
            Endpoint(
                method="GET",
                path="/vocabulary/export",
                handler=self.export_vocabulary,
                summary="Export a vocabulary",
                tag=_TAG,
                response_class=Response,
                responses=_TABLE,
            ),
        ]

    async def list_terms(
        self, caller: Caller, limit: Limit = 50, offset: Offset = 0
    ) -> Success[TermListData]:
        """Return a page of terms, the latest first."""
        request = vocabulary_pb2.ListTermsRequest(limit=limit, offset=offset)
        answer = await self._backends.ask(self._service.ListTerms, request, caller)
        data = TermListData(
            terms=[conversion.term(term) for term in answer.terms],
            total=answer.total,
            limit=limit,
            offset=offset,
        )
        return Success[TermListData].of(data, "Terms retrieved")

    async def create_term(self, caller: Caller, body: TermBody) -> Success[TermData]:
        """Add a term. New recordings are recognized with as many terms as there is room for."""
        request = vocabulary_pb2.CreateTermRequest(text=body.text, language=body.language)
        answer = await self._backends.ask(self._service.CreateTerm, request, caller)
        return Success[TermData].of(conversion.term(answer.term), "Term added")

    async def update_term(
        self, term_id: _TermId, caller: Caller, body: TermBody
    ) -> Success[TermData]:
        """Replace a term."""
        request = vocabulary_pb2.UpdateTermRequest(
            term_id=term_id, text=body.text, language=body.language
        )
        answer = await self._backends.ask(self._service.UpdateTerm, request, caller)
        return Success[TermData].of(conversion.term(answer.term), "Term changed")

    async def delete_term(self, term_id: _TermId, caller: Caller) -> Success[DeletedTermData]:
        """Delete a term."""
        request = vocabulary_pb2.DeleteTermRequest(term_id=term_id)
        await self._backends.ask(self._service.DeleteTerm, request, caller)
        return Success[DeletedTermData].of(DeletedTermData(term_id=term_id), "Term deleted")

    async def list_corrections(
        self, caller: Caller, limit: Limit = 50, offset: Offset = 0
    ) -> Success[CorrectionListData]:
        """Return a page of corrections, the latest first."""
        request = vocabulary_pb2.ListCorrectionsRequest(limit=limit, offset=offset)
        answer = await self._backends.ask(self._service.ListCorrections, request, caller)
        data = CorrectionListData(
            corrections=[conversion.correction(item) for item in answer.corrections],
            total=answer.total,
            limit=limit,
            offset=offset,
        )
        return Success[CorrectionListData].of(data, "Corrections retrieved")

    async def create_correction(
        self, caller: Caller, body: CorrectionBody
    ) -> Success[CorrectionData]:
        """Add a correction. It is applied to new transcripts as edits, with an undo."""
        request = vocabulary_pb2.CreateCorrectionRequest(
            heard=body.heard,
            meant=body.meant,
            language=body.language,
            match_case=body.match_case,
        )
        answer = await self._backends.ask(self._service.CreateCorrection, request, caller)
        return Success[CorrectionData].of(
            conversion.correction(answer.correction), "Correction added"
        )

    async def update_correction(
        self, correction_id: _CorrectionId, caller: Caller, body: CorrectionBody
    ) -> Success[CorrectionData]:
        """Replace a correction. Transcripts stay as they are."""
        request = vocabulary_pb2.UpdateCorrectionRequest(
            correction_id=correction_id,
            heard=body.heard,
            meant=body.meant,
            language=body.language,
            match_case=body.match_case,
        )
        answer = await self._backends.ask(self._service.UpdateCorrection, request, caller)
        return Success[CorrectionData].of(
            conversion.correction(answer.correction), "Correction changed"
        )

    async def delete_correction(
        self, correction_id: _CorrectionId, caller: Caller
    ) -> Success[DeletedCorrectionData]:
        """Delete a correction. Transcripts stay as they are."""
        request = vocabulary_pb2.DeleteCorrectionRequest(correction_id=correction_id)
        await self._backends.ask(self._service.DeleteCorrection, request, caller)
        data = DeletedCorrectionData(correction_id=correction_id)
        return Success[DeletedCorrectionData].of(data, "Correction deleted")

    async def import_vocabulary(self, caller: Caller, body: ImportBody) -> Success[ImportData]:
        """Add the rows of a table, all of them or none. Existing rows are skipped.

        If a row is invalid, `details.row` has the number of its line.
        """
        request = vocabulary_pb2.ImportVocabularyRequest(csv=body.csv)
        answer = await self._backends.ask(self._service.ImportVocabulary, request, caller)
        data = ImportData(
            added_terms=answer.added_terms,
            added_corrections=answer.added_corrections,
            skipped=answer.skipped,
        )
        return Success[ImportData].of(data, "Vocabulary imported")

    async def export_vocabulary(self, caller: Caller) -> Response:
        """Return all terms and corrections as CSV, fit for an import."""
        answer = await self._backends.ask(
            self._service.ExportVocabulary, vocabulary_pb2.ExportVocabularyRequest(), caller
        )
        return Response(
            answer.csv,
            media_type=_CSV,
            headers={"Content-Disposition": 'attachment; filename="vocabulary.csv"'},
        )
