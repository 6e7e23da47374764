"""Request and response models of the endpoints for vocabularies."""

from typing import Annotated

from pydantic import Field

from gateway.api.parameters import JsonBody, Language, Text
from gateway.web.envelope import ApiModel, Moment

_Words = Annotated[Text, Field(min_length=1, max_length=100)]
_MOST_CHARACTERS = 1 << 20


class TermBody(JsonBody):
    """A possible word or name in recordings."""

    text: _Words = Field(examples=["Kubernetes"])
    language: Language = Field("", description="Language in which it is used, empty for all.")


class CorrectionBody(JsonBody):
    """Words to write in place of heard words."""

    heard: _Words = Field(
        description="1 to 8 words, found as whole words.", examples=["cooper netties"]
    )
    meant: _Words = Field(description="1 to 8 words.", examples=["Kubernetes"])
    language: Language = Field("", description="Language of the segments, empty for all.")
    match_case: bool = Field(False, description="Whether upper and lower case differ.")


class ImportBody(JsonBody):
    """A table of terms and corrections."""

    csv: Annotated[Text, Field(max_length=_MOST_CHARACTERS)] = Field(
        description="CSV with the columns `type` (`term` or `correction`), `heard`, `meant`, "
        "`language` and `match_case`. A term is in the column `meant`.",
        examples=["type,heard,meant\ncorrection,cooper netties,Kubernetes\n"],
    )


class TermData(ApiModel):
    """A term."""

    term_id: int
    text: str
    language: str | None = Field(description="Null for all languages.")
    transcript_count: int = Field(description="Number of transcripts that it was found in.")
    created_at: Moment


class TermListData(ApiModel):
    """A page of terms, the latest first."""

    terms: list[TermData]
    total: int
    limit: int
    offset: int


class CorrectionData(ApiModel):
    """A correction."""

    correction_id: int
    heard: str
    meant: str
    language: str | None = Field(description="Null for all languages.")
    match_case: bool
    use_count: int = Field(description="Number of places that were corrected.")
    created_at: Moment


class CorrectionListData(ApiModel):
    """A page of corrections, the latest first."""

    corrections: list[CorrectionData]
    total: int
    limit: int
    offset: int


class DeletedTermData(ApiModel):
    """A deleted term."""

    term_id: int


class DeletedCorrectionData(ApiModel):
    """A deleted correction."""

    correction_id: int


class ImportData(ApiModel):
    """Result of an import."""

    added_terms: int
    added_corrections: int
    skipped: int = Field(description="Number of rows that existed already.")


class SuggestionData(ApiModel):
    """A correction made by hand in several places."""

    suggestion_id: str
    heard: str
    meant: str
    count: int = Field(description="Number of places.")
    transcription_ids: list[int] = Field(description="At most 10 transcriptions with them.")


class SuggestionListData(ApiModel):
    """Suggestions, the most frequent first."""

    suggestions: list[SuggestionData]


class DismissedData(ApiModel):
    """A dismissed suggestion."""

    suggestion_id: str


class AppliedData(ApiModel):
    """Result of applying corrections to a transcript."""

    transcription_id: int
    revision: int
    count: int = Field(description="Number of places that were corrected.")


class UnappliedData(ApiModel):
    """Result of taking corrections back."""

    transcription_id: int
    revision: int
    target_revision: int = Field(description="Revision that was taken back.")
