"""WebSocket messages as JSON text."""

import datetime as dt
import json
from typing import Any

from common import times
from gateway.api.transcript_conversion import REVISION_KINDS
from gateway.api.transcription_conversion import partial_transcript
from gateway.live import models
from gateway.live.models import LiveMessage, QueueState
from securetranscribe.v1 import event_pb2, queue_pb2


def parsed(text: str | None) -> dict[str, Any]:
    """Return the JSON object of a client's message, empty for anything else."""
    try:
        said = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def queue_status(status: queue_pb2.QueueStatus) -> QueueState:
    """Convert the queue status returned to a session."""
    return QueueState(
        queued_jobs=status.queued_jobs,
        processing_jobs=status.processing_jobs,
        user_position=status.caller_position,
        estimated_wait_time=times.seconds(status.estimated_wait),
    )


def queue_state(change: event_pb2.QueueChanged, place: event_pb2.QueuePlace | None) -> QueueState:
    """Return the queue state of a session with a given place, or without one."""
    wait = change.estimated_wait if place is None else place.estimated_wait
    return QueueState(
        queued_jobs=change.queued_jobs,
        processing_jobs=change.processing_jobs,
        user_position=0 if place is None else place.position,
        estimated_wait_time=times.seconds(wait),
    )


def queue_update(state: QueueState) -> str:
    """Return a `queue_update` message."""
    return _text(models.QueueUpdateMessage(data=state))


def progress(event: event_pb2.JobProgress) -> str:
    """Return a `job_progress` message."""
    estimated = event.HasField("estimated_complete_time")
    data = models.JobProgressState(
        job_id=event.job_id,
        transcription_id=event.transcription_id,
        progress_percentage=event.progress_percent,
        current_step=event.current_step,
        estimated_completion=times.moment(event.estimated_complete_time) if estimated else None,
    )
    return _text(models.JobProgressMessage(data=data))


def completed(event: event_pb2.JobCompleted) -> str:
    """Return a `job_completed` message."""
    return _text(models.JobCompletedMessage(data=completed_job(event)))


def completed_job(event: event_pb2.JobCompleted) -> models.JobCompletedState:
    """Return the data about a completed job."""
    return models.JobCompletedState(
        job_id=event.job_id,
        transcription_id=event.transcription_id,
        completed_at=times.moment(event.complete_time),
        results=models.JobResults(
            confidence_score=event.confidence,
            num_speakers=event.speaker_count,
            duration=times.seconds(event.duration),
        ),
        has_warnings=event.has_warnings,
    )


def failed(event: event_pb2.JobFailed) -> str:
    """Return a `job_failed` message."""
    return _text(models.JobFailedMessage(data=failed_job(event)))


def failed_job(event: event_pb2.JobFailed) -> models.JobFailedState:
    """Return the data about a failed job."""
    return models.JobFailedState(
        job_id=event.job_id,
        transcription_id=event.transcription_id,
        completed_at=times.moment(event.complete_time),
        error=models.JobFailure(code=event.failure.code, message=event.failure.message),
    )


def cancelled(event: event_pb2.JobCancelled) -> str:
    """Return a `job_cancelled` message."""
    return _text(models.JobCancelledMessage(data=cancelled_job(event)))


def cancelled_job(event: event_pb2.JobCancelled) -> models.JobCancelledState:
    """Return the data about a cancelled job."""
    return models.JobCancelledState(
        job_id=event.job_id,
        transcription_id=event.transcription_id,
        completed_at=times.moment(event.complete_time),
    )


def edited(event: event_pb2.TranscriptEdited) -> str:
    """Return a `transcript_edited` message."""
    return _text(models.TranscriptEditedMessage(data=revision(event)))


def revision(event: event_pb2.TranscriptEdited) -> models.TranscriptRevision:
    """Return the data about a new revision."""
    return models.TranscriptRevision(
        transcription_id=event.transcription_id,
        revision=event.revision,
        kind=REVISION_KINDS.get(event.kind, "edit"),
        author=event.author or None,
    )


def part(event: event_pb2.TranscriptPart) -> str:
    """Return a `transcript_part` message."""
    partial = partial_transcript(event.partial_transcript)
    data = models.TranscriptPart(
        transcription_id=event.transcription_id,
        job_id=event.partial_transcript.job_id,
        recognized_until=partial.recognized_until,
        segments=partial.segments,
    )
    return _text(models.TranscriptPartMessage(data=data))


def access_ended(transcription_id: int) -> str:
    """Return an `access_ended` message."""
    data = models.EndedAccess(transcription_id=transcription_id)
    return _text(models.AccessEndedMessage(data=data))


def pong(now: dt.datetime | None = None) -> str:
    """Return a `pong` message with a time, or the present one."""
    data = models.ServerTime(timestamp=now or dt.datetime.now(dt.UTC))
    return _text(models.PongMessage(data=data))


def _text(message: LiveMessage) -> str:
    # Pydantic's own JSON writes some floats differently from earlier versions.
    data = message.model_dump(mode="json")
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
