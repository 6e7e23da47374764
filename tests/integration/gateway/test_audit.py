"""The audit log of the gateway: stored once, unchangeable, read by managers, kept for a time."""

import csv
import datetime as dt
import io
import json
import uuid
from typing import Any

import grpc.aio
import httpx2
import psycopg
import pytest
from nats.aio.client import Client

from common import bus
from common.errors import AuthorizationError, ValidationError
from common.identity import Grant, Role, Scope
from common.postgres import Database
from gateway.audit.entry import Selection, message_of
from gateway.audit.keeper import AuditRetention
from gateway.audit.reader import AuditReader
from gateway.audit.requests import AUDITED_REQUESTS, NOT_AUDITED_REQUESTS
from gateway.audit.store import AuditLog
from securetranscribe.v1 import audit_pb2, audit_pb2_grpc
from tests.integration.gateway.conftest import MakeGateway, Running, until
from tests.integration.gateway.test_sessions import bearer, create

NOW = dt.datetime.now(dt.UTC)
OWN = ("/sessions", "/auth", "/users", "/workspaces", "/tokens", "/webhooks", "/audit")


def workspace() -> str:
    return f"workspace_{uuid.uuid4().hex}"


def entry(workspace_id: str, **values: Any) -> audit_pb2.AuditEntry:
    made = audit_pb2.AuditEntry(
        **{
            "entry_id": str(uuid.uuid4()),
            "actor": audit_pb2.AuditActor(
                kind=audit_pb2.AUDIT_ACTOR_KIND_USER, user_id="user_1", session_id="session_1"
            ),
            "action": "transcription.delete",
            "target_kind": "transcription",
            "target_ids": ["41"],
            "address": "192.0.2.7",
            "door": audit_pb2.AUDIT_DOOR_REST,
            "outcome": audit_pb2.AUDIT_OUTCOME_SUCCEEDED,
            "code": "OK",
            "workspace_id": workspace_id,
            "trace_id": "",
            **values,
        }
    )
    if not made.HasField("time"):
        made.time.FromDatetime(NOW)
    return made


def manager(workspace_id: str, **values: Any) -> Grant:
    return Grant(
        **{
            "session_id": "s",
            "workspace_id": workspace_id,
            "user_id": "u",
            "role": Role.MANAGER,
            **values,
        }
    )


ALL = Selection(workspace_id="")


@pytest.fixture
def log(database: Database) -> AuditLog:
    return AuditLog(database)


async def found(log: AuditLog, workspace_id: str, **values: Any) -> list[Any]:
    return await log.latest(Selection(workspace_id=workspace_id, **values), None, 1000)


async def test_entry_comes_back_as_it_was_sent(log: AuditLog) -> None:
    sent = entry(workspace(), trace_id="a" * 32)
    await log.add(sent, "transcriber")
    (stored,) = await found(log, sent.workspace_id)
    sent.service = "transcriber"
    assert message_of(stored) == sent


async def test_entry_that_is_delivered_twice_is_stored_once(log: AuditLog) -> None:
    sent = entry(workspace())
    await log.add(sent, "transcriber")
    await log.add(sent, "transcriber")
    assert len(await found(log, sent.workspace_id)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET action = 'nothing' WHERE workspace_id = %s",
        "UPDATE audit_entries SET target_ids = '{}' WHERE workspace_id = %s",
        "DELETE FROM audit_entries WHERE workspace_id = %s",
        "TRUNCATE audit_entries",
    ],
)
async def test_no_statement_changes_an_entry(
    log: AuditLog, database: Database, statement: str
) -> None:
    sent = entry(workspace())
    await log.add(sent, "transcriber")
    parameters = (sent.workspace_id,) if "%s" in statement else None
    with pytest.raises(psycopg.errors.RestrictViolation):
        await database.execute(statement, parameters)
    assert len(await found(log, sent.workspace_id)) == 1


