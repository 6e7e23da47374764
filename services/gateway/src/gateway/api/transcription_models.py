"""What the transcription endpoints take and return."""

from typing import Literal

from pydantic import Field

from gateway.api.parameters import Body, Language
from gateway.api.stages import FailureReason, StageData
from gateway.web.envelope import ApiModel, Moment

TranscriptionWord = Literal["pending", "processing", "completed", "failed"]
JobWord = Literal["queued", "processing", "completed", "failed", "cancelled"]


class UploadData(ApiModel):
    """An uploaded recording."""

    transcription_id: int
    session_id: str
    filename: str
    file_size: int = Field(description="Bytes.")
    formatted_file_size: str = Field(examples=["1.0 MB"])
    duration: float = Field(description="Seconds.")
    formatted_duration: str = Field(examples=["00:02:00"])
    format: str
    language_detected: str | None = Field(
        description="The language that was named; detection comes with processing."
    )
    processing_started: bool
    job_id: str | None = Field(description="The job; null when processing was not started.")


class StartBody(Body):
    """How a recording is to be processed."""

    language: Language | None = Field(
        None, description="Language code, or `auto` to detect it; as it was uploaded if absent."
    )


class StartData(ApiModel):
    """A job that was queued."""

    job_id: str
    transcription_id: int
    status: JobWord
    message: str


class FileInfo(ApiModel):
    """The uploaded file."""

    filename: str
    file_size: int = Field(description="Bytes.")
    formatted_file_size: str
    duration: float = Field(description="Seconds.")
    formatted_duration: str
    format: str


class Segment(ApiModel):
    """A stretch of one speaker's speech. Times are seconds from the beginning."""

    speaker: str
    text: str
    start_time: float
    end_time: float
    confidence: float


class SpeakerStats(ApiModel):
    """Figures of one speaker in one transcription."""

    segment_count: int
    total_duration: float = Field(description="Seconds.")
    avg_confidence: float


class StatusData(ApiModel):
    """A transcription and, once it is complete, its transcript."""

    transcription_id: int
    session_id: str
    status: TranscriptionWord
    progress_percentage: float
    current_step: str
    created_at: Moment
    started_at: Moment | None
    completed_at: Moment | None
    processing_time: float | None = Field(description="Seconds.")
    file_info: FileInfo
    full_transcript: str | None
    language_detected: str | None
    confidence_score: float | None
    num_speakers: int | None
    speakers: list[str]
    segments: list[Segment]
    speaker_stats: dict[str, SpeakerStats]
    job_id: str | None = Field(description="The last job; null before the first start.")
    stages: list[StageData] = Field(description="Stages of the last job; empty before it.")
    warnings: list[str]
    error: FailureReason | None = Field(description="Present when the last job failed.")


class AssignData(ApiModel):
    """The speakers of a transcription after they were named."""

    transcription_id: int
    speakers_assigned: int
    speakers: list[str]


class TranscriptionItem(ApiModel):
    """A transcription in a list."""

    id: int
    session_id: str
    original_filename: str
    status: TranscriptionWord
    progress_percentage: float
    file_duration: float = Field(description="Seconds.")
    formatted_duration: str
    file_format: str
    num_speakers: int | None
    confidence_score: float | None
    created_at: Moment
    completed_at: Moment | None


class TranscriptionList(ApiModel):
    """A piece of the list of transcriptions, newest first."""

    transcriptions: list[TranscriptionItem]
    total: int
    limit: int
    offset: int


class DeletedTranscription(ApiModel):
    """A transcription that is gone."""

    message: str
    transcription_id: int
