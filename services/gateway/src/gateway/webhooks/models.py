"""Models of the bodies of webhooks: identifiers and figures, and no text of a transcript."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from gateway.live.models import (
    JobCancelledState,
    JobCompletedState,
    JobFailedState,
    TranscriptRevision,
)
from gateway.web.envelope import ApiModel, Moment

#: Type of the message that `test` sends. Nobody subscribes to it.
TEST = "webhook.test"


class TranscriptionCreatedData(ApiModel):
    """A stored recording."""

    transcription_id: int
    duration: float = Field(description="Seconds.")
    format: str = Field(description="Format of the file.")


class TranscriptionDeletedData(ApiModel):
    """A transcription deleted for good."""

    transcription_id: int


class TranscriptionExpiringData(ApiModel):
    """A transcription to be erased by the retention."""

    transcription_id: int
    keep_until: Moment


class SpeakersAssignedData(ApiModel):
    """A transcription whose speakers were named."""

    transcription_id: int
    named_speakers: int = Field(description="Number of speakers that have a name now.")


class JobQueuedData(ApiModel):
    """A job in the queue."""

    job_id: str
    transcription_id: int
    priority: int


class JobStartedData(ApiModel):
    """A job in work."""

    job_id: str
    transcription_id: int


class WebhookTestData(ApiModel):
    """Data of a test."""

    webhook_id: str


class TranscriptionCreatedHook(ApiModel):
    """A recording was stored."""

    type: Literal["transcription.created"] = "transcription.created"
    timestamp: Moment
    data: TranscriptionCreatedData


class TranscriptionDeletedHook(ApiModel):
    """A transcription was deleted for good."""

    type: Literal["transcription.deleted"] = "transcription.deleted"
    timestamp: Moment
    data: TranscriptionDeletedData


class TranscriptionExpiringHook(ApiModel):
    """A transcription will be erased soon by RETENTION_DAYS."""

    type: Literal["transcription.expiring"] = "transcription.expiring"
    timestamp: Moment
    data: TranscriptionExpiringData


class TranscriptionEditedHook(ApiModel):
    """A transcript has a new revision."""

    type: Literal["transcription.edited"] = "transcription.edited"
    timestamp: Moment
    data: TranscriptRevision


class SpeakersAssignedHook(ApiModel):
    """Speakers of a transcription were named."""

    type: Literal["transcription.speakers_assigned"] = "transcription.speakers_assigned"
    timestamp: Moment
    data: SpeakersAssignedData


class JobQueuedHook(ApiModel):
    """A job was queued."""

    type: Literal["job.queued"] = "job.queued"
    timestamp: Moment
    data: JobQueuedData


class JobStartedHook(ApiModel):
    """A worker has begun a job."""

    type: Literal["job.started"] = "job.started"
    timestamp: Moment
    data: JobStartedData


class JobCompletedHook(ApiModel):
    """A job has completed: the transcript is there."""

    type: Literal["job.completed"] = "job.completed"
    timestamp: Moment
    data: JobCompletedState


class JobFailedHook(ApiModel):
    """A job has failed."""

    type: Literal["job.failed"] = "job.failed"
    timestamp: Moment
    data: JobFailedState


class JobCancelledHook(ApiModel):
    """A job was cancelled."""

    type: Literal["job.cancelled"] = "job.cancelled"
    timestamp: Moment
    data: JobCancelledState


class WebhookTestHook(ApiModel):
    """Somebody has asked for a test."""

    type: Literal["webhook.test"] = "webhook.test"
    timestamp: Moment
    data: WebhookTestData


WebhookMessage = Annotated[
    TranscriptionCreatedHook
    | TranscriptionDeletedHook
    | TranscriptionExpiringHook
    | TranscriptionEditedHook
    | SpeakersAssignedHook
    | JobQueuedHook
    | JobStartedHook
    | JobCompletedHook
    | JobFailedHook
    | JobCancelledHook
    | WebhookTestHook,
    Field(discriminator="type", description="Body of a request to a webhook."),
]
EventType = Literal[
    "transcription.created",
    "transcription.deleted",
    "transcription.expiring",
    "transcription.edited",
    "transcription.speakers_assigned",
    "job.queued",
    "job.started",
    "job.completed",
    "job.failed",
    "job.cancelled",
]


def schemas() -> dict[str, Any]:
    """Return the schemas of all bodies by name, and their union as `WebhookMessage`."""
    adapter: TypeAdapter[WebhookMessage] = TypeAdapter(WebhookMessage)
    union = adapter.json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    return {**union.pop("$defs"), "WebhookMessage": union}
