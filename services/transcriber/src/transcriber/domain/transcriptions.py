"""Transcriptions: uploaded recordings with their options, status and transcript."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from common.audio.signals import ChannelPlan
from transcriber.domain.jobs import Failure, Job
from transcriber.domain.library import Tag, TitleSource
from transcriber.domain.options import ProcessingOptions
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.domain.workspace_settings import NO_SETTINGS, WorkspaceSettings


class TranscriptionStatus(StrEnum):
    """Status of a transcription."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioFile:
    """Properties of an uploaded file. `duration` is in seconds.

    `warnings` are sentences for its owner about faults of the file.
    """

    filename: str
    size_bytes: int
    duration: float
    format: str
    codec: str
    sample_rate: int
    channels: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageSpan:
    """Part of a recording in one language. Times are in seconds, `probability` is 0 to 1."""

    start: float
    end: float
    language: str
    probability: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcription:
    """An uploaded recording.

    `source_available` is False once the recording has been given up and only the transcript
    remains. `transcript_at` is when the stored transcript was assembled, None without one.
    `channel_plan` is that of the stored transcript or, without one, of the last job or the upload.
    It is None if the channels were not measured. `voices_known` is True if the speakers service may
    hold data about its voices. `expiry_warned_at` is when the owner was last warned that it will be
    erased. `kept_since` is the upload, or the upgrade to the first version in which recordings
    without a transcript expire. `revision` is that of the transcript, and `machine_revision` the
    one before all edits of people. With `live_text`, the text of a live session can be read and
    corrected until there is a transcript. `title` is empty without one, and `trashed_at` is when it
    was moved to the trash. `workspace_settings` are those of its workspace.
    """

    id: int
    session_id: str
    workspace_id: str
    file: AudioFile
    source_key: str
    source_available: bool
    options: ProcessingOptions
    status: TranscriptionStatus
    created_at: dt.datetime
    transcript_at: dt.datetime | None = None
    channel_plan: ChannelPlan | None = None
    language_detected: str = ""
    languages: tuple[LanguageSpan, ...] = ()
    confidence: float = 0.0
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None
    speech_model: str = ""
    diarization_model: str = ""
    voices_known: bool = False
    expiry_warned_at: dt.datetime | None = None
    kept_since: dt.datetime | None = None
    revision: int = 1
    machine_revision: int = 1
    live_text: bool = False
    title: str = ""
    title_source: TitleSource = TitleSource.FILE
    folder_id: int | None = None
    favorite: bool = False
    trashed_at: dt.datetime | None = None
    tags: tuple[Tag, ...] = ()
    job: Job | None = None
    speakers: tuple[TranscriptSpeaker, ...] = ()
    workspace_settings: WorkspaceSettings = NO_SETTINGS

    @property
    def display_title(self) -> str:
        """Displayed title: its own one, or the name of the file."""
        return self.title or self.file.filename

    @property
    def progress(self) -> float:
        """Progress in percent, from the last job."""
        if self.status is TranscriptionStatus.COMPLETED:
            return 100.0
        if self.status is TranscriptionStatus.PENDING or self.job is None:
            return 0.0
        return self.job.progress

    @property
    def is_live(self) -> bool:
        """Whether it is still being recorded. Processing without a job is a live session."""
        return self.status is TranscriptionStatus.PROCESSING and self.job is None

    @property
    def current_step(self) -> str:
        """Current work, described for users."""
        if self.is_live:
            return "Live"
        if self.status is TranscriptionStatus.PENDING or self.job is None:
            return "Uploaded"
        if self.status is TranscriptionStatus.COMPLETED:
            return "Completed"
        return self.job.current_step
