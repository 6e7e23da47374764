import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from common import bus, events
from securetranscribe.v1 import event_pb2

EVERY_KIND = [field.name for field in event_pb2.Event.DESCRIPTOR.oneofs_by_name["data"].fields]
KEPT_VERBS = (
    "created", "deleted", "speakers_assigned", "queued", "started", "completed", "failed",
    "cancelled", "revoked", "updated", "expiring", "edited", "restored",
)  # fmt: skip


def event_of(kind: str, session: str = "session_1") -> event_pb2.Event:
    event = event_pb2.Event(session_id=session)
    data = getattr(event, kind)
    data.SetInParent()
    for name in ("job_id", "transcription_id", "speaker_id"):
        if name in data.DESCRIPTOR.fields_by_name:
            setattr(data, name, "job_1" if name == "job_id" else 7)
    return event


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_kind_of_event_has_an_address(kind: str) -> None:
    event = event_of(kind)

    ready = events.envelope(event, source="transcriber")

    tokens = ready.subject.split(".")
    assert tokens[:4] == ["securetranscribe", "events", "v1", "session_1"]
    assert len(tokens) == 7
    assert all(tokens)
    entity, entity_id, verb = tokens[4:]
    assert ready.headers["ce-type"] == f"securetranscribe.v1.{entity}.{verb}"
    assert ready.headers["ce-subject"] == f"{entity}/{entity_id}"
    assert (verb in KEPT_VERBS) == events.is_kept(event)


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("transcription_created", "session_1.transcription.7.created"),
        ("job_progress", "session_1.job.job_1.progress"),
        ("session_revoked", "session_1.session.session_1.revoked"),
        ("session_changed", "session_1.session.session_1.changed"),
        ("queue_changed", "session_1.queue.all.changed"),
        ("speaker_deleted", "session_1.speaker.7.deleted"),
    ],
)
def test_subjects(kind: str, subject: str) -> None:
    ready = events.envelope(event_of(kind), source="x")

    assert ready.subject == f"securetranscribe.events.v1.{subject}"


def test_event_without_session_goes_to_all() -> None:
    ready = events.envelope(event_of("speaker_updated", session=""), source="speakers")

    assert ready.subject == "securetranscribe.events.v1.all.speaker.7.updated"


def test_headers_follow_cloudevents_binary_mode() -> None:
    event = event_of("job_queued")
    event.event_id = "e-1"
    event.time.FromJsonString("2026-01-02T03:04:05Z")

    ready = events.envelope(event, source="transcriber")

    assert {
        "ce-specversion": "1.0",
        "ce-id": "e-1",
        "ce-source": "/securetranscribe/transcriber",
        "ce-time": "2026-01-02T03:04:05Z",
        "content-type": "application/protobuf",
        "Nats-Msg-Id": "e-1",
    }.items() <= ready.headers.items()


def test_id_and_time_are_filled_in_once() -> None:
    event = event_of("job_queued")

    first = events.envelope(event, source="x")
    second = events.envelope(event, source="x")

    assert first.headers["ce-id"] == second.headers["ce-id"] == event.event_id != ""
    assert first.headers["ce-time"] == second.headers["ce-time"]
    assert event_pb2.Event.FromString(first.payload) == event


def test_event_without_data_is_rejected() -> None:
    with pytest.raises(ValueError, match="without data"):
        events.envelope(event_pb2.Event(), source="x")


def test_message_can_be_parsed_back() -> None:
    event = event_of("job_failed")
    ready = events.envelope(event, source="x")
    message = Msg(_client=Client(), subject=ready.subject, data=ready.payload)

    assert events.parse(message) == event


def test_revocations_of_all_sessions_match_one_subject() -> None:
    pattern = bus.event_subject("*", "session", "*", "revoked")
    subject = events.envelope(event_of("session_revoked"), source="gateway").subject

    wanted, given = pattern.split("."), subject.split(".")
    assert len(wanted) == len(given)
    assert all(a in ("*", b) for a, b in zip(wanted, given, strict=True))


def test_subjects_name_the_workspace_before_the_session() -> None:
    event = event_of("job_completed")
    event.session_id, event.workspace_id = "session_2", "session_1"
    assert ".session_1.job." in events.envelope(event, source="transcriber").subject
    event.workspace_id = ""
    assert ".session_2.job." in events.envelope(event, source="transcriber").subject
