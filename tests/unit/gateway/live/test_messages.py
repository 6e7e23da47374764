"""WebSocket messages keep their bytes, and match the models of the OpenAPI document."""

import datetime as dt
import json
from typing import get_args

import pytest
from pydantic import TypeAdapter

from common import times
from gateway.live import messages
from gateway.live.models import LiveMessage
from securetranscribe.v1 import event_pb2, queue_pb2, transcript_pb2, transcription_pb2
from tests import asyncapi_messages
from tests.unit.gateway.fakes import NOON

_MESSAGES: TypeAdapter[LiveMessage] = TypeAdapter(LiveMessage)
_AT_NOON = times.timestamp(NOON)

#: Each message with its exact text, which programs written for earlier versions read.
SENT = {
    "queue_update": (
        messages.queue_update(
            messages.queue_state(
                event_pb2.QueueChanged(
                    queued_jobs=5, processing_jobs=2, estimated_wait=times.duration(300)
                ),
                None,
            )
        ),
        '{"queued_jobs":5,"processing_jobs":2,"user_position":0,"estimated_wait_time":300.0}',
    ),
    "job_progress": (
        messages.progress(
            event_pb2.JobProgress(
                job_id="job_1",
                transcription_id=67,
                progress_percent=6.86,
                current_step="„Erkennen“ \u2028 \x7f\n",
                estimated_complete_time=_AT_NOON,
            )
        ),
        '{"job_id":"job_1","transcription_id":67,"progress_percentage":6.86,'
        '"current_step":"„Erkennen“ \u2028 \x7f\\n","estimated_completion":"2024-01-01T12:00:00Z"}',
    ),
    "job_completed": (
        messages.completed(
            event_pb2.JobCompleted(
                job_id="job_1",
                transcription_id=67,
                complete_time=_AT_NOON,
                confidence=1e-7,
                speaker_count=2,
                duration=times.duration(30),
            )
        ),
        '{"job_id":"job_1","transcription_id":67,"status":"completed",'
        '"completed_at":"2024-01-01T12:00:00Z","results":{"confidence_score":1e-07,'
        '"num_speakers":2,"duration":30.0},"has_warnings":false}',
    ),
    "job_failed": (
        messages.failed(
            event_pb2.JobFailed(
                job_id="job_1",
                transcription_id=67,
                complete_time=_AT_NOON,
                failure=queue_pb2.Failure(code="AUDIO_PROCESSING_ERROR", message="It broke."),
            )
        ),
        '{"job_id":"job_1","transcription_id":67,"status":"failed",'
        '"completed_at":"2024-01-01T12:00:00Z",'
        '"error":{"code":"AUDIO_PROCESSING_ERROR","message":"It broke."}}',
    ),
    "job_cancelled": (
        messages.cancelled(
            event_pb2.JobCancelled(job_id="job_1", transcription_id=67, complete_time=_AT_NOON)
        ),
        '{"job_id":"job_1","transcription_id":67,"status":"cancelled",'
        '"completed_at":"2024-01-01T12:00:00Z"}',
    ),
    "transcript_edited": (
        messages.edited(
            event_pb2.TranscriptEdited(
                transcription_id=67,
                revision=5,
                kind=transcript_pb2.REVISION_KIND_UNDO,
                author="session_6f0c",
            )
        ),
        '{"transcription_id":67,"revision":5,"kind":"undo","author":"session_6f0c"}',
    ),
    "transcript_part": (
        messages.part(
            event_pb2.TranscriptPart(
                transcription_id=67,
                partial_transcript=transcription_pb2.PartialTranscript(
                    job_id="job_1",
                    covered=times.duration(56.0),
                    segments=[
                        transcription_pb2.PartialSegment(
                            start=times.duration(1.5),
                            end=times.duration(2.5),
                            text="Good morning.",
                            language="en",
                        )
                    ],
                ),
            )
        ),
        '{"recognized_until":56.0,"segments":[{"text":"Good morning.","start_time":1.5,'
        '"end_time":2.5,"language":"en","channel":null}],"transcription_id":67,'
        '"job_id":"job_1"}',
    ),
    "access_ended": (messages.access_ended(67), '{"transcription_id":67}'),
    "pong": (messages.pong(NOON), '{"timestamp":"2024-01-01T12:00:00Z"}'),
}


@pytest.mark.parametrize("kind", SENT)
def test_messages_keep_their_bytes(kind: str) -> None:
    text, data = SENT[kind]
    assert text == f'{{"type":"{kind}","data":{data}}}'


@pytest.mark.parametrize("kind", SENT)
def test_messages_are_as_documented(kind: str) -> None:
    text, _ = SENT[kind]
    asyncapi_messages.check("websocket", json.loads(text))


def test_every_message_matches_its_model() -> None:
    union, _ = get_args(LiveMessage)
    found = {type(_MESSAGES.validate_json(text, strict=False)) for text, _ in SENT.values()}
    assert found == set(get_args(union))


@pytest.mark.parametrize("kind", transcript_pb2.RevisionKind.values())
def test_every_kind_of_revision_has_a_message(
    kind: "transcript_pb2.RevisionKind.ValueType",
) -> None:
    edited = event_pb2.TranscriptEdited(transcription_id=1, revision=2, kind=kind)
    assert _MESSAGES.validate_json(messages.edited(edited)).type == "transcript_edited"


def test_absent_values_are_null() -> None:
    progress = json.loads(
        messages.progress(event_pb2.JobProgress(job_id="job_1", transcription_id=67))
    )
    assert progress["data"]["estimated_completion"] is None
    edited = json.loads(messages.edited(event_pb2.TranscriptEdited(transcription_id=1)))
    assert (edited["data"]["kind"], edited["data"]["author"]) == ("edit", None)


def test_the_place_of_a_session_counts_before_the_whole_queue() -> None:
    change = event_pb2.QueueChanged(queued_jobs=5, estimated_wait=times.duration(300))
    place = event_pb2.QueuePlace(position=3, estimated_wait=times.duration(120))
    status = queue_pb2.QueueStatus(
        queued_jobs=5, caller_position=3, estimated_wait=times.duration(120)
    )
    assert messages.queue_state(change, place) == messages.queue_status(status)
    assert messages.queue_state(change, place).user_position == 3


def test_a_pong_has_the_present_time() -> None:
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    [moment] = json.loads(messages.pong())["data"].values()
    assert before <= dt.datetime.fromisoformat(moment) <= dt.datetime.now(dt.UTC)


@pytest.mark.parametrize("text", [None, "", "{", "[1]", "7", "[" * 60_000, '{"a":' * 10_000])
def test_messages_of_clients_that_are_no_objects_are_empty(text: str | None) -> None:
    assert messages.parsed(text) == {}


def test_messages_of_clients_are_objects() -> None:
    assert messages.parsed('{"type": "watch", "transcription_id": 7}') == {
        "type": "watch",
        "transcription_id": 7,
    }
