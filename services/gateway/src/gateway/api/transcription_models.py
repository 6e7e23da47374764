"""Request and response models of the transcription endpoints."""

from typing import Literal

from pydantic import Field

from gateway.api.channels import ChannelsData
from gateway.api.option_models import OptionsBody
from gateway.api.parameters import Language
from gateway.api.stages import FailureReason, StageData, StageName
from gateway.channel_modes import ChannelWord
from gateway.web.envelope import ApiModel, Moment

TranscriptionWord = Literal["pending", "processing", "completed", "failed"]
TitleWord = Literal["file", "suggested", "own"]
SortWord = Literal["newest", "oldest", "title", "title_descending", "longest", "shortest"]
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
        description="The requested language, null if it is to be detected."
    )
    processing_started: bool
    job_id: str | None = Field(description="Job ID, null if processing was not started.")
    channels: ChannelsData
    warnings: list[str]


class StartBody(OptionsBody):
    """Processing options. Those that are left out are those of the upload."""

    language: Language | None = Field(
        None,
        description="Language code, or `auto`. Defaults to the language of the upload.",
    )
    channels: ChannelWord | None = Field(
        None,
        description="How channels and tracks are recognized. Defaults to the mode of the upload. "
        "A mode that changes the plan processes a complete transcription again.",
    )
    stages: list[StageName] = Field(
        default_factory=list,
        max_length=3,
        description="Stages of a complete transcription to run again. Results of the others are "
        "reused.",
    )


class StartData(ApiModel):
    """A queued job."""

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


class LanguageSpan(ApiModel):
    """Part of a recording in one language. Times are in seconds from the start."""

    start: float
    end: float
    language: str
    probability: float


class SegmentWord(ApiModel):
    """A word. Times are in seconds from the start."""

    text: str
    start: float
    end: float
    confidence: float | None = Field(description="0 to 1, null if a person wrote the word.")
    speakers: list[str] = Field(description="Names of all who speak, the word's speaker first.")


class Segment(ApiModel):
    """A segment of one speaker's speech. Times are in seconds from the start."""

    speaker: str
    text: str
    start_time: float
    end_time: float
    confidence: float
    channel: int | None = Field(description="Number of the channel, null in a mix.")
    words: list[SegmentWord] | None = Field(description="Null unless requested.")


class SpeakerStats(ApiModel):
    """Statistics of one speaker in one transcription."""

    segment_count: int
    total_duration: float = Field(description="Seconds.")
    avg_confidence: float
    channel: int | None = Field(description="Number of the channel, null in a mix.")


class TagData(ApiModel):
    """A tag."""

    tag_id: int
    name: str
    color: str | None = Field(description="Null without one.", examples=["#3366cc"])


class PartialSegment(ApiModel):
    """A passage of text without a speaker. Times are in seconds from the start."""

    text: str
    start_time: float
    end_time: float
    language: str | None
    channel: int | None = Field(description="Number of the channel, null in a mix.")


class PartialTranscript(ApiModel):
    """Text recognized so far of a long recording."""

    recognized_until: float = Field(description="Seconds from the start.")
    segments: list[PartialSegment]


class SpeakersRequested(ApiModel):
    """Numbers of speakers that the last job, or else the upload, named. Null if unknown."""

    num_speakers: int | None = Field(description="Exact number.")
    min_speakers: int | None = Field(description="Least number.")
    max_speakers: int | None = Field(description="Greatest number.")


class StatusData(ApiModel):
    """Status of a transcription, with its transcript once complete."""

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
    languages: list[LanguageSpan] = Field(description="Detected languages in order of time.")
    channels: ChannelsData
    confidence_score: float | None
    num_speakers: int | None
    speakers_requested: SpeakersRequested
    diarize: bool = Field(description="Whether speakers are told apart, as requested.")
    phrases: list[str] = Field(description="Requested names and terms.")
    model_requested: str | None = Field(description="Null for the default of the deployment.")
    speakers: list[str]
    segments: list[Segment]
    partial_transcript: PartialTranscript | None = Field(
        description="Text so far while a long recording is processed in parts, else null."
    )
    speaker_stats: dict[str, SpeakerStats]
    job_id: str | None = Field(description="ID of the last job, null before the first start.")
    stages: list[StageData] = Field(
        description="Stages of the last job, empty if none was started."
    )
    warnings: list[str]
    error: FailureReason | None = Field(description="Set if the last job failed.")
    kept_until: Moment | None = Field(
        description="When the transcription is erased unless the session is used before, null if "
        "it is kept until somebody deletes it."
    )
    recording_kept_until: Moment | None = Field(
        description="When the recording is erased, null if no time is set or it is gone."
    )
    title: str = Field(description="The name of the file if there is no other.")
    title_source: TitleWord
    folder_id: int | None = Field(description="Null outside of all folders.")
    favorite: bool
    tags: list[TagData]


class AssignData(ApiModel):
    """Speakers of a transcription after the assignment."""

    transcription_id: int
    speakers_assigned: int
    speakers: list[str]
    revision: int = Field(description="Newest revision of the transcript.")


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
    title: str = Field(description="The name of the file if there is no other.")
    title_source: TitleWord
    folder_id: int | None = Field(description="Null outside of all folders.")
    favorite: bool
    tags: list[TagData]


class TranscriptionList(ApiModel):
    """One page of transcriptions, newest first."""

    transcriptions: list[TranscriptionItem]
    total: int
    limit: int
    offset: int
    next_cursor: str | None = Field(description="Cursor of the next page, null on the last one.")


class DeletedTranscription(ApiModel):
    """A deleted transcription."""

    message: str
    transcription_id: int
