"""Fake of VocabularyService over real gRPC. Rules for entries are tested with the real service."""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from common import identity
from common.errors import NotFoundError
from securetranscribe.v1 import vocabulary_pb2, vocabulary_pb2_grpc

SUGGESTION = "0" * 32


class FakeVocabulary(vocabulary_pb2_grpc.VocabularyServiceServicer):
    """Entries of sessions, in memory."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.table = "type,heard,meant\r\n"
        self._terms: dict[int, tuple[str, vocabulary_pb2.Term]] = {}
        self._corrections: dict[int, tuple[str, vocabulary_pb2.Correction]] = {}

    async def ListTerms(self, request: Any, context: Any) -> Any:
        found = _own(self._terms)
        return vocabulary_pb2.ListTermsResponse(terms=found, total=len(found))

    async def CreateTerm(self, request: Any, context: Any) -> Any:
        term = vocabulary_pb2.Term(
            term_id=len(self._terms) + 1,
            text=request.text,
            language=request.language,
            create_time=Timestamp(seconds=1_700_000_000),
        )
        self._terms[term.term_id] = (_session(), term)
        return vocabulary_pb2.CreateTermResponse(term=term)

    async def UpdateTerm(self, request: Any, context: Any) -> Any:
        term = _find(self._terms, request.term_id)
        term.text, term.language = request.text, request.language
        return vocabulary_pb2.UpdateTermResponse(term=term)

    async def DeleteTerm(self, request: Any, context: Any) -> Any:
        _find(self._terms, request.term_id)
        del self._terms[request.term_id]
        return vocabulary_pb2.DeleteTermResponse()

    async def ListCorrections(self, request: Any, context: Any) -> Any:
        found = _own(self._corrections)
        return vocabulary_pb2.ListCorrectionsResponse(corrections=found, total=len(found))

    async def CreateCorrection(self, request: Any, context: Any) -> Any:
        correction = vocabulary_pb2.Correction(
            correction_id=len(self._corrections) + 1,
            heard=request.heard,
            meant=request.meant,
            language=request.language,
            match_case=request.match_case,
            create_time=Timestamp(seconds=1_700_000_000),
        )
        self._corrections[correction.correction_id] = (_session(), correction)
        return vocabulary_pb2.CreateCorrectionResponse(correction=correction)

    async def UpdateCorrection(self, request: Any, context: Any) -> Any:
        correction = _find(self._corrections, request.correction_id)
        correction.heard, correction.meant = request.heard, request.meant
        correction.match_case = request.match_case
        return vocabulary_pb2.UpdateCorrectionResponse(correction=correction)

    async def DeleteCorrection(self, request: Any, context: Any) -> Any:
        _find(self._corrections, request.correction_id)
        del self._corrections[request.correction_id]
        return vocabulary_pb2.DeleteCorrectionResponse()

    async def ImportVocabulary(self, request: Any, context: Any) -> Any:
        self.requests.append(request)
        return vocabulary_pb2.ImportVocabularyResponse(
            added_terms=2, added_corrections=1, skipped=3
        )

    async def ExportVocabulary(self, request: Any, context: Any) -> Any:
        return vocabulary_pb2.ExportVocabularyResponse(csv=self.table)

    async def ListSuggestions(self, request: Any, context: Any) -> Any:
        suggestion = vocabulary_pb2.Suggestion(
            suggestion_id=SUGGESTION, heard="Smyth", meant="Smith", count=2, transcription_ids=[7]
        )
        return vocabulary_pb2.ListSuggestionsResponse(suggestions=[suggestion])

    async def AcceptSuggestion(self, request: Any, context: Any) -> Any:
        self.requests.append(request)
        create = vocabulary_pb2.CreateCorrectionRequest(heard="Smyth", meant="Smith")
        added = await self.CreateCorrection(create, context)
        return vocabulary_pb2.AcceptSuggestionResponse(correction=added.correction)

    async def DismissSuggestion(self, request: Any, context: Any) -> Any:
        self.requests.append(request)
        return vocabulary_pb2.DismissSuggestionResponse()

    async def ApplyVocabulary(self, request: Any, context: Any) -> Any:
        self.requests.append(request)
        return vocabulary_pb2.ApplyVocabularyResponse(revision=2, count=5)

    async def UndoVocabulary(self, request: Any, context: Any) -> Any:
        self.requests.append(request)
        return vocabulary_pb2.UndoVocabularyResponse(revision=3, undone_revision=2)


def _session() -> str:
    return identity.current().session_id


def _own(entries: dict[int, tuple[str, Any]]) -> list[Any]:
    return [entry for owner, entry in entries.values() if owner == _session()]


def _find(entries: dict[int, tuple[str, Any]], number: int) -> Any:
    owner, entry = entries.get(number, ("", None))
    if owner != _session():
        raise NotFoundError("There is no such entry.")
    return entry
