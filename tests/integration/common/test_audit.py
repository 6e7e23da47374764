"""Entries of calls, from the interceptor through JetStream."""

from collections.abc import AsyncIterator

import grpc
import pytest
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from common import bus
from common.audit.rule import Rule
from common.audit.trail import AuditTrail
from common.bus import Delivery
from common.bus_rights import RIGHTS
from devstack.stack import EmbeddedServers
from securetranscribe.v1 import audit_pb2
from tests.integration.common.grpc_service import KINDS, NAME, Connection, serving, signed_by
from tests.integration.common.test_bus_rights import connected
from tests.nats_clients import flushed

ENTRY = audit_pb2.AuditEntry(
    entry_id="6a1f0c1e-0000-4000-8000-000000000000", action="transcription.delete"
).SerializeToString()
RULES = {f"/{NAME}/{kind}": Rule(action=f"thing.{kind.lower()}") for kind in (*KINDS, "Inner")}


class Log:
    """Entries as they are published. A gateway of other tests may take them from the stream."""

    def __init__(self, client: Client, subscription: Subscription) -> None:
        self._client = client
        self._subscription = subscription

    async def entries(self) -> list[audit_pb2.AuditEntry]:
        """Return the entries so far. They are acknowledged, so all have arrived."""
        await flushed(self._client)
        count = self._subscription.pending_msgs
        messages = [await self._subscription.next_msg(timeout=20) for _ in range(count)]
        return [audit_pb2.AuditEntry.FromString(one.data) for one in messages]


@pytest.fixture
async def log(client: Client) -> Log:
    await bus.ensure_streams(client.jetstream(), Delivery())
    subscription = await client.subscribe(bus.audit_subject("speakers"))
    await flushed(client)
    return Log(client, subscription)


@pytest.fixture
async def trail(servers: EmbeddedServers, log: Log) -> AsyncIterator[AuditTrail]:
    async with connected(servers, "speakers") as user:
        made = AuditTrail(user.client, "speakers", rules=RULES)
        made.start()
        yield made
        await made.close()
        assert user.refused == []


@pytest.fixture
async def connection(trail: AuditTrail) -> AsyncIterator[Connection]:
    async with serving(audit=trail) as one:
        yield one


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_call_is_an_entry(
    connection: Connection, trail: AuditTrail, log: Log, kind: str
) -> None:
    await connection.call(kind, b"who")
    await trail.close()
    (entry,) = await log.entries()
    assert entry.action == f"thing.{kind.lower()}"
    assert entry.outcome == audit_pb2.AUDIT_OUTCOME_SUCCEEDED
    assert entry.actor.session_id == "session_1"
    assert entry.workspace_id == "session_1"
    assert entry.address == "127.0.0.1"
    assert entry.service == "speakers"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("request_", "code"), [(b"missing", "NOT_FOUND"), (b"accident", "INTERNAL")]
)
async def test_failed_calls_are_entries(
    connection: Connection, trail: AuditTrail, log: Log, kind: str, request_: bytes, code: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError):
        await connection.call(kind, request_)
    await trail.close()
    (entry,) = await log.entries()
    assert (entry.outcome, entry.code) == (audit_pb2.AUDIT_OUTCOME_FAILED, code)


async def test_refused_callers_are_entries(
    connection: Connection, trail: AuditTrail, log: Log
) -> None:
    for metadata in ((), (("authorization", "Bearer wrong"),)):
        with pytest.raises(grpc.aio.AioRpcError):
            await connection.call("UnaryUnary", b"who", metadata=metadata)
    with pytest.raises(grpc.aio.AioRpcError):
        await connection.call("Inner", b"who")
    await trail.close()
    entries = await log.entries()
    assert [entry.code for entry in entries] == ["UNAUTHENTICATED", "PERMISSION_DENIED"]
    assert {entry.outcome for entry in entries} == {audit_pb2.AUDIT_OUTCOME_REFUSED}
    assert {entry.actor.session_id for entry in entries} == {""}


async def test_callers_who_leave_are_entries(
    connection: Connection, trail: AuditTrail, log: Log
) -> None:
    call = connection.start("UnaryStream", b"wait")
    assert await call.read() == b"first"
    await connection.service.begun.wait()
    call.cancel()
    while not connection.service.left:
        await connection.call("Public", b"x", metadata=())
    await trail.close()
    (entry,) = await log.entries()
    assert entry.outcome == audit_pb2.AUDIT_OUTCOME_CANCELLED


async def test_calls_for_a_session_are_entries_of_the_service_it_called(
    connection: Connection, trail: AuditTrail, log: Log
) -> None:
    for service in ("exporter", "gateway"):
        signed = signed_by(service, "UnaryUnary", b"who", session="session_7")
        await connection.call("UnaryUnary", b"who", metadata=signed)
    await trail.close()
    (entry,) = await log.entries()
    assert entry.actor.session_id == "session_7"
    assert entry.door == audit_pb2.AUDIT_DOOR_REST


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("user", RIGHTS)
async def test_services_write_under_their_own_name_only(
    servers: EmbeddedServers, user: str
) -> None:
    other = "exporter" if user != "exporter" else "speakers"
    async with connected(servers, user) as limited:
        stored = await limited.client.jetstream().publish(bus.audit_subject(user), ENTRY)
        assert stored.stream == bus.AUDIT_STREAM
        await limited.must_not(lambda: limited.client.publish(bus.audit_subject(other), ENTRY))


@pytest.mark.parametrize("user", [user for user in RIGHTS if user != "gateway"])
async def test_only_the_gateway_takes_entries(servers: EmbeddedServers, user: str) -> None:
    async with connected(servers, user) as limited:
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{bus.AUDIT_STREAM}.{bus.AUDIT_CONSUMER}"
        await limited.must_not(lambda: limited.client.publish(subject, b""))