async def test_retention_deletes_old_entries_only(log: AuditLog, database: Database) -> None:
    kept = entry(workspace())
    await log.add(kept, "transcriber")
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=10)
    with pytest.raises(psycopg.errors.RaiseException, match="at least a day"):
        await AuditRetention(log, days=9, now=lambda: later).step()
    await AuditRetention(log, days=0, now=lambda: later).step()
    await AuditRetention(log, days=11, now=lambda: later).step()
    assert len(await found(log, kept.workspace_id)) == 1

    old = workspace()
    await database.execute(
        """
        INSERT INTO audit_entries (
            entry_id, happened_at, stored_at, workspace_id, actor, user_id, session_id, link_id,
            actor_service, action, target_kind, target_ids, address, door, outcome, code, service,
            trace_id
        ) VALUES (
            gen_random_uuid(), now(), now() - interval '3 days', %s, 'user', '', '', '', '', 'a.b',
            '', '{}', '', 'rest', 'succeeded', 'OK', 'gateway', ''
        )
        """,
        (old,),
    )
    await AuditRetention(log, days=2, now=lambda: dt.datetime.now(dt.UTC)).step()
    assert await found(log, old) == []
    assert len(await found(log, kept.workspace_id)) == 1


async def test_entries_of_an_erased_workspace_say_nothing_of_its_things(
    log: AuditLog, database: Database
) -> None:
    sent, other = entry(workspace()), entry(workspace())
    for one in (sent, other):
        await log.add(one, "transcriber")
    await log.forget(sent.workspace_id)
    (stored,) = await found(log, sent.workspace_id)
    assert (stored.action, stored.target_kind, stored.target_ids) == (
        *("transcription.delete", "transcription"),
        (),
    )
    assert stored.user_id == "user_1"
    assert (await found(log, other.workspace_id))[0].target_ids == ("41",)

    await database.execute(
        """
        INSERT INTO ended_workspaces (workspace_id, reason, ended_at, erased_by)
        VALUES (%s, 'test', now(), '{"audit": "2026-01-01"}')
        """,
        (sent.workspace_id,),
    )
    late = entry(sent.workspace_id)
    await log.add(late, "transcriber")
    assert {one.target_ids for one in await found(log, sent.workspace_id)} == {()}
    # Nobody manages the workspace any more, so administrators read its entries.
    left = {one.entry_id for one in await found(log, "")}
    assert {sent.entry_id, late.entry_id} <= left
    assert other.entry_id not in left


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ({}, 2),
        ({"action": "transcription.delete"}, 1),
        ({"action": "transcript."}, 1),
        ({"action": "transcription"}, 0),
        ({"user_id": "user_2"}, 1),
        ({"session_id": "session_1"}, 2),
        ({"target_kind": "transcription"}, 2),
        ({"target_id": "42"}, 1),
        ({"outcome": "refused"}, 1),
        ({"address": "192.0.2.8"}, 1),
        ({"start": NOW}, 2),
        ({"start": NOW + dt.timedelta(seconds=1)}, 1),
        ({"end": NOW + dt.timedelta(seconds=1)}, 1),
    ],
)
async def test_filters(log: AuditLog, values: dict[str, Any], count: int) -> None:
    own = workspace()
    await log.add(entry(own), "transcriber")
    other = entry(
        own,
        actor=audit_pb2.AuditActor(user_id="user_2", session_id="session_1"),
        action="transcript.read",
        target_ids=["42", "43"],
        outcome=audit_pb2.AUDIT_OUTCOME_REFUSED,
        address="192.0.2.8",
    )
    other.time.FromDatetime(NOW + dt.timedelta(seconds=2))
    await log.add(other, "transcriber")
    assert len(await found(log, own, **values)) == count


async def test_pages_have_every_entry_once_also_of_one_moment(log: AuditLog) -> None:
    own = workspace()
    sent = [entry(own) for _ in range(7)]
    for one in sent:
        await log.add(one, "transcriber")
    reader = AuditReader(log)
    seen: list[str] = []
    token = ""
    while True:
        page = await reader.page(manager(own), ALL, deployment=False, limit=3, token=token)
        seen += [one.entry_id for one in page.entries]
        token = page.next_token
        if not token:
            break
    assert seen == [one.entry_id for one in reversed(sent)]


@pytest.mark.parametrize("token", ["x", "W10=", "WyIyMDI2LTAxLTAxIiwgMV0=", "A" * 300])
async def test_other_tokens_of_pages_are_refused(log: AuditLog, token: str) -> None:
    with pytest.raises(ValidationError):
        await AuditReader(log).page(
            manager(workspace()), ALL, deployment=False, limit=3, token=token
        )


