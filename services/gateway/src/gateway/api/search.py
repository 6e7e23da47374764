"""The endpoint of the search."""

from typing import Annotated

from fastapi import Query
from google.protobuf.duration_pb2 import Duration
from pydantic import AfterValidator, Field

from common import times
from gateway.api.moments import Since, Until
from gateway.api.parameters import MAX_ID, Caller, EmptyIsNone, Text
from gateway.api.search_models import (
    CoverageData,
    Half,
    HitKind,
    IndexState,
    Mark,
    SearchData,
    SearchHitData,
)
from gateway.api.transcription_conversion import STATUS_BY_WORD
from gateway.api.transcription_models import TranscriptionWord
from gateway.backends import Backends
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from securetranscribe.v1 import search_pb2

_LONGEST_SECONDS = 1e9
_KINDS: "dict[search_pb2.SearchHitKind.ValueType, HitKind]" = {
    search_pb2.SEARCH_HIT_KIND_SEGMENT: "segment",
    search_pb2.SEARCH_HIT_KIND_TITLE: "title",
    search_pb2.SEARCH_HIT_KIND_SPEAKER: "speaker",
    search_pb2.SEARCH_HIT_KIND_NOTE: "note",
}
_STATES: "dict[search_pb2.SearchIndexState.ValueType, IndexState]" = {
    search_pb2.SEARCH_INDEX_STATE_COMPLETE: "complete",
    search_pb2.SEARCH_INDEX_STATE_BEHIND: "behind",
    search_pb2.SEARCH_INDEX_STATE_UNAVAILABLE: "unavailable",
    search_pb2.SEARCH_INDEX_STATE_OFF: "off",
}

_Query = Annotated[
    Text,
    Query(
        min_length=1,
        max_length=500,
        description='Words, "phrases" in quotes, words to -exclude, and words joined by OR.',
        examples=['budget OR costs -travel "next year"'],
    ),
]
_Word = Annotated[str, Field(max_length=255), AfterValidator(lambda text: text.strip())]
_Seconds = Annotated[float, Field(ge=0, le=_LONGEST_SECONDS, allow_inf_nan=False)]
_Id = Annotated[int, Field(ge=1, le=MAX_ID)]


class SearchApi:
    """Search over everything in the workspace."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.searches

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/search",
                handler=self.search,
                summary="Search transcripts",
                tag="Search",
                errors=(404,),
            )
        ]

    async def search(
        self,
        *,
        caller: Caller,
        q: _Query,
        transcription_id: Annotated[
            _Id | None, Query(description="Only in this transcription, with all of its hits.")
        ] = None,
        speaker: Annotated[
            Text, _Word, Query(description="Only what a speaker says: a name or a label.")
        ] = "",
        start: Annotated[
            Since | None,
            EmptyIsNone,
            Query(alias="from", description="Only transcriptions since this date or time (UTC)."),
        ] = None,
        end: Annotated[
            Until | None,
            EmptyIsNone,
            Query(alias="to", description="Only transcriptions until this date or time (UTC)."),
        ] = None,
        language: Annotated[
            Text, _Word, Query(description="Only segments in this language.", examples=["de"])
        ] = "",
        status: Annotated[TranscriptionWord | None, EmptyIsNone, Query()] = None,
        min_duration: Annotated[
            _Seconds | None, EmptyIsNone, Query(description="Least length, in seconds.")
        ] = None,
        max_duration: Annotated[
            _Seconds | None, EmptyIsNone, Query(description="Greatest length, in seconds.")
        ] = None,
        tag: Annotated[Text, _Word, Query(description="Only transcriptions with this tag.")] = "",
        folder_id: Annotated[
            _Id | None, Query(description="Only in this folder and the folders in it.")
        ] = None,
        favorite: Annotated[
            bool | None, EmptyIsNone, Query(description="Only favorites, or only others.")
        ] = None,
        per_transcription: Annotated[
            int, Query(ge=1, le=50, description="Maximum number of hits of one transcription.")
        ] = 3,
        limit: Annotated[int, Query(ge=1, le=100, description="Maximum number of hits.")] = 20,
        cursor: Annotated[
            Text, Query(max_length=500, description="`cursor` of the page before.")
        ] = "",
    ) -> Success[SearchData]:
        """Search by text and by meaning. The best hits come first."""
        request = search_pb2.SearchRequest(
            query=q,
            transcription_id=transcription_id or 0,
            speaker=speaker,
            to=times.timestamp(end),
            language=language,
            status=STATUS_BY_WORD[status],
            min_duration=_duration(min_duration),
            max_duration=_duration(max_duration),
            tag=tag,
            folder_id=folder_id or 0,
            favorite=favorite,
            per_transcription=per_transcription,
            page_size=limit,
            page_token=cursor,
        )
        if start is not None:
            getattr(request, "from").FromDatetime(start)
        answer = await self._backends.ask(self._service.Search, request, caller)
        data = SearchData(
            query=q,
            hits=[_hit(hit) for hit in answer.hits],
            cursor=answer.next_page_token or None,
            text=_coverage(answer.text),
            semantic=_coverage(answer.semantic),
        )
        return Success[SearchData].of(data, "Search completed")


def _duration(seconds: float | None) -> Duration | None:
    return None if seconds is None else times.duration(seconds)


def _hit(hit: search_pb2.SearchHit) -> SearchHitData:
    halves: list[Half] = []
    if hit.by_text:
        halves.append("text")
    if hit.by_meaning:
        halves.append("meaning")
    return SearchHitData(
        transcription_id=hit.transcription_id,
        title=hit.title,
        created_at=times.moment(hit.create_time),
        kind=_KINDS[hit.kind],
        segment_id=hit.segment_id or None,
        speaker=hit.speaker or None,
        speaker_label=hit.speaker_label or None,
        start_time=times.seconds(hit.start) if hit.HasField("start") else None,
        text=hit.text,
        marks=[Mark(start=mark.start, end=mark.end) for mark in hit.marks],
        score=hit.score,
        found_by=halves,
    )


def _coverage(coverage: search_pb2.SearchCoverage) -> CoverageData:
    return CoverageData(
        state=_STATES[coverage.state], indexed=coverage.indexed, total=coverage.total
    )
