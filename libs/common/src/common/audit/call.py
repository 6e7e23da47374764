"""Entry of one call, gathered while the call is served."""

import contextvars
import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from opentelemetry import trace

from common import identity
from common.addresses import current_address, network_of
from common.audit.rule import MOST_TARGETS, Rule
from common.identity import Identity
from securetranscribe.v1 import audit_pb2

_GATEWAY = "gateway"
_REFUSED = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})
#: Calls that were turned away because of load, which nobody has done.
_UNTOUCHED = frozenset({"RESOURCE_EXHAUSTED"})

_current: contextvars.ContextVar["CallRecord | None"] = contextvars.ContextVar(
    "audited_call", default=None
)

#: Tells whether there was a call with the same description just now.
Repeats = Callable[[tuple[str, ...]], bool]


def never(_description: tuple[str, ...]) -> bool:
    """Return False, because every call is an entry of its own."""
    return False


class CallRecord:
    """Facts about a call, for the entry at its end."""

    def __init__(self, rule: Rule, *, door: "audit_pb2.AuditDoor.ValueType | None" = None) -> None:
        """`door` is where the call came in. Without it, the caller tells."""
        self._rule = rule
        self._begun = dt.datetime.now(dt.UTC)
        self._caller: Identity | None = None
        self._code = ""
        self._door = door
        self._shown = False
        self._targets: tuple[str, ...] = ()
        self._workspace_id = ""
        self.request: Any = None
        self.response: Any = None
        _current.set(self)

    @property
    def rule(self) -> Rule:
        """The rule of the method."""
        return self._rule

    def saw(self, response: Any) -> None:
        """Take in a response. A stream has several."""
        self.response = response
        self._shown = self._shown or self._rule.shows(self.request, response)

    def concerns(self, workspace_id: str, targets: tuple[str, ...] = ()) -> None:
        """Note the owner of the targets, where it is not the caller's active workspace."""
        self._workspace_id = workspace_id or self._workspace_id
        self._targets = tuple(dict.fromkeys((*self._targets, *targets)))[:MOST_TARGETS]

    def called_by(self, caller: Identity) -> None:
        """Note the caller of a request of the JSON API."""
        self._caller = caller

    def failed(self, code: str) -> None:
        """Note the gRPC code of a failed request with an answer that looks like success."""
        self._code = code

    def entry(self, code: str, repeats: Repeats = never) -> audit_pb2.AuditEntry | None:
        """Return the entry of a call with this gRPC code, None if it is not one.

        Nor is a read or a refusal whose description `repeats` another one.
        """
        code = self._code or code
        caller = self._caller or identity.current_or_none()
        succeeded = code == "OK"
        shown = self._shown or (not succeeded and self._rule.shows(self.request, None))
        if code in _UNTOUCHED or _is_part(caller) or not shown:
            return None
        targets = self._targets or self._rule.targets(self.request, self.response)
        # First of all, since players and pages ask for one thing again and again.
        if (self._rule.read or code in _REFUSED) and repeats(
            (self._rule.action, code, *_names(caller), *targets)
        ):
            return None
        entry = audit_pb2.AuditEntry(
            entry_id=str(uuid.uuid4()),
            actor=self._actor(caller, targets, succeeded=succeeded),
            action=self._rule.action_of(self.request),
            target_kind=self._rule.kind if targets else "",
            target_ids=targets,
            address=current_address(),
            door=self._door or _door(caller, for_client=self._rule.opens_link),
            outcome=_outcome(code),
            code=code,
            workspace_id=self._workspace_of(caller, succeeded=succeeded),
            trace_id=_trace_id(),
        )
        entry.time.FromDatetime(self._begun)
        return entry

    def _actor(
        self, caller: Identity | None, targets: tuple[str, ...], *, succeeded: bool
    ) -> audit_pb2.AuditActor:
        if self._rule.by_administrator and not (caller is not None and caller.user_id):
            kind = audit_pb2.AUDIT_ACTOR_KIND_ADMINISTRATOR
            return audit_pb2.AuditActor(kind=kind) if succeeded else audit_pb2.AuditActor()
        if self._rule.opens_link:
            link_id = targets[0] if targets else ""
            return audit_pb2.AuditActor(kind=audit_pb2.AUDIT_ACTOR_KIND_LINK, link_id=link_id)
        actor = actor_of(caller)
        if succeeded and self._rule.signs_in and targets and not actor.user_id:
            actor.kind = audit_pb2.AUDIT_ACTOR_KIND_USER
            actor.user_id = targets[0]
        return actor

    def _workspace_of(self, caller: Identity | None, *, succeeded: bool) -> str:
        """Return the workspace of the entry.

        Failed calls count for the caller's own one. Otherwise anybody could write into any log.
        """
        if self._rule.by_administrator and succeeded:
            # The deployment is concerned, and not the workspace in which the administrator works.
            return self._workspace_id
        named = self._rule.workspace_of(self.request) if succeeded else ""
        return self._workspace_id or named or (caller.workspace_id if caller is not None else "")


