"""Response models of imports."""

from typing import Literal

from pydantic import Field

from gateway.web.envelope import ApiModel

FormatWord = Literal["auto", "srt", "vtt", "whisperx", "openai", "textgrid", "eaf", "rttm", "ctm"]


class ImportData(ApiModel):
    """An imported transcript."""

    transcription_id: int
    revision: int = Field(description="The new revision, or the newest one if nothing changed.")
    format: FormatWord = Field(description="Format of the file.")
    segments: int = Field(description="Number of segments.")
    words: int = Field(description="Number of words.")
    kept_words: int = Field(description="Number of words that the transcript had already.")
    align: bool = Field(description="Whether times of words will be measured in the sound.")
    notes: list[str] = Field(description="Sentences about content that was left out.")


class ImportedRecordingData(ImportData):
    """A recording with an imported transcript."""

    job_id: str | None = Field(description="The job that processes the recording, if any.")
