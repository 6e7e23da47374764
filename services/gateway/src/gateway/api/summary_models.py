"""Response models of the endpoint for summaries."""

from pydantic import Field

from gateway.web.envelope import ApiModel


class SummarySource(ApiModel):
    """A segment that is cited."""

    segment: str = Field(description="ID of the segment in the transcript.", examples=["1.12"])
    start: float = Field(description="Seconds.")


class SummaryStatement(ApiModel):
    """A sentence of a summary."""

    text: str
    speaker: str | None = Field(
        description="Name of the person who said it, if it is a quotation and several took part."
    )
    speaker_label: str | None = Field(description="Label of that speaker.")
    sources: list[SummarySource] = Field(description="Cited segments, at least one.")


class SummaryItem(ApiModel):
    """A task that somebody took on or was given."""

    text: str
    owner: str | None = Field(description="Person responsible, if one was mentioned.")
    due: str | None = Field(description="Due date in the words of the conversation.")
    source: SummarySource = Field(description="Cited segment.")


class SummaryData(ApiModel):
    """Summary of a revision. Statements and action items are in order of time."""

    transcription_id: int
    revision: int = Field(description="Revision that was summarized.")
    method: str = Field(
        description="`extractive` for sentences of the transcript, picked by rules. Otherwise the "
        "name of the language model that wrote it.",
        examples=["extractive"],
    )
    coverage: float = Field(description="Share of the segments that were read, 0 to 1.")
    statements: list[SummaryStatement]
    action_items: list[SummaryItem]
    warnings: list[str] = Field(description="What readers should know.")
