"""Bodies of webhooks from events."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from common import times
from gateway.live import messages
from gateway.web.envelope import ApiModel
from gateway.webhooks import models
from securetranscribe.v1 import event_pb2


@dataclass(frozen=True, kw_only=True, slots=True)
class Payload:
    """A type of event and the body of its request."""

    type: str
    body: str


def _created(event: event_pb2.TranscriptionCreated, when: dt.datetime) -> ApiModel:
    data = models.TranscriptionCreatedData(
        transcription_id=event.transcription_id,
        duration=times.seconds(event.duration),
        format=event.format,
    )
    return models.TranscriptionCreatedHook(timestamp=when, data=data)


def _deleted(event: event_pb2.TranscriptionDeleted, when: dt.datetime) -> ApiModel:
    data = models.TranscriptionDeletedData(transcription_id=event.transcription_id)
    return models.TranscriptionDeletedHook(timestamp=when, data=data)


def _expiring(event: event_pb2.TranscriptionExpiring, when: dt.datetime) -> ApiModel:
    data = models.TranscriptionExpiringData(
        transcription_id=event.transcription_id, keep_until=times.moment(event.keep_until_time)
    )
    return models.TranscriptionExpiringHook(timestamp=when, data=data)


def _edited(event: event_pb2.TranscriptEdited, when: dt.datetime) -> ApiModel:
    return models.TranscriptionEditedHook(timestamp=when, data=messages.revision(event))


def _assigned(event: event_pb2.SpeakersAssigned, when: dt.datetime) -> ApiModel:
    data = models.SpeakersAssignedData(
        transcription_id=event.transcription_id, named_speakers=event.named_speakers
    )
    return models.SpeakersAssignedHook(timestamp=when, data=data)


def _queued(event: event_pb2.JobQueued, when: dt.datetime) -> ApiModel:
    data = models.JobQueuedData(
        job_id=event.job_id, transcription_id=event.transcription_id, priority=event.priority
    )
    return models.JobQueuedHook(timestamp=when, data=data)


def _started(event: event_pb2.JobStarted, when: dt.datetime) -> ApiModel:
    data = models.JobStartedData(job_id=event.job_id, transcription_id=event.transcription_id)
    return models.JobStartedHook(timestamp=when, data=data)


def _completed(event: event_pb2.JobCompleted, when: dt.datetime) -> ApiModel:
    return models.JobCompletedHook(timestamp=when, data=messages.completed_job(event))


def _failed(event: event_pb2.JobFailed, when: dt.datetime) -> ApiModel:
    return models.JobFailedHook(timestamp=when, data=messages.failed_job(event))


def _cancelled(event: event_pb2.JobCancelled, when: dt.datetime) -> ApiModel:
    return models.JobCancelledHook(timestamp=when, data=messages.cancelled_job(event))


#: Makes a message of the data of an event and its time.
_Make = Callable[[Any, dt.datetime], ApiModel]
#: By the field of the event with its data.
_MAKERS: Mapping[str, _Make] = {
    "transcription_created": _created,
    "transcription_deleted": _deleted,
    "transcription_expiring": _expiring,
    "transcript_edited": _edited,
    "speakers_assigned": _assigned,
    "job_queued": _queued,
    "job_started": _started,
    "job_completed": _completed,
    "job_failed": _failed,
    "job_cancelled": _cancelled,
}


def of_event(event: event_pb2.Event) -> Payload | None:
    """Return the payload of an event, None if webhooks do not have its type."""
    kind = event.WhichOneof("data")
    make = _MAKERS.get(kind or "")
    if make is None:
        return None
    return _payload(make(getattr(event, str(kind)), times.moment(event.time)))


def of_test(webhook_id: str, now: dt.datetime) -> Payload:
    """Return the payload of a test."""
    return _payload(
        models.WebhookTestHook(timestamp=now, data=models.WebhookTestData(webhook_id=webhook_id))
    )


def _payload(message: ApiModel) -> Payload:
    data = message.model_dump(mode="json")
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Payload(type=data["type"], body=body)
