"""Responses of the search."""

from typing import Literal

from pydantic import Field

from gateway.web.envelope import ApiModel, Moment

HitKind = Literal["segment", "title", "speaker", "note"]
IndexState = Literal["complete", "behind", "unavailable", "off"]
Half = Literal["text", "meaning"]


class Mark(ApiModel):
    """A range of characters (Unicode code points) of the text."""

    start: int
    end: int = Field(description="Behind the last character.")


class SearchHitData(ApiModel):
    """A hit."""

    transcription_id: int
    title: str = Field(description="Title of the transcription, or the name of its file.")
    created_at: Moment
    kind: HitKind
    segment_id: str | None = Field(description="Null for titles and for names of speakers.")
    speaker: str | None = Field(description="Name or label, null for titles.")
    speaker_label: str | None
    start_time: float | None = Field(description="Where to begin playing, in seconds.")
    text: str
    marks: list[Mark] = Field(description="Ranges of the text to be marked.")
    score: float = Field(description="Comparable only within one search.")
    found_by: list[Half]


class CoverageData(ApiModel):
    """How much of the workspace an index holds."""

    state: IndexState = Field(
        description="`behind`: some is not indexed yet. `unavailable` and `off`: hits are found by "
        "text only."
    )
    indexed: int
    total: int


class SearchData(ApiModel):
    """A page of hits, the best first."""

    query: str
    hits: list[SearchHitData]
    cursor: str | None = Field(description="Requests the next page. Null on the last one.")
    text: CoverageData = Field(description="Search by words, counted in transcriptions.")
    semantic: CoverageData = Field(description="Search by meaning, counted in segments.")
