"""Public events: CloudEvents in the binary mode of NATS, with an `Event` as the payload."""

import datetime as dt
import uuid
from dataclasses import dataclass

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from common import bus, message_spans, telemetry
from common.errors import UnavailableError
from securetranscribe.v1 import event_pb2

CONTENT_TYPE = "application/protobuf"

# Event.data field -> (entity, verb, the field of the data that identifies the entity).
_KINDS = {
    "transcription_created": ("transcription", "created", "transcription_id"),
    "transcription_deleted": ("transcription", "deleted", "transcription_id"),
    "transcription_expiring": ("transcription", "expiring", "transcription_id"),
    "transcript_edited": ("transcription", "edited", "transcription_id"),
    "transcript_part": ("transcription", "part", "transcription_id"),
    "transcription_shared": ("transcription", "shared", "transcription_id"),
    "speakers_assigned": ("transcription", "speakers_assigned", "transcription_id"),
    "job_queued": ("job", "queued", "job_id"),
    "job_started": ("job", "started", "job_id"),
    "job_progress": ("job", "progress", "job_id"),
    "job_completed": ("job", "completed", "job_id"),
    "job_failed": ("job", "failed", "job_id"),
    "job_cancelled": ("job", "cancelled", "job_id"),
    "queue_changed": ("queue", "changed", ""),
    "session_revoked": ("session", "revoked", ""),
    "session_changed": ("session", "changed", ""),
    "speaker_updated": ("speaker", "updated", "speaker_id"),
    "speaker_deleted": ("speaker", "deleted", "speaker_id"),
    "speaker_restored": ("speaker", "restored", "speaker_id"),
}
_OF_SESSIONS = frozenset({"session_revoked", "session_changed"})
_NOT_KEPT = frozenset(
    {"job_progress", "queue_changed", "transcript_part", "session_changed", "transcription_shared"}
)


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """An event ready to be published, as an outbox row holds it."""

    subject: str
    headers: dict[str, str]
    payload: bytes


def envelope(event: event_pb2.Event, *, source: str) -> Envelope:
    """Address an event. Fill in its id and time when they are missing.

    `source` names the service, for example `transcriber`.
    """
    kind = event.WhichOneof("data")
    if kind is None:
        raise ValueError("an event without data")
    if not event.event_id:
        event.event_id = str(uuid.uuid4())
    if not event.HasField("time"):
        event.time.FromDatetime(dt.datetime.now(dt.UTC))
    entity, verb, key = _KINDS[kind]
    if kind in _OF_SESSIONS:
        entity_id = event.session_id
    else:
        entity_id = str(getattr(getattr(event, kind), key)) if key else "all"
    headers = {
        "ce-specversion": "1.0",
        "ce-id": event.event_id,
        "ce-type": f"{bus.PREFIX}.v1.{entity}.{verb}",
        "ce-source": f"/{bus.PREFIX}/{source}",
        "ce-subject": f"{entity}/{entity_id}",
        "ce-time": event.time.ToJsonString(),
        "ce-dataschema": "securetranscribe.v1.Event",
        "content-type": CONTENT_TYPE,
        "Nats-Msg-Id": event.event_id,
        **telemetry.inject(),
    }
    subject = bus.event_subject(workspace_of(event), entity, entity_id, verb)
    return Envelope(subject=subject, headers=headers, payload=event.SerializeToString())


def workspace_of(event: event_pb2.Event) -> str:
    """Return the workspace concerned by an event. Empty when all are concerned.

    Events of the version before name only a session, whose id its workspace has too.
    """
    return event.workspace_id or event.session_id


def is_kept(event: event_pb2.Event) -> bool:
    """Return whether the event belongs in the JetStream stream."""
    return event.WhichOneof("data") not in _NOT_KEPT


def parse(message: Msg) -> event_pb2.Event:
    """Return the event of a NATS message."""
    return event_pb2.Event.FromString(message.data)


class EventPublisher:
    """Publisher of events that belong to no transaction. Others go through an outbox."""

    def __init__(self, client: Client, stream: JetStreamContext, *, source: str) -> None:
        self._client = client
        self._stream = stream
        self._source = source

    async def publish(self, event: event_pb2.Event) -> None:
        """Publish an event: acknowledged by JetStream when it is kept, at most once otherwise.

        Raises:
            UnavailableError: JetStream does not answer.
        """
        ready = envelope(event, source=self._source)
        try:
            with message_spans.publishing(ready.subject, ready.headers) as headers:
                if is_kept(event):
                    await self._stream.publish(ready.subject, ready.payload, headers=headers)
                else:
                    await self._client.publish(ready.subject, ready.payload, headers=headers)
        except nats.errors.Error as error:
            raise UnavailableError("Events cannot be published. Try again soon.") from error
