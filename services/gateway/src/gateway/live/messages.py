"""WebSocket messages as JSON text."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from common import times
from gateway.api.transcript_conversion import REVISION_KINDS
from gateway.web.envelope import format_moment
from securetranscribe.v1 import event_pb2, queue_pb2


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """Contents of a `queue_update` for one session."""

    queued_jobs: int
    processing_jobs: int
    user_position: int
    estimated_wait_time: float

    @classmethod
    def of_status(cls, status: queue_pb2.QueueStatus) -> "QueueState":
        """Convert the queue status returned to the session."""
        return cls(
            queued_jobs=status.queued_jobs,
            processing_jobs=status.processing_jobs,
            user_position=status.caller_position,
            estimated_wait_time=times.seconds(status.estimated_wait),
        )

    def text(self) -> str:
        """Return the message."""
        return _message("queue_update", vars(self))


def queue_state(change: event_pb2.QueueChanged, place: event_pb2.QueuePlace | None) -> QueueState:
    """Return the queue state of a session with a given place, or without one."""
    wait = change.estimated_wait if place is None else place.estimated_wait
    return QueueState(
        queued_jobs=change.queued_jobs,
        processing_jobs=change.processing_jobs,
        user_position=0 if place is None else place.position,
        estimated_wait_time=times.seconds(wait),
    )


def progress(event: event_pb2.JobProgress) -> str:
    """Return a `job_progress` message."""
    estimated = event.HasField("estimated_complete_time")
    return _message(
        "job_progress",
        {
            "job_id": event.job_id,
            "transcription_id": event.transcription_id,
            "progress_percentage": event.progress_percent,
            "current_step": event.current_step,
            "estimated_completion": _moment(event.estimated_complete_time) if estimated else None,
        },
    )


def completed(event: event_pb2.JobCompleted) -> str:
    """Return a `job_completed` message."""
    return _message(
        "job_completed",
        {
            "job_id": event.job_id,
            "transcription_id": event.transcription_id,
            "status": "completed",
            "completed_at": _moment(event.complete_time),
            "results": {
                "confidence_score": event.confidence,
                "num_speakers": event.speaker_count,
                "duration": _seconds(event.duration),
            },
            "has_warnings": event.has_warnings,
        },
    )


def failed(event: event_pb2.JobFailed) -> str:
    """Return a `job_failed` message."""
    return _message(
        "job_failed",
        {
            "job_id": event.job_id,
            "transcription_id": event.transcription_id,
            "status": "failed",
            "completed_at": _moment(event.complete_time),
            "error": {"code": event.failure.code, "message": event.failure.message},
        },
    )


def cancelled(event: event_pb2.JobCancelled) -> str:
    """Return a `job_cancelled` message."""
    return _message(
        "job_cancelled",
        {
            "job_id": event.job_id,
            "transcription_id": event.transcription_id,
            "status": "cancelled",
            "completed_at": _moment(event.complete_time),
        },
    )


def edited(event: event_pb2.TranscriptEdited) -> str:
    """Return a `transcript_edited` message."""
    return _message(
        "transcript_edited",
        {
            "transcription_id": event.transcription_id,
            "revision": event.revision,
            "kind": REVISION_KINDS.get(event.kind, "edit"),
            "author": event.author or None,
        },
    )


def pong() -> str:
    """Return a `pong` message."""
    return _message("pong", {"timestamp": format_moment(dt.datetime.now(dt.UTC))})


def _message(kind: str, data: dict[str, Any]) -> str:
    return json.dumps({"type": kind, "data": data}, ensure_ascii=False, separators=(",", ":"))


def _moment(value: Timestamp) -> str:
    return format_moment(times.moment(value))


def _seconds(value: Duration) -> float:
    return times.seconds(value)
