"""Entries of the audit log: which calls are entries, and what is in them."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import descriptor_pool

import securetranscribe.v1
from common import identity
from common.addresses import use_address
from common.audit import actions, call
from common.audit.call import CallRecord
from common.audit.rule import MOST_TARGETS, Rule
from common.audit.trail import REPEATED_SECONDS, Repetitions
from common.identity import Identity, Role, Scope
from securetranscribe.v1 import (
    admin_pb2,
    audit_pb2,
    identity_pb2,
    library_pb2,
    session_pb2,
    sharing_pb2,
    transcription_pb2,
)

PACKAGE = "/securetranscribe.v1"
SESSION, WORKSPACE, USER, LINK = (
    f"{kind}_{'0' * 31}1" for kind in ("session", "workspace", "user", "link")
)
DELETE = f"{PACKAGE}.TranscriptionService/DeleteTranscription"
READ = f"{PACKAGE}.TranscriptionService/GetTranscription"
BULK = f"{PACKAGE}.LibraryService/BulkUpdate"


@pytest.fixture(autouse=True)
def _caller() -> Iterator[None]:
    token = identity.use(Identity(session_id="session_1", workspace_id="workspace_1"))
    nothing = call._current.set(None)
    use_address("192.0.2.7")
    yield
    identity.reset(token)
    call._current.reset(nothing)
    use_address("")


def contract_methods() -> list[str]:
    names = []
    for module in pkgutil.iter_modules(securetranscribe.v1.__path__):
        if module.name.endswith("_pb2"):
            loaded = importlib.import_module(f"securetranscribe.v1.{module.name}")
            for service in loaded.DESCRIPTOR.services_by_name.values():
                names += [f"/{service.full_name}/{method.name}" for method in service.methods]
    return names


def record(method: str, request: Any = None, response: Any = None) -> CallRecord:
    found = CallRecord(actions.AUDITED[method])
    found.request = request
    if response is not None:
        found.saw(response)
    return found


def entry(method: str, request: Any, response: Any, code: str = "OK") -> audit_pb2.AuditEntry:
    made = record(method, request, response).entry(code)
    assert made is not None
    return made


def deleted(code: str = "OK") -> audit_pb2.AuditEntry:
    request = transcription_pb2.DeleteTranscriptionRequest(transcription_id=41)
    return entry(DELETE, request, transcription_pb2.DeleteTranscriptionResponse(), code)


@pytest.mark.parametrize("method", contract_methods())
def test_every_method_is_declared_once(method: str) -> None:
    assert (method in actions.AUDITED) is not (method in actions.NOT_AUDITED)


def test_only_methods_of_the_contract_are_declared() -> None:
    assert {*actions.AUDITED, *actions.NOT_AUDITED} <= set(contract_methods())


@pytest.mark.parametrize("method", sorted(actions.AUDITED))
def test_paths_of_rules_lead_to_identifiers(method: str) -> None:
    rule = actions.AUDITED[method]
    pool = descriptor_pool.Default()
    service, _, name = method[1:].rpartition("/")
    found = pool.FindServiceByName(service).FindMethodByName(name)
    for descriptor, paths in (
        (found.input_type, (*rule.ids, *filter(None, [rule.workspace]))),
        (found.output_type, rule.made),
    ):
        for path in paths:
            message = descriptor
            *steps, last = path.split(".")
            for step in steps:
                message = message.fields_by_name[step].message_type or message
            assert last.endswith(("_id", "_ids", "owner"))
            assert message.fields_by_name[last].message_type is None


def test_entry_says_who_did_what_to_what_from_where() -> None:
    made = deleted()

    assert made.action == "transcription.delete"
    assert (made.target_kind, list(made.target_ids)) == ("transcription", ["41"])
    assert made.actor.kind == audit_pb2.AUDIT_ACTOR_KIND_SESSION
    assert made.actor.session_id == "session_1"
    assert made.workspace_id == "workspace_1"
    assert made.address == "192.0.2.7"
    assert made.door == audit_pb2.AUDIT_DOOR_GRPC
    assert made.outcome == audit_pb2.AUDIT_OUTCOME_SUCCEEDED
    assert made.HasField("time")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("PERMISSION_DENIED", audit_pb2.AUDIT_OUTCOME_REFUSED),
        ("UNAUTHENTICATED", audit_pb2.AUDIT_OUTCOME_REFUSED),
        ("NOT_FOUND", audit_pb2.AUDIT_OUTCOME_FAILED),
        ("INTERNAL", audit_pb2.AUDIT_OUTCOME_FAILED),
        ("CANCELLED", audit_pb2.AUDIT_OUTCOME_CANCELLED),
    ],
)
def test_outcome_follows_the_code(code: str, outcome: int) -> None:
    made = deleted(code)
    assert (made.outcome, made.code) == (outcome, code)


def test_calls_turned_away_by_load_are_no_entries() -> None:
    request = transcription_pb2.DeleteTranscriptionRequest(transcription_id=41)
    assert record(DELETE, request).entry("RESOURCE_EXHAUSTED") is None


@pytest.mark.parametrize(
    ("caller", "kind"),
    [
        (Identity(session_id="s", workspace_id="w"), audit_pb2.AUDIT_ACTOR_KIND_SESSION),
        (
            Identity(session_id="s", workspace_id="w", user_id="u", role=Role.EDITOR),
            audit_pb2.AUDIT_ACTOR_KIND_USER,
        ),
        (
            Identity(session_id="s", user_id="u", scopes=frozenset({Scope.READ})),
            audit_pb2.AUDIT_ACTOR_KIND_TOKEN,
        ),
        (Identity(session_id="s", link_id="l"), audit_pb2.AUDIT_ACTOR_KIND_LINK),
        (Identity(service="speakers"), audit_pb2.AUDIT_ACTOR_KIND_SERVICE),
        (None, audit_pb2.AUDIT_ACTOR_KIND_UNSPECIFIED),
    ],
)
def test_kind_of_actor(caller: Identity | None, kind: int) -> None:
    identity.use(caller)
    actor = deleted().actor
    assert actor.kind == kind
    if caller is not None:
        assert actor.user_id == caller.user_id
        assert actor.link_id == caller.link_id


def test_calls_of_the_gateway_for_a_session_came_in_by_rest() -> None:
    identity.use(Identity(service="gateway", session_id="s", workspace_id="w"))
    assert deleted().door == audit_pb2.AUDIT_DOOR_REST


def test_calls_that_are_part_of_another_are_no_entries() -> None:
    identity.use(Identity(service="exporter", session_id="s", workspace_id="w"))
    request = transcription_pb2.DeleteTranscriptionRequest(transcription_id=41)
    response = transcription_pb2.DeleteTranscriptionResponse()
    assert record(DELETE, request, response).entry("OK") is None


def test_names_and_texts_of_requests_are_never_kept() -> None:
    rule = Rule(action="thing.delete", kind="thing", ids=("owner",))
    found = CallRecord(rule)
    for text in ("Patient Smith", "smith", "Smith-2", "job_smith", "a.wav", "../x", "ü", "x" * 129):
        found.request = type("Request", (), {"owner": text})()
        found.saw(object())
        made = found.entry("OK")
        assert made is not None
        assert list(made.target_ids) == []
        assert text not in str(made)


def test_only_whole_transcripts_of_statuses_are_reads() -> None:
    full = transcription_pb2.GetTranscriptionRequest(
        transcription_id=1, view=transcription_pb2.TRANSCRIPTION_VIEW_FULL
    )
    basic = transcription_pb2.GetTranscriptionRequest(transcription_id=1)
    done = transcription_pb2.GetTranscriptionResponse(version="v")
    waiting = transcription_pb2.GetTranscriptionResponse()

    assert record(READ, full, done).entry("OK") is not None
    assert record(READ, full, waiting).entry("OK") is None
    assert record(READ, basic, done).entry("OK") is None
    assert record(READ, basic).entry("NOT_FOUND") is None
    assert record(READ).entry("UNAUTHENTICATED") is None
    assert record(READ, full).entry("NOT_FOUND") is not None


def test_bulk_changes_name_their_action_and_all_targets() -> None:
    request = library_pb2.BulkUpdateRequest(
        transcription_ids=range(1, 600), action=library_pb2.BULK_ACTION_DELETE
    )
    made = entry(BULK, request, library_pb2.BulkUpdateResponse())
    assert made.action == "transcription.delete"
    assert list(made.target_ids) == [str(n) for n in range(1, MOST_TARGETS + 1)]


def test_bulk_changes_by_filter_name_what_they_changed() -> None:
    request = library_pb2.BulkUpdateRequest(action=library_pb2.BULK_ACTION_TAG)
    response = library_pb2.BulkUpdateResponse(
        results=[library_pb2.BulkResult(transcription_id=n) for n in (3, 5)]
    )
    made = entry(BULK, request, response)
    assert (made.action, list(made.target_ids)) == ("transcription.update", ["3", "5"])


def test_signing_in_is_done_by_the_user() -> None:
    identity.use(None)
    method = f"{PACKAGE}.AccountService/SignIn"
    user = identity_pb2.User(user_id=USER, name="Anna")
    response = identity_pb2.SignInResponse(signed_in=identity_pb2.SignedIn(user=user))
    request = identity_pb2.SignInRequest(name="Anna", password="hunter2hunter2")

    made = entry(method, request, response)
    refused = entry(method, request, None, "UNAUTHENTICATED")

    assert made.actor.kind == audit_pb2.AUDIT_ACTOR_KIND_USER
    assert made.actor.user_id == USER
    assert refused.actor.user_id == ""
    assert "Anna" not in f"{made}{refused}"
    assert "hunter2" not in f"{made}{refused}"


def test_opening_a_link_is_done_by_somebody_with_the_link() -> None:
    identity.use(Identity(service="gateway"))
    method = f"{PACKAGE}.SharingService/CheckLink"
    request = sharing_pb2.CheckLinkRequest(token="secret", password="hunter2hunter2")
    made = entry(method, request, sharing_pb2.CheckLinkResponse(link_id=LINK))
    refused = entry(method, request, None, "PERMISSION_DENIED")
    assert made.actor.kind == refused.actor.kind == audit_pb2.AUDIT_ACTOR_KIND_LINK
    assert (made.actor.link_id, refused.actor.link_id) == (LINK, "")
    assert made.door == audit_pb2.AUDIT_DOOR_REST
    assert "hunter2" not in f"{made}{refused}"
    assert "secret" not in f"{made}{refused}"


def test_entries_of_an_administrator() -> None:
    identity.use(None)
    method = f"{PACKAGE}.AdminService/EraseOwner"
    request = admin_pb2.EraseOwnerRequest(owner="session_9")
    made = entry(method, request, admin_pb2.EraseOwnerResponse())
    refused = entry(method, request, None, "PERMISSION_DENIED")
    assert made.actor.kind == audit_pb2.AUDIT_ACTOR_KIND_ADMINISTRATOR
    assert refused.actor.kind == audit_pb2.AUDIT_ACTOR_KIND_UNSPECIFIED


def test_entries_of_an_administrator_who_signs_in_name_the_user() -> None:
    identity.use(
        Identity(
            session_id=SESSION,
            workspace_id=WORKSPACE,
            user_id=USER,
            role=Role.MANAGER,
            administrator=True,
            service="gateway",
        )
    )
    method = f"{PACKAGE}.AdminService/EraseOwner"
    request = admin_pb2.EraseOwnerRequest(owner="session_9")
    made = entry(method, request, admin_pb2.EraseOwnerResponse())
    assert (made.actor.kind, made.actor.user_id) == (audit_pb2.AUDIT_ACTOR_KIND_USER, USER)
    assert made.door == audit_pb2.AUDIT_DOOR_REST
    # It concerns the deployment, and not the workspace in which the administrator works.
    assert made.workspace_id == ""
    assert entry(method, request, None, "PERMISSION_DENIED").workspace_id == WORKSPACE


def test_only_calls_that_succeed_enter_the_log_of_a_named_workspace() -> None:
    method = f"{PACKAGE}.WorkspaceService/RemoveMember"
    request = identity_pb2.RemoveMemberRequest(workspace_id=WORKSPACE, user_id=USER)
    made = entry(method, request, identity_pb2.RemoveMemberResponse())
    assert made.workspace_id == WORKSPACE
    assert entry(method, request, None, "NOT_FOUND").workspace_id == "workspace_1"


def test_owner_of_shared_things_sees_the_entry() -> None:
    request = transcription_pb2.DeleteTranscriptionRequest(transcription_id=41)
    found = record(DELETE, request, transcription_pb2.DeleteTranscriptionResponse())
    call.concerns("workspace_2")
    made = found.entry("OK")
    assert made is not None
    assert made.workspace_id == "workspace_2"


def test_created_sessions_are_targets() -> None:
    identity.use(None)
    response = session_pb2.CreateSessionResponse(
        session=session_pb2.Session(session_id=SESSION), session_token="secret"
    )
    made = entry(
        f"{PACKAGE}.SessionService/CreateSession", session_pb2.CreateSessionRequest(), response
    )
    assert list(made.target_ids) == [SESSION]
    assert "secret" not in str(made)


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_repetitions_end() -> None:
    clock = Watch()
    repetitions = Repetitions(clock=clock)
    assert not repetitions.include(("a", "1"))
    assert repetitions.include(("a", "1"))
    assert not repetitions.include(("a", "2"))
    clock.now = REPEATED_SECONDS
    assert not repetitions.include(("a", "1"))


def test_reads_by_others_and_with_another_outcome_are_entries() -> None:
    repetitions = Repetitions()
    method = f"{PACKAGE}.TranscriptionService/StreamTranscript"
    request = transcription_pb2.StreamTranscriptRequest(transcription_id=41)
    response = transcription_pb2.StreamTranscriptResponse()
    seen = []
    for caller, code in (
        (Identity(session_id="s", workspace_id="w"), "OK"),
        (Identity(session_id="s", workspace_id="w"), "OK"),
        (Identity(session_id="s", workspace_id="w"), "NOT_FOUND"),
        (Identity(session_id="t", workspace_id="w"), "OK"),
    ):
        identity.use(caller)
        found = record(method, request, response)
        seen.append(found.entry(code, repetitions.include) is not None)
    assert seen == [True, False, True, True]


def test_vocabulary_is_fixed() -> None:
    words = actions.actions()
    assert len(words) == len(set(words))
    assert all(word.count(".") == 1 and word.replace(".", "_").isidentifier() for word in words)
