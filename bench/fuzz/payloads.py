"""Messages in NATS on every subject that a service consumes, as a broken one could send them."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from google.protobuf.descriptor import Descriptor
from nats.aio.client import Client

from bench.fuzz import messages, mutations, texts
from bench.fuzz.oracle import Book
from common import bus
from securetranscribe.v1 import audit_pb2, event_pb2, queue_pb2

KIND = "nats"
_WRONG_BYTES = 0.4
_STAGES = ("transcribe", "diarize")


@dataclass(frozen=True, kw_only=True)
class Consumed:
    """Subjects that a service consumes, and the type of their messages."""

    subject: Callable[[Random], str]
    descriptor: Descriptor


def _word(random: Random) -> str:
    """Return a word that may be part of a subject, mostly an identifier."""
    if random.random() < 0.6:
        return str(UUID(int=random.getrandbits(128)))
    text = "".join(letter for letter in texts.text(random, most=40) if letter.isalnum())
    return text or "none"


CONSUMED = (
    Consumed(
        subject=lambda random: bus.results_subject(random.choice(_STAGES)),
        descriptor=queue_pb2.TaskResult.DESCRIPTOR,
    ),
    Consumed(
        subject=lambda random: bus.progress_subject(_word(random)),
        descriptor=queue_pb2.TaskProgress.DESCRIPTOR,
    ),
    Consumed(
        subject=lambda random: bus.worker_subject(random.choice(_STAGES), _word(random)),
        descriptor=queue_pb2.WorkerHeartbeat.DESCRIPTOR,
    ),
    Consumed(
        subject=lambda random: bus.tasks_subject(random.choice(_STAGES)),
        descriptor=queue_pb2.Task.DESCRIPTOR,
    ),
    Consumed(
        subject=lambda random: bus.cancel_subject(_word(random)),
        descriptor=queue_pb2.TaskProgress.DESCRIPTOR,
    ),
    Consumed(
        subject=lambda random: bus.live_subject(random.randint(0, 2**31)),
        descriptor=event_pb2.Event.DESCRIPTOR,
    ),
    Consumed(
        subject=lambda random: bus.audit_subject(random.choice(("gateway", "speakers", "nobody"))),
        descriptor=audit_pb2.AuditEntry.DESCRIPTOR,
    ),
    Consumed(
        subject=lambda random: bus.event_subject(
            _word(random),
            random.choice(("job", "transcription", "session", "speaker", "queue", "share")),
            _word(random),
            random.choice(("progress", "completed", "deleted", "revoked", "changed", "renamed")),
        ),
        descriptor=event_pb2.Event.DESCRIPTOR,
    ),
)
_HEADERS = ("ce-id", "ce-type", "ce-source", "Nats-Msg-Id", "traceparent", "tracestate")


async def case(client: Client, book: Book, seed: str) -> None:
    """Publish one message. The observer learns whether a service ended by it."""
    random = Random(seed)
    consumed = random.choice(CONSUMED)
    payload = messages.message(consumed.descriptor, random, {}).SerializeToString()
    if random.random() < _WRONG_BYTES:
        payload = mutations.mutate(payload, seed, most=8192)
    headers: dict[str, Any] | None = None
    if random.random() < 0.5:
        headers = {name: _word(random) for name in random.sample(_HEADERS, 2)}
    await client.publish(consumed.subject(random), payload, headers=headers)
    book.note(KIND, consumed.descriptor.name)
