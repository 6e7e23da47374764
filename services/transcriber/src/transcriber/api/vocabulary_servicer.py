"""VocabularyService: terms, corrections and suggestions of a workspace."""

from typing import Any

from common import rights
from common.errors import NotFoundError
from common.rights import Right
from common.times import timestamp
from securetranscribe.v1 import vocabulary_pb2, vocabulary_pb2_grpc
from transcriber.api import requests
from transcriber.sharing.access import TranscriptionAccess
from transcriber.vocabulary import entries
from transcriber.vocabulary.application import VocabularyEdits
from transcriber.vocabulary.catalog import VocabularyCatalog
from transcriber.vocabulary.entries import Correction, Term
from transcriber.vocabulary.suggestions import Suggestion, VocabularySuggestions

_LONGEST_ID = 64


class VocabularyServicer(vocabulary_pb2_grpc.VocabularyServiceServicer):
    """Serves VocabularyService. Callers see only the vocabulary of their workspace."""

    def __init__(
        self,
        catalog: VocabularyCatalog,
        suggestions: VocabularySuggestions,
        edits: VocabularyEdits,
        access: TranscriptionAccess,
    ) -> None:
        self._catalog = catalog
        self._suggestions = suggestions
        self._edits = edits
        self._access = access

    async def ListTerms(
        self, request: vocabulary_pb2.ListTermsRequest, _context: Any
    ) -> vocabulary_pb2.ListTermsResponse:
        """Return a page of terms."""
        workspace_id = rights.workspace(Right.READ)
        limit, offset = requests.page(request.limit, request.offset)
        terms, total = await self._catalog.terms(workspace_id, offset=offset, limit=limit)
        return vocabulary_pb2.ListTermsResponse(terms=map(_term, terms), total=total)

    async def CreateTerm(
        self, request: vocabulary_pb2.CreateTermRequest, _context: Any
    ) -> vocabulary_pb2.CreateTermResponse:
        """Add a term."""
        workspace_id = rights.workspace(Right.CREATE)
        term = entries.term(request.text, request.language)
        added = await self._catalog.add_term(workspace_id, term)
        return vocabulary_pb2.CreateTermResponse(term=_term(added))

    async def UpdateTerm(
        self, request: vocabulary_pb2.UpdateTermRequest, _context: Any
    ) -> vocabulary_pb2.UpdateTermResponse:
        """Change a term."""
        workspace_id = rights.workspace(Right.CHANGE)
        term = entries.term(request.text, request.language)
        changed = await self._catalog.change_term(workspace_id, request.term_id, term)
        return vocabulary_pb2.UpdateTermResponse(term=_term(changed))

    async def DeleteTerm(
        self, request: vocabulary_pb2.DeleteTermRequest, _context: Any
    ) -> vocabulary_pb2.DeleteTermResponse:
        """Delete a term."""
        await self._catalog.delete_term(rights.workspace(Right.DELETE), request.term_id)
        return vocabulary_pb2.DeleteTermResponse()

    async def ListCorrections(
        self, request: vocabulary_pb2.ListCorrectionsRequest, _context: Any
    ) -> vocabulary_pb2.ListCorrectionsResponse:
        """Return a page of corrections."""
        workspace_id = rights.workspace(Right.READ)
        limit, offset = requests.page(request.limit, request.offset)
        found, total = await self._catalog.corrections(workspace_id, offset=offset, limit=limit)
        return vocabulary_pb2.ListCorrectionsResponse(
            corrections=map(_correction, found), total=total
        )

    async def CreateCorrection(
        self, request: vocabulary_pb2.CreateCorrectionRequest, _context: Any
    ) -> vocabulary_pb2.CreateCorrectionResponse:
        """Add a correction."""
        workspace_id = rights.workspace(Right.CREATE)
        correction = entries.correction(
            request.heard, request.meant, request.language, match_case=request.match_case
        )
        added = await self._catalog.add_correction(workspace_id, correction)
        return vocabulary_pb2.CreateCorrectionResponse(correction=_correction(added))

    async def UpdateCorrection(
        self, request: vocabulary_pb2.UpdateCorrectionRequest, _context: Any
    ) -> vocabulary_pb2.UpdateCorrectionResponse:
        """Change a correction."""
        workspace_id = rights.workspace(Right.CHANGE)
        correction = entries.correction(
            request.heard, request.meant, request.language, match_case=request.match_case
        )
        changed = await self._catalog.change_correction(
            workspace_id, request.correction_id, correction
        )
        return vocabulary_pb2.UpdateCorrectionResponse(correction=_correction(changed))

    async def DeleteCorrection(
        self, request: vocabulary_pb2.DeleteCorrectionRequest, _context: Any
    ) -> vocabulary_pb2.DeleteCorrectionResponse:
        """Delete a correction."""
        workspace_id = rights.workspace(Right.DELETE)
        await self._catalog.delete_correction(workspace_id, request.correction_id)
        return vocabulary_pb2.DeleteCorrectionResponse()

    async def ImportVocabulary(
        self, request: vocabulary_pb2.ImportVocabularyRequest, _context: Any
    ) -> vocabulary_pb2.ImportVocabularyResponse:
        """Add the entries of a table."""
        imported = await self._catalog.import_table(rights.workspace(Right.CREATE), request.csv)
        return vocabulary_pb2.ImportVocabularyResponse(
            added_terms=imported.terms,
            added_corrections=imported.corrections,
            skipped=imported.skipped,
        )

    async def ExportVocabulary(
        self, _request: vocabulary_pb2.ExportVocabularyRequest, _context: Any
    ) -> vocabulary_pb2.ExportVocabularyResponse:
        """Return all entries as a table."""
        csv = await self._catalog.export_table(rights.workspace(Right.READ))
        return vocabulary_pb2.ExportVocabularyResponse(csv=csv)

    async def ListSuggestions(
        self, _request: vocabulary_pb2.ListSuggestionsRequest, _context: Any
    ) -> vocabulary_pb2.ListSuggestionsResponse:
        """Return candidates for rules, from corrections made by hand."""
        found = await self._suggestions.list(rights.workspace(Right.READ))
        return vocabulary_pb2.ListSuggestionsResponse(suggestions=map(_suggestion, found))

    async def AcceptSuggestion(
        self, request: vocabulary_pb2.AcceptSuggestionRequest, _context: Any
    ) -> vocabulary_pb2.AcceptSuggestionResponse:
        """Make a suggestion a correction."""
        workspace_id = rights.workspace(Right.CHANGE)
        added = await self._suggestions.accept(workspace_id, _suggestion_id(request.suggestion_id))
        return vocabulary_pb2.AcceptSuggestionResponse(correction=_correction(added))

    async def DismissSuggestion(
        self, request: vocabulary_pb2.DismissSuggestionRequest, _context: Any
    ) -> vocabulary_pb2.DismissSuggestionResponse:
        """Dismiss a suggestion."""
        workspace_id = rights.workspace(Right.CHANGE)
        await self._suggestions.dismiss(workspace_id, _suggestion_id(request.suggestion_id))
        return vocabulary_pb2.DismissSuggestionResponse()

    async def ApplyVocabulary(
        self, request: vocabulary_pb2.ApplyVocabularyRequest, _context: Any
    ) -> vocabulary_pb2.ApplyVocabularyResponse:
        """Apply all corrections to a transcript."""
        owner = await self._access.owner(request.transcription_id, Right.CHANGE)
        applied = await self._edits.apply(request.transcription_id, owner.workspace_id)
        return vocabulary_pb2.ApplyVocabularyResponse(
            revision=applied.revision, count=applied.count
        )

    async def UndoVocabulary(
        self, request: vocabulary_pb2.UndoVocabularyRequest, _context: Any
    ) -> vocabulary_pb2.UndoVocabularyResponse:
        """Take back the last application of corrections."""
        owner = await self._access.owner(request.transcription_id, Right.CHANGE)
        undone = await self._edits.undo(request.transcription_id, owner.workspace_id)
        return vocabulary_pb2.UndoVocabularyResponse(
            revision=undone.revision, undone_revision=undone.target
        )


def _suggestion_id(value: str) -> str:
    if len(value) > _LONGEST_ID:
        raise NotFoundError("There is no such suggestion.")
    return value


def _term(term: Term) -> vocabulary_pb2.Term:
    return vocabulary_pb2.Term(
        term_id=term.id,
        text=term.text,
        language=term.language,
        transcript_count=term.transcripts,
        create_time=timestamp(term.created_at),
    )


def _correction(correction: Correction) -> vocabulary_pb2.Correction:
    return vocabulary_pb2.Correction(
        correction_id=correction.id,
        heard=correction.heard,
        meant=correction.meant,
        language=correction.language,
        match_case=correction.match_case,
        use_count=correction.uses,
        create_time=timestamp(correction.created_at),
    )


def _suggestion(suggestion: Suggestion) -> vocabulary_pb2.Suggestion:
    return vocabulary_pb2.Suggestion(
        suggestion_id=suggestion.id,
        heard=suggestion.replaced.heard,
        meant=suggestion.replaced.meant,
        count=suggestion.replaced.count,
        transcription_ids=suggestion.replaced.transcriptions,
    )
