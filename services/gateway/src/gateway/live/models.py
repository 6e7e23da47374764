"""Models of the WebSocket messages. The types of clients are generated from them."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from gateway.api.transcript_models import RevisionKind
from gateway.api.transcription_models import PartialTranscript
from gateway.web.envelope import ApiModel, Moment

_REF_TEMPLATE = "#/components/schemas/{model}"


class QueueState(ApiModel):
    """The queue as one session sees it."""

    queued_jobs: int
    processing_jobs: int
    user_position: int = Field(description="Place of the session's next job, 0 without one.")
    estimated_wait_time: float = Field(description="Seconds.")


class JobProgressState(ApiModel):
    """Progress of a job."""

    job_id: str
    transcription_id: int
    progress_percentage: float
    current_step: str
    estimated_completion: Moment | None


class JobResults(ApiModel):
    """Figures of a new transcript."""

    confidence_score: float
    num_speakers: int
    duration: float = Field(description="Seconds.")


class JobCompletedState(ApiModel):
    """A completed job."""

    job_id: str
    transcription_id: int
    status: Literal["completed"] = "completed"
    completed_at: Moment
    results: JobResults
    has_warnings: bool


class JobFailure(ApiModel):
    """Why a job failed."""

    code: str
    message: str


class JobFailedState(ApiModel):
    """A failed job."""

    job_id: str
    transcription_id: int
    status: Literal["failed"] = "failed"
    completed_at: Moment
    error: JobFailure


class JobCancelledState(ApiModel):
    """A cancelled job."""

    job_id: str
    transcription_id: int
    status: Literal["cancelled"] = "cancelled"
    completed_at: Moment


class TranscriptRevision(ApiModel):
    """A new revision of a transcript."""

    transcription_id: int
    revision: int
    kind: RevisionKind
    author: str | None = Field(
        description="Workspace of the session, null for the recognizer and for followed names."
    )


class TranscriptPart(PartialTranscript):
    """The next text of a long recording in processing."""

    transcription_id: int
    job_id: str


class ServerTime(ApiModel):
    """Time of the server."""

    timestamp: Moment


class QueueUpdateMessage(ApiModel):
    """Sent on connection, and when the queue changes."""

    type: Literal["queue_update"] = "queue_update"
    data: QueueState


class JobProgressMessage(ApiModel):
    """Sent while a job is processed."""

    type: Literal["job_progress"] = "job_progress"
    data: JobProgressState


class JobCompletedMessage(ApiModel):
    """Sent once, when a job has completed."""

    type: Literal["job_completed"] = "job_completed"
    data: JobCompletedState


class JobFailedMessage(ApiModel):
    """Sent once, when a job has failed."""

    type: Literal["job_failed"] = "job_failed"
    data: JobFailedState


class JobCancelledMessage(ApiModel):
    """Sent once, when a job was cancelled."""

    type: Literal["job_cancelled"] = "job_cancelled"
    data: JobCancelledState


class TranscriptEditedMessage(ApiModel):
    """Sent for every new revision of a transcript."""

    type: Literal["transcript_edited"] = "transcript_edited"
    data: TranscriptRevision


class TranscriptPartMessage(ApiModel):
    """Sent in order while a long recording is processed. A status has all text so far."""

    type: Literal["transcript_part"] = "transcript_part"
    data: TranscriptPart


class PongMessage(ApiModel):
    """Response to `{"type": "ping"}`."""

    type: Literal["pong"] = "pong"
    data: ServerTime


class EndedAccess(ApiModel):
    """A transcription of others that cannot be watched (any more)."""

    transcription_id: int


class AccessEndedMessage(ApiModel):
    """Answer to `watch` without access, and notice that the access has ended."""

    type: Literal["access_ended"] = "access_ended"
    data: EndedAccess


LiveMessage = Annotated[
    QueueUpdateMessage
    | JobProgressMessage
    | JobCompletedMessage
    | JobFailedMessage
    | JobCancelledMessage
    | TranscriptEditedMessage
    | TranscriptPartMessage
    | AccessEndedMessage
    | PongMessage,
    Field(discriminator="type", description="A message of the WebSocket at `/ws`."),
]


def schemas() -> dict[str, Any]:
    """Return the schemas of all messages by name, and their union as `LiveMessage`."""
    adapter: TypeAdapter[LiveMessage] = TypeAdapter(LiveMessage)
    union = adapter.json_schema(mode="serialization", ref_template=_REF_TEMPLATE)
    return {**union.pop("$defs"), "LiveMessage": union}
