"""Bodies of webhooks."""

import datetime as dt
import json
from typing import Any, get_args

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from jsonschema import Draft202012Validator

from gateway.webhooks import models, payloads
from securetranscribe.v1 import event_pb2, queue_pb2

TIME = Timestamp(seconds=1764417600)
JOB = {"job_id": "job_1", "transcription_id": 41}
EVENTS: dict[str, dict[str, Any]] = {
    "transcription_created": {
        "transcription_id": 41,
        "duration": Duration(seconds=6),
        "format": "wav",
    },
    "transcription_deleted": {"transcription_id": 41},
    "transcription_expiring": {"transcription_id": 41, "keep_until_time": TIME},
    "transcript_edited": {"transcription_id": 41, "revision": 2, "author": "session_1"},
    "speakers_assigned": {"transcription_id": 41, "named_speakers": 2},
    "job_queued": {**JOB, "priority": 5},
    "job_started": JOB,
    "job_completed": {**JOB, "complete_time": TIME, "confidence": 0.9, "speaker_count": 2},
    "job_failed": {
        **JOB,
        "complete_time": TIME,
        "failure": queue_pb2.Failure(code="TRANSCRIPTION_ERROR", message="No sound."),
    },
    "job_cancelled": {**JOB, "complete_time": TIME},
}


def payload(kind: str) -> payloads.Payload | None:
    event = event_pb2.Event(event_id="e", time=TIME, workspace_id="w")
    data = getattr(event, kind)
    data.SetInParent()
    data.MergeFrom(type(data)(**EVENTS.get(kind, {})))
    return payloads.of_event(event)


def test_types_are_those_of_the_documentation() -> None:
    made = [found.type for kind in EVENTS if (found := payload(kind)) is not None]
    assert made == list(get_args(models.EventType))


@pytest.mark.parametrize("kind", EVENTS)
def test_bodies_are_those_of_the_schema(kind: str) -> None:
    found = payload(kind)
    assert found is not None
    body = json.loads(found.body)
    assert set(body) == {"type", "timestamp", "data"}
    assert (body["type"], body["timestamp"]) == (found.type, "2025-11-29T12:00:00Z")
    assert body["data"]["transcription_id"] == 41
    schemas = models.schemas()
    schema = {**schemas["WebhookMessage"], "components": {"schemas": schemas}}
    Draft202012Validator(schema).validate(body)


def test_completed_job() -> None:
    found = payload("job_completed")
    assert found is not None
    assert json.loads(found.body)["data"] == {
        "job_id": "job_1",
        "transcription_id": 41,
        "status": "completed",
        "completed_at": "2025-11-29T12:00:00Z",
        "results": {"confidence_score": 0.9, "num_speakers": 2, "duration": 0.0},
        "has_warnings": False,
    }


@pytest.mark.parametrize(
    "kind", ["session_revoked", "speaker_updated", "job_progress", "transcript_part"]
)
def test_other_events_are_not_sent(kind: str) -> None:
    assert payload(kind) is None


def test_event_of_a_later_version_is_not_sent() -> None:
    assert payloads.of_event(event_pb2.Event(event_id="e", workspace_id="w")) is None


def test_test() -> None:
    found = payloads.of_test("webhook_1", dt.datetime(2025, 11, 29, 12, tzinfo=dt.UTC))
    assert found.type == "webhook.test"
    assert json.loads(found.body)["data"] == {"webhook_id": "webhook_1"}
