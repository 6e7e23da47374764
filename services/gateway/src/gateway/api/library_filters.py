"""Filters and orders of lists of transcriptions."""

import datetime as dt
from typing import Annotated

from fastapi import Depends, Query
from google.protobuf.duration_pb2 import Duration
from pydantic import ConfigDict, Field

from common import times
from gateway.api.moments import Since, Until
from gateway.api.parameters import MAX_ID, EmptyIsNone, JsonBody, Language, Text
from gateway.api.transcription_conversion import STATUS_BY_WORD
from gateway.api.transcription_models import SortWord, TranscriptionWord
from securetranscribe.v1 import transcription_pb2

_LONGEST_SECONDS = 1e9
_MOST_TAGS = 50
Identifier = Annotated[int, Field(ge=1, le=MAX_ID)]
FolderOrNone = Annotated[int, Field(ge=0, le=MAX_ID)]
Seconds = Annotated[float, Field(ge=0, le=_LONGEST_SECONDS, allow_inf_nan=False)]
Person = Annotated[Text, Field(max_length=255)]
Cursor = Annotated[
    Annotated[Text, Field(max_length=4096)] | None,
    EmptyIsNone,
    Query(description="`next_cursor` of the page before, not with an offset."),
]
SORTS: "dict[SortWord, transcription_pb2.TranscriptionSort.ValueType]" = {
    "newest": transcription_pb2.TRANSCRIPTION_SORT_NEWEST,
    "oldest": transcription_pb2.TRANSCRIPTION_SORT_OLDEST,
    "title": transcription_pb2.TRANSCRIPTION_SORT_TITLE,
    "title_descending": transcription_pb2.TRANSCRIPTION_SORT_TITLE_DESCENDING,
    "longest": transcription_pb2.TRANSCRIPTION_SORT_LONGEST,
    "shortest": transcription_pb2.TRANSCRIPTION_SORT_SHORTEST,
}


class FilterBody(JsonBody):
    """Required properties of transcriptions."""

    # A property with another name would select more than the caller means, for example to delete.
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    status: TranscriptionWord | None = None
    tag_ids: list[Identifier] = Field([], max_length=_MOST_TAGS, description="All of them.")
    folder_id: FolderOrNone | None = Field(None, description="0 for those outside of all folders.")
    favorite: bool | None = None
    language: Language = Field("", description="Code of a spoken language.")
    speaker: Person = Field("", description="Name or label of a speaker.")
    since: Since | None = Field(None, description="Uploaded since this date or time (UTC).")
    until: Until | None = Field(None, description="Uploaded until this date or time (UTC).")
    min_duration: Seconds | None = Field(None, description="Least length, in seconds.")
    max_duration: Seconds | None = Field(None, description="Greatest length, in seconds.")

    def message(self) -> transcription_pb2.TranscriptionFilter:
        """Convert the filter."""
        return _message(
            status=STATUS_BY_WORD[self.status],
            tag_ids=self.tag_ids,
            folder_id=self.folder_id,
            favorite=self.favorite,
            language=self.language,
            speaker=self.speaker,
            since=self.since,
            until=self.until,
            min_duration=self.min_duration,
            max_duration=self.max_duration,
        )


async def _by_query(
    *,
    tag_id: Annotated[
        list[Identifier] | None,
        Query(max_length=_MOST_TAGS, description="Only with this tag. Repeat it for several."),
    ] = None,
    folder_id: Annotated[
        FolderOrNone | None,
        EmptyIsNone,
        Query(description="Only in this folder. 0 for those outside of all folders."),
    ] = None,
    favorite: Annotated[
        bool | None, EmptyIsNone, Query(description="Only favorites, or only others.")
    ] = None,
    language: Annotated[Language, Query(description="Only with this spoken language.")] = "",
    speaker: Annotated[Person, Query(description="Only with this speaker: a name or label.")] = "",
    start: Annotated[
        Since | None,
        Query(alias="from", description="Only uploaded since this date or time (UTC)."),
    ] = None,
    end: Annotated[
        Until | None,
        Query(alias="to", description="Only uploaded until this date or time (UTC)."),
    ] = None,
    min_duration: Annotated[
        Seconds | None, EmptyIsNone, Query(description="Least length, in seconds.")
    ] = None,
    max_duration: Annotated[
        Seconds | None, EmptyIsNone, Query(description="Greatest length, in seconds.")
    ] = None,
) -> transcription_pb2.TranscriptionFilter:
    return _message(
        tag_ids=tag_id or [],
        folder_id=folder_id,
        favorite=favorite,
        language=language,
        speaker=speaker,
        since=start,
        until=end,
        min_duration=min_duration,
        max_duration=max_duration,
    )


def _message(
    *,
    status: "transcription_pb2.TranscriptionStatus.ValueType" = (
        transcription_pb2.TRANSCRIPTION_STATUS_UNSPECIFIED
    ),
    tag_ids: list[int],
    folder_id: int | None,
    favorite: bool | None,
    language: str,
    speaker: str,
    since: dt.datetime | None,
    until: dt.datetime | None,
    min_duration: float | None,
    max_duration: float | None,
) -> transcription_pb2.TranscriptionFilter:
    return transcription_pb2.TranscriptionFilter(
        status=status,
        tag_ids=tag_ids,
        folder_id=folder_id,
        favorite=favorite,
        language=language,
        speaker=speaker,
        create_from=times.timestamp(since),
        create_to=times.timestamp(until),
        min_duration=_duration(min_duration),
        max_duration=_duration(max_duration),
    )


def _duration(seconds: float | None) -> Duration | None:
    return None if seconds is None else times.duration(seconds)


FilterByQuery = Annotated[transcription_pb2.TranscriptionFilter, Depends(_by_query)]
