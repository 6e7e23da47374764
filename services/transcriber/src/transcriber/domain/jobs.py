"""Jobs and their tasks: one run of processing, and the pieces of work it consists of."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """A kind of work on a recording."""

    TRANSCRIBE = "transcribe"
    DIARIZE = "diarize"
    MERGE = "merge"


#: What workers do; merging is done by the api process itself.
WORKER_STAGES = (Stage.TRANSCRIBE, Stage.DIARIZE)


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def live(self) -> bool:
        """Whether the job has not ended."""
        return self in {JobStatus.QUEUED, JobStatus.PROCESSING}


class TaskState(StrEnum):
    """Where a task stands."""

    WAITING = "waiting"
    RELEASED = "released"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def settled(self) -> bool:
        """Whether nothing more will come of it by itself."""
        return self in {TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why something failed: a documented error code, and words for a user."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A piece of work. `fraction` is 0 to 1; `options` is all that its result depends on."""

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
    """One stage of a job, over all its parts. `fraction` is 0 to 1."""

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
    """One run of processing of a transcription.

    `progress` is 0 to 100. `filename`, `size_bytes` and `duration` (seconds) are those of the
    recording.
    """

    id: int
    job_id: str
    transcription_id: int
    session_id: str
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
    stages: tuple[StageProgress, ...] = ()

    def processing_seconds(self, now: dt.datetime) -> float:
        """From its start to its end, or to now; 0 before it began."""
        if self.started_at is None:
            return 0.0
        return max(0.0, ((self.completed_at or now) - self.started_at).total_seconds())