def concerns(workspace_id: str, *targets: str) -> None:
    """Note the workspace of the current call, for example the owner of a shared transcription.

    Does nothing in calls without an entry.
    """
    record = _current.get()
    if record is not None:
        record.concerns(workspace_id, targets)


def failed(code: str) -> None:
    """Note the gRPC code of the current request, where its status does not tell."""
    record = _current.get()
    if record is not None:
        record.failed(code)


def actor_of(caller: Identity | None) -> audit_pb2.AuditActor:
    """Return a caller as the actor of an entry."""
    if caller is None:
        return audit_pb2.AuditActor()
    if caller.link_id:
        kind = audit_pb2.AUDIT_ACTOR_KIND_LINK
    elif caller.scopes is not None:
        kind = audit_pb2.AUDIT_ACTOR_KIND_TOKEN
    elif caller.user_id:
        kind = audit_pb2.AUDIT_ACTOR_KIND_USER
    elif caller.session_id:
        kind = audit_pb2.AUDIT_ACTOR_KIND_SESSION
    elif caller.service:
        return audit_pb2.AuditActor(kind=audit_pb2.AUDIT_ACTOR_KIND_SERVICE, service=caller.service)
    else:
        kind = audit_pb2.AUDIT_ACTOR_KIND_UNSPECIFIED
    return audit_pb2.AuditActor(
        kind=kind,
        user_id=caller.user_id,
        session_id=caller.session_id,
        link_id=caller.link_id,
    )


def _names(caller: Identity | None) -> tuple[str, ...]:
    """Return the names of a caller, or the network of a caller without any."""
    if caller is None or not caller.session_id:
        return (network_of(current_address()),)
    return caller.user_id, caller.session_id, caller.link_id


def _is_part(caller: Identity | None) -> bool:
    """Return whether a service calls on behalf of a session, as part of the session's own call."""
    return caller is not None and caller.service not in ("", _GATEWAY) and bool(caller.session_id)


def _door(caller: Identity | None, *, for_client: bool) -> "audit_pb2.AuditDoor.ValueType":
    """Return where a call came in. The gateway calls `for_client` also without a session."""
    if caller is None or not caller.service:
        return audit_pb2.AUDIT_DOOR_GRPC
    if caller.service == _GATEWAY and (caller.session_id or for_client):
        return audit_pb2.AUDIT_DOOR_REST
    return audit_pb2.AUDIT_DOOR_INTERNAL


def _outcome(code: str) -> "audit_pb2.AuditOutcome.ValueType":
    if code == "OK":
        return audit_pb2.AUDIT_OUTCOME_SUCCEEDED
    if code in _REFUSED:
        return audit_pb2.AUDIT_OUTCOME_REFUSED
    if code == "CANCELLED":
        return audit_pb2.AUDIT_OUTCOME_CANCELLED
    return audit_pb2.AUDIT_OUTCOME_FAILED


def _trace_id() -> str:
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""
