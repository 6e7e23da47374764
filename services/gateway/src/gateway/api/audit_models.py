"""Response models of the audit log."""

import datetime as dt
from typing import Literal

from pydantic import Field

from gateway.audit.entry import Entry
from gateway.web.envelope import ApiModel, Moment

ActorKind = Literal["nobody", "session", "user", "token", "link", "service", "administrator"]
Outcome = Literal["succeeded", "refused", "failed", "cancelled"]
Door = Literal["rest", "grpc", "internal", "unspecified"]


class AuditActorData(ApiModel):
    """The caller."""

    kind: ActorKind
    user_id: str | None
    session_id: str | None = Field(description="Access tokens and opened links have one, too.")
    link_id: str | None
    service: str | None = Field(description="The service, if it acted for nobody.")


class AuditTargetData(ApiModel):
    """Things concerned."""

    kind: str = Field(description="Kind of things, such as `transcription`.")
    ids: list[str] = Field(description="Their identifiers. Empty once their workspace was erased.")


class AuditEntryData(ApiModel):
    """One action of a caller."""

    id: str
    time: Moment
    actor: AuditActorData
    action: str = Field(description="Such as `transcription.delete`.")
    target: AuditTargetData | None
    address: str = Field(description="Address of the client.")
    door: Door = Field(description="Where the call came in.")
    outcome: Outcome
    code: str = Field(description="gRPC code, such as `OK` or `NOT_FOUND`.")
    service: str = Field(description="The service that wrote the entry.")
    workspace_id: str | None
    trace_id: str | None


class AuditPageData(ApiModel):
    """Entries, the latest first."""

    entries: list[AuditEntryData]
    cursor: str | None = Field(description="Cursor of the next page. Null on the last one.")


def audit_entry(entry: Entry) -> AuditEntryData:
    """Convert an entry to its response model."""
    target = None
    if entry.target_kind:
        target = AuditTargetData(kind=entry.target_kind, ids=list(entry.target_ids))
    return AuditEntryData.model_validate(
        {
            "id": entry.entry_id,
            "time": entry.happened_at.astimezone(dt.UTC),
            "actor": AuditActorData.model_validate(
                {
                    "kind": entry.actor,
                    "user_id": entry.user_id or None,
                    "session_id": entry.session_id or None,
                    "link_id": entry.link_id or None,
                    "service": entry.actor_service or None,
                }
            ),
            "action": entry.action,
            "target": target,
            "address": entry.address,
            "door": entry.door,
            "outcome": entry.outcome,
            "code": entry.code,
            "service": entry.service,
            "workspace_id": entry.workspace_id or None,
            "trace_id": entry.trace_id or None,
        }
    )
