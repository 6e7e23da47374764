"""Entries of the audit log as they are stored, and selections of them."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from securetranscribe.v1 import audit_pb2

Message = audit_pb2.AuditEntry

_ACTOR = "AUDIT_ACTOR_KIND_"
_DOOR = "AUDIT_DOOR_"
_OUTCOME = "AUDIT_OUTCOME_"
#: Word for values that nobody has named.
_NOBODY = "nobody"
_UNSPECIFIED = "unspecified"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Entry of the audit log. `number` is its place in the table."""

    number: int
    entry_id: str
    happened_at: dt.datetime
    workspace_id: str
    actor: str
    user_id: str
    session_id: str
    link_id: str
    actor_service: str
    action: str
    target_kind: str
    target_ids: tuple[str, ...]
    address: str
    door: str
    outcome: str
    code: str
    service: str
    trace_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Entries to select. Empty values and None select all.

    `workspace_id` is always one workspace, or empty for entries about the deployment.
    """

    workspace_id: str
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    user_id: str = ""
    session_id: str = ""
    action: str = ""
    target_kind: str = ""
    target_id: str = ""
    outcome: str = ""
    address: str = ""


def row_of(message: Message, service: str) -> dict[str, object]:
    """Return the columns of a message from a service."""
    return {
        "entry_id": message.entry_id,
        "happened_at": message.time.ToDatetime(tzinfo=dt.UTC),
        "workspace_id": message.workspace_id,
        "actor": actor_word(message.actor.kind),
        "user_id": message.actor.user_id,
        "session_id": message.actor.session_id,
        "link_id": message.actor.link_id,
        "actor_service": message.actor.service,
        "action": message.action,
        "target_kind": message.target_kind,
        "target_ids": list(message.target_ids),
        "address": message.address,
        "door": _word(audit_pb2.AuditDoor, _DOOR, message.door),
        "outcome": outcome_word(message.outcome),
        "code": message.code,
        "service": service,
        "trace_id": message.trace_id,
    }


def message_of(entry: Entry) -> Message:
    """Return an entry as in messages."""
    found = Message(
        entry_id=entry.entry_id,
        actor=audit_pb2.AuditActor(
            kind=_value(audit_pb2.AuditActorKind, _ACTOR, entry.actor),
            user_id=entry.user_id,
            session_id=entry.session_id,
            link_id=entry.link_id,
            service=entry.actor_service,
        ),
        action=entry.action,
        target_kind=entry.target_kind,
        target_ids=entry.target_ids,
        address=entry.address,
        door=_value(audit_pb2.AuditDoor, _DOOR, entry.door),
        outcome=_value(audit_pb2.AuditOutcome, _OUTCOME, entry.outcome),
        code=entry.code,
        service=entry.service,
        workspace_id=entry.workspace_id,
        trace_id=entry.trace_id,
    )
    found.time.FromDatetime(entry.happened_at)
    return found


def actor_word(kind: int) -> str:
    """Return the word for a kind of actor, such as `user`."""
    word = _word(audit_pb2.AuditActorKind, _ACTOR, kind)
    return _NOBODY if word == _UNSPECIFIED else word


def outcome_word(outcome: int) -> str:
    """Return the word for an outcome, such as `refused`."""
    return _word(audit_pb2.AuditOutcome, _OUTCOME, outcome)


def _word(enum: Any, prefix: str, value: int) -> str:
    known = enum.DESCRIPTOR.values_by_number
    name: str = known[value].name if value in known else f"{prefix}UNSPECIFIED"
    return name.removeprefix(prefix).lower()


def _value(enum: Any, prefix: str, word: str) -> Any:
    found = enum.DESCRIPTOR.values_by_name.get(f"{prefix}{word.upper()}")
    return 0 if found is None else found.number