@pytest.mark.parametrize(
    ("values", "deployment", "permitted"),
    [
        ({}, False, True),
        ({"role": Role.EDITOR}, False, False),
        ({"role": Role.VIEWER}, False, False),
        ({"role": None}, False, False),
        ({"scopes": frozenset({Scope.ADMIN})}, False, True),
        ({"scopes": frozenset({Scope.READ, Scope.WRITE, Scope.EXPORT})}, False, False),
        ({"user_id": "", "role": None}, False, True),  # an open session in its own workspace
        ({}, True, False),
        ({"administrator": True}, True, True),
        ({"administrator": True, "role": Role.VIEWER}, False, False),
        ({"administrator": True, "scopes": frozenset({Scope.READ})}, True, False),
    ],
)
async def test_who_reads_what(
    log: AuditLog, values: dict[str, Any], deployment: bool, permitted: bool
) -> None:
    own = workspace()
    await log.add(entry(own), "transcriber")
    reader, caller = AuditReader(log), manager(own, **values)
    if not permitted:
        with pytest.raises(AuthorizationError):
            await reader.page(caller, ALL, deployment=deployment, limit=0, token="")
        with pytest.raises(AuthorizationError):
            reader.all(caller, ALL, deployment=deployment)
        return
    page = await reader.page(caller, ALL, deployment=deployment, limit=0, token="")
    if not deployment:
        assert {one.workspace_id for one in page.entries} == {own}
    assert deployment or len(page.entries) == 1


@pytest.fixture
async def session(client: httpx2.AsyncClient) -> dict[str, str]:
    return await create(client)


async def test_published_entries_are_stored(
    running: Running, log: AuditLog, own_nats: Client
) -> None:
    sent = entry(workspace(), service="speakers")
    await own_nats.jetstream().publish(bus.audit_subject("gateway"), sent.SerializeToString())
    await until(lambda: _stored(log, sent.workspace_id))
    (stored,) = await found(log, sent.workspace_id)
    assert stored.service == "gateway"  # whatever it says itself


async def _stored(log: AuditLog, workspace_id: str, *actions: str) -> bool:
    """Return whether there are entries with all these actions. Gateways store them in any order."""
    entries = await found(log, workspace_id)
    return bool(entries) and {one.action for one in entries} >= set(actions)


async def test_requests_of_sessions_are_entries(client: httpx2.AsyncClient, log: AuditLog) -> None:
    made = await create(client, user_identifier="Doctor Smith")
    token = bearer(made["session_token"])
    ended = await client.delete("/api/v1/sessions/current", headers=token)
    assert ended.status_code == 200
    await until(lambda: _stored(log, made["session_id"], "session.end", "session.create"))
    entries = await found(log, made["session_id"])
    assert [one.action for one in entries] == ["session.end", "session.create"]
    assert entries[1].target_ids == (made["session_id"],)
    for one in entries:
        assert (one.door, one.outcome, one.service) == ("rest", "succeeded", "gateway")
        assert one.address == "127.0.0.1"
    assert "Smith" not in str(entries)
    assert made["session_token"] not in str(entries)


async def test_statuses_and_lists_are_no_entries(
    client: httpx2.AsyncClient, session: dict[str, str], log: AuditLog
) -> None:
    token = bearer(session["session_token"])
    for path in ("/api/sessions/current", "/api/queue/status", "/api/transcriptions"):
        await client.get(path, headers=token)
    await client.delete("/api/sessions/current", headers=token)
    await until(lambda: _stored(log, session["session_id"], "session.end", "session.create"))
    entries = await found(log, session["session_id"])
    assert [one.action for one in entries] == ["session.end", "session.create"]


async def test_refused_sign_ins_are_entries_without_the_name(
    make_gateway: MakeGateway, log: AuditLog
) -> None:
    begun = dt.datetime.now(dt.UTC)
    name = f"anna-{uuid.uuid4().hex}"
    async with make_gateway(auth_mode="accounts") as running, running.client() as client:
        body = {"name": name, "password": "a wrong password"}
        assert (await client.post("/api/auth/sign-in", json=body)).status_code == 401
        chosen = {"action": "account.sign_in", "outcome": "refused", "start": begun}

        async def noted() -> bool:
            return bool(await found(log, "", **chosen))

        await until(noted)
    (refused, *_) = await found(log, "", **chosen)
    assert (refused.actor, refused.user_id, refused.target_ids) == ("nobody", "", ())
    assert refused.address == "127.0.0.1"
    assert name not in str(refused)


