"""Jobs and their tasks: one run of processing and its pieces of work."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from common.audio.signals import ChannelPlan


class Stage(StrEnum):
    """Stage of processing."""

    TRANSCRIBE = "transcribe"
    DIARIZE = "diarize"
    MERGE = "merge"


#: Stages run by workers. The api process merges.
WORKER_STAGES = (Stage.TRANSCRIBE, Stage.DIARIZE)


class JobStatus(StrEnum):
    """Status of a job."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def live(self) -> bool:
        """Whether the job is queued or processing."""
        return self in {JobStatus.QUEUED, JobStatus.PROCESSING}


class TaskState(StrEnum):
    """State of a task."""

    WAITING = "waiting"
    RELEASED = "released"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def settled(self) -> bool:
        """Whether the task has ended."""
        return self in {TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Reason of a failure: a documented error code and a message for users."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A piece of work. `fraction` is 0 to 1. The result depends only on `options`.

    `part` is the number of the part of the recording, from 0 (see `domain.parts`).
    """

    task_id: str
    job_id: str
    transcription_id: int
    stage: Stage
    part: int = 0
    state: TaskState = TaskState.WAITING
    options: Mapping[str, Any] = field(default_factory=dict)
    fraction: float = 0.0
    step: str = ""
    worker_id: str = ""
    releases: int = 0
    released_at: dt.datetime | None = None
    heartbeat_at: dt.datetime | None = None
    stream_sequence: int | None = None
    result_key: str = ""
    reused: bool = False
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StageProgress:
    """Progress of a stage over all its parts. `fraction` is 0 to 1."""

    stage: Stage
    state: TaskState
    fraction: float
    step: str
    failure: Failure | None
    part_count: int
    parts_done: int
    reused: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One run of processing.

    `progress` is in percent. `filename`, `size_bytes` and `duration` (seconds) describe the
    recording. `channel_plan` is None if its channels were not measured.
    """

    id: int
    job_id: str
    transcription_id: int
    session_id: str
    workspace_id: str
    status: JobStatus
    priority: int
    progress: float
    current_step: str
    created_at: dt.datetime
    release_number: int | None = None
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    failure: Failure | None = None
    filename: str = ""
    size_bytes: int = 0
    duration: float = 0.0
    channel_plan: ChannelPlan | None = None
    stages: tuple[StageProgress, ...] = ()

    @property
    def sound_seconds(self) -> float:
        """Seconds of sound to process: every signal of the recording by itself."""
        signals = 0 if self.channel_plan is None else len(self.channel_plan.signals)
        return self.duration * max(1, signals)

    def processing_seconds(self, now: dt.datetime) -> float:
        """Return the seconds from start to end or now, 0 before the start."""
        if self.started_at is None:
            return 0.0
        return max(0.0, ((self.completed_at or now) - self.started_at).total_seconds())
