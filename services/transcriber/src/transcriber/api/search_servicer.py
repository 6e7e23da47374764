"""SearchService: searches over a workspace."""

import datetime as dt
from dataclasses import replace
from typing import Any, Literal

from common import characters, rights, times
from common.errors import ValidationError
from common.rights import Right
from securetranscribe.v1 import search_pb2, search_pb2_grpc, transcription_pb2
from transcriber.api import responses
from transcriber.search.searcher import Coverage, Hit, Searcher, State
from transcriber.sharing.access import TranscriptionAccess
from transcriber.store.search_query import Filters

_MOST_HITS = 100
_DEFAULT_HITS = 20
_MOST_PER_TRANSCRIPTION = 50
_DEFAULT_PER_TRANSCRIPTION = 3
_LONGEST_FILTER = 255
_STATUSES = {message: status.value for status, message in responses.STATUSES.items()}
_KINDS = {
    "segment": search_pb2.SEARCH_HIT_KIND_SEGMENT,
    "title": search_pb2.SEARCH_HIT_KIND_TITLE,
    "speaker": search_pb2.SEARCH_HIT_KIND_SPEAKER,
    "note": search_pb2.SEARCH_HIT_KIND_NOTE,
}
_STATES = {
    State.COMPLETE: search_pb2.SEARCH_INDEX_STATE_COMPLETE,
    State.BEHIND: search_pb2.SEARCH_INDEX_STATE_BEHIND,
    State.UNAVAILABLE: search_pb2.SEARCH_INDEX_STATE_UNAVAILABLE,
    State.OFF: search_pb2.SEARCH_INDEX_STATE_OFF,
}


class SearchServicer(search_pb2_grpc.SearchServiceServicer):
    """Serves SearchService."""

    def __init__(self, searcher: Searcher, access: TranscriptionAccess) -> None:
        self._searcher = searcher
        self._access = access

    async def Search(
        self, request: search_pb2.SearchRequest, _context: Any
    ) -> search_pb2.SearchResponse:
        """Search the caller's workspace, or within one transcription shared by others."""
        filters, own = _filters(request), True
        if filters.transcription is None:
            workspace_id = rights.workspace(Right.READ)
        else:
            access = await self._access.find(filters.transcription, Right.READ)
            workspace_id, own = access.workspace_id, access.own
        if not own:
            # They would tell how the owner keeps it.
            filters = replace(filters, favorite=None, folder=None, tag=None)
        found = await self._searcher.search(
            workspace_id,
            request.query,
            filters,
            limit=_bounded(request.page_size, "page_size", _DEFAULT_HITS, _MOST_HITS),
            per_transcription=_bounded(
                request.per_transcription,
                "per_transcription",
                _DEFAULT_PER_TRANSCRIPTION,
                _MOST_PER_TRANSCRIPTION,
            ),
            page_token=request.page_token,
        )
        return search_pb2.SearchResponse(
            hits=map(_hit, found.hits),
            next_page_token=found.next_page,
            text=_coverage(found.text, counted=own),
            semantic=_coverage(found.semantic, counted=own),
        )


def _filters(request: search_pb2.SearchRequest) -> Filters:
    for name in ("speaker", "language", "tag"):
        value = getattr(request, name)
        if len(value) > _LONGEST_FILTER or "\0" in value:
            raise ValidationError.of(
                name, f"{name} must not exceed {_LONGEST_FILTER} characters of text."
            )
    return Filters(
        transcription=request.transcription_id or None,
        speaker=request.speaker.strip().lower() or None,
        since=_moment(request, "from"),
        until=_moment(request, "to"),
        language=request.language.lower() or None,
        status=_status(request.status),
        shortest=_seconds(request, "min_duration"),
        longest=_seconds(request, "max_duration"),
        favorite=request.favorite if request.HasField("favorite") else None,
        folder=request.folder_id or None,
        tag=characters.key(request.tag) or None,
    )


def _moment(request: search_pb2.SearchRequest, name: Literal["from", "to"]) -> dt.datetime | None:
    if not request.HasField(name):
        return None
    try:
        return times.moment(getattr(request, name))
    except (ValueError, OverflowError) as error:
        raise ValidationError.of(name, f"{name} is not a moment.") from error


def _status(status: transcription_pb2.TranscriptionStatus.ValueType) -> str | None:
    if not status:
        return None
    if status not in _STATUSES:
        raise ValidationError.of("status", "There is no such status.")
    return _STATUSES[status]


def _seconds(
    request: search_pb2.SearchRequest, name: Literal["min_duration", "max_duration"]
) -> float | None:
    return times.seconds(getattr(request, name)) if request.HasField(name) else None


def _bounded(value: int, name: str, default: int, most: int) -> int:
    if not 0 <= value <= most:
        raise ValidationError.of(name, f"{name} must be from 1 to {most}.")
    return value or default


def _hit(hit: Hit) -> search_pb2.SearchHit:
    row = hit.row
    return search_pb2.SearchHit(
        transcription_id=row["transcription_id"],
        title=row["title"] or row["filename"],
        create_time=times.timestamp(row["created_at"]),
        kind=_KINDS[row["kind"]],
        segment_id="" if row["kind"] == "speaker" else hit.place.segment,
        speaker_label=hit.speaker_label,
        speaker=hit.speaker,
        start=None if hit.place.start is None else times.duration(hit.place.start),
        text=row["text"],
        marks=[search_pb2.TextRange(start=start, end=end) for start, end in hit.marks],
        score=row["score"],
        by_text=row["by_text"],
        by_meaning=row["by_meaning"],
    )


def _coverage(coverage: Coverage, *, counted: bool) -> search_pb2.SearchCoverage:
    """Convert a coverage. It is only `counted` for members of the workspace."""
    if not counted:
        return search_pb2.SearchCoverage(state=_STATES[coverage.state])
    return search_pb2.SearchCoverage(
        state=_STATES[coverage.state], indexed=coverage.indexed, total=coverage.total
    )