async def test_log_over_rest(
    client: httpx2.AsyncClient, session: dict[str, str], log: AuditLog
) -> None:
    own, token = session["session_id"], bearer(session["session_token"])
    await log.add(entry(own), "transcriber")
    answer = await client.get("/api/audit", params={"action": "transcription."}, headers=token)
    assert answer.status_code == 200, answer.text
    (shown,) = answer.json()["data"]["entries"]
    assert shown["action"] == "transcription.delete"
    assert shown["target"] == {"kind": "transcription", "ids": ["41"]}
    assert shown["actor"] == {
        "kind": "user",
        "user_id": "user_1",
        "session_id": "session_1",
        "link_id": None,
        "service": None,
    }
    assert answer.json()["data"]["cursor"] is None
    await until(lambda: _stored(log, own, "audit.read"))


async def test_nobody_reads_entries_of_others_or_the_deployment(
    client: httpx2.AsyncClient, session: dict[str, str], log: AuditLog
) -> None:
    await log.add(entry(workspace()), "transcriber")
    await log.add(entry(""), "transcriber")
    token = bearer(session["session_token"])
    answer = await client.get("/api/audit", headers=token)
    assert {one["workspace_id"] for one in answer.json()["data"]["entries"]} <= {
        session["session_id"]
    }
    refused = await client.get("/api/audit", params={"deployment": "true"}, headers=token)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "AUTHORIZATION_ERROR"


@pytest.mark.parametrize("path", ["/api/audit", "/api/audit/export"])
@pytest.mark.parametrize("query", ["from=", "to=", "to=yesterday"])
async def test_invalid_times_over_rest(client: httpx2.AsyncClient, path: str, query: str) -> None:
    assert (await client.get(f"{path}?{query}")).status_code == 400


@pytest.mark.parametrize("form", ["jsonl", "csv"])
async def test_exports_over_rest(
    client: httpx2.AsyncClient, session: dict[str, str], log: AuditLog, form: str
) -> None:
    own, token = session["session_id"], bearer(session["session_token"])
    hostile = "=HYPERLINK(1)"
    await log.add(entry(own, address=hostile, target_ids=["1", "2"]), "transcriber")
    answer = await client.get(
        "/api/audit/export", params={"format": form, "action": "transcription."}, headers=token
    )
    assert answer.status_code == 200
    assert f'.{form}"' in answer.headers["content-disposition"]
    text = answer.content.decode("utf-8-sig")
    if form == "jsonl":
        (row,) = [json.loads(line) for line in text.splitlines()]
        assert row["target_ids"] == ["1", "2"]
        assert row["address"] == hostile
    else:
        (row,) = csv.DictReader(io.StringIO(text))
        assert row["target_ids"] == "1 2"
        assert row["address"] == f"'{hostile}"
    assert row["action"] == "transcription.delete"


async def test_log_over_grpc(running: Running, session: dict[str, str], log: AuditLog) -> None:
    own = session["session_id"]
    await log.add(entry(own), "transcriber")
    metadata = (("authorization", f"Bearer {session['session_token']}"),)
    selected = audit_pb2.AuditFilter(action="transcription.")
    async with grpc.aio.insecure_channel(running.grpc_address) as channel:
        service: Any = audit_pb2_grpc.AuditServiceStub(channel)
        listed = await service.ListAuditEntries(
            audit_pb2.ListAuditEntriesRequest(filter=selected), metadata=metadata
        )
        assert [one.action for one in listed.entries] == ["transcription.delete"]
        answers = service.ExportAuditEntries(
            audit_pb2.ExportAuditEntriesRequest(
                filter=selected, format=audit_pb2.AUDIT_EXPORT_FORMAT_CSV
            ),
            metadata=metadata,
        )
        parts = [part async for part in answers]
        assert parts[0].content_type.startswith("text/csv")
        assert b"transcription.delete" in b"".join(part.chunk for part in parts)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await service.ListAuditEntries(
                audit_pb2.ListAuditEntriesRequest(filter=audit_pb2.AuditFilter(deployment=True)),
                metadata=metadata,
            )
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    await until(lambda: _stored(log, own, "audit.export"))
    doors = {one.door for one in await found(log, own, action="audit.")}
    assert doors == {"grpc"}


async def test_every_request_of_the_gateway_is_declared_once(running: Running) -> None:
    """A request that the gateway serves by itself is in the log, or declared not to be."""
    async with running.client() as client:
        document = (await client.get("/openapi.json")).json()
    declared = {*AUDITED_REQUESTS, *NOT_AUDITED_REQUESTS}
    own = {
        (method.upper(), path.removeprefix("/api"))
        for path, operations in document["paths"].items()
        for method in operations
        if path.removeprefix("/api").startswith(OWN) and "archive" not in path
    }
    assert own - declared == set()
    assert not set(AUDITED_REQUESTS) & NOT_AUDITED_REQUESTS
