"""Entries on their way: the order, outages, and losses."""

import asyncio
from collections.abc import Callable
from typing import Any

import nats.errors
import pytest
import structlog.testing

from common import identity, telemetry
from common.audit.actions import AUDITED
from common.audit.trail import AuditTrail
from common.identity import Identity
from securetranscribe.v1 import audit_pb2, transcription_pb2

DELETE = "/securetranscribe.v1.TranscriptionService/DeleteTranscription"
READ = "/securetranscribe.v1.TranscriptionService/StreamTranscript"
LIST = "/securetranscribe.v1.TranscriptionService/ListTranscriptions"


class Server:
    """Fake of the connection to NATS and of its stream."""

    def __init__(self) -> None:
        self.is_connected = True
        self.fails = False
        self.stored: list[audit_pb2.AuditEntry] = []
        self.subjects: set[str] = set()

    def jetstream(self, **_options: Any) -> "Server":
        return self

    async def publish(self, subject: str, payload: bytes, *, headers: dict[str, str]) -> None:
        await asyncio.sleep(0)
        if self.fails:
            raise nats.errors.TimeoutError
        self.subjects.add(subject)
        entry = audit_pb2.AuditEntry.FromString(payload)
        assert headers["Nats-Msg-Id"] == entry.entry_id
        self.stored.append(entry)


@pytest.fixture
def server() -> Server:
    return Server()


def trail_of(server: Any, **values: Any) -> AuditTrail:
    return AuditTrail(server, "transcriber", **values)


def entry(number: int) -> audit_pb2.AuditEntry:
    return audit_pb2.AuditEntry(entry_id=f"e{number}", action="transcription.delete")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - nothing to wait for
            await asyncio.sleep(0.01)


async def test_entries_are_published_in_order(server: Server) -> None:
    trail = trail_of(server)
    trail.start()
    for number in range(200):
        trail.add(entry(number))
    await trail.close()
    assert [one.entry_id for one in server.stored] == [f"e{number}" for number in range(200)]
    assert {one.service for one in server.stored} == {"transcriber"}
    assert server.subjects == {"securetranscribe.audit.v1.transcriber"}


@pytest.mark.parametrize("outage", ["disconnected", "failing"])
async def test_entries_wait_while_nats_is_away(server: Server, outage: str) -> None:
    server.is_connected, server.fails = outage != "disconnected", outage == "failing"
    trail = trail_of(server)
    trail.start()
    for number in range(3):
        trail.add(entry(number))
    await asyncio.sleep(0)
    assert trail.waiting == 3
    server.is_connected, server.fails = True, False
    await until(lambda: len(server.stored) == 3)
    assert [one.entry_id for one in server.stored] == ["e0", "e1", "e2"]
    await trail.close()


async def test_too_many_entries_are_lost_counted_and_logged_once(server: Server) -> None:
    server.is_connected = False
    trail = trail_of(server, most=2)
    before = telemetry.AUDIT_LOST._value.get()
    with structlog.testing.capture_logs() as logs:
        for number in range(5):
            trail.add(entry(number))
    assert trail.waiting == 2
    assert telemetry.AUDIT_LOST._value.get() - before == 3
    assert [line["log_level"] for line in logs] == ["error"]


async def test_entries_that_are_left_at_the_end_are_counted(server: Server) -> None:
    server.is_connected = False
    trail = trail_of(server)
    trail.start()
    trail.add(entry(1))
    before = telemetry.AUDIT_LOST._value.get()
    with structlog.testing.capture_logs() as logs:
        await trail.close(0.01)
    assert telemetry.AUDIT_LOST._value.get() - before == 1
    assert logs[-1]["count"] == 1


def call(trail: AuditTrail, method: str, request: Any, response: Any, code: str = "OK") -> None:
    record = trail.begin(method)
    assert record is not None
    record.request = request
    record.saw(response)
    trail.end(record, code)


async def test_repeated_reads_are_one_entry_and_repeated_changes_are_not(server: Server) -> None:
    token = identity.use(Identity(session_id="session_1", workspace_id="workspace_1"))
    trail = trail_of(server)
    for number in (1, 1, 2):
        read = transcription_pb2.StreamTranscriptRequest(transcription_id=number)
        call(trail, READ, read, transcription_pb2.StreamTranscriptResponse())
    for _ in range(2):
        deletion = transcription_pb2.DeleteTranscriptionRequest(transcription_id=1)
        call(trail, DELETE, deletion, transcription_pb2.DeleteTranscriptionResponse())
    identity.reset(token)
    assert trail.waiting == 4


async def test_repeated_refusals_are_one_entry(server: Server) -> None:
    trail = trail_of(server)
    for _ in range(3):
        call(trail, DELETE, None, None, "UNAUTHENTICATED")
    assert trail.waiting == 1


async def test_status_path_publishes_nothing(server: Server) -> None:
    assert trail_of(server).begin(LIST) is None


async def test_failure_of_the_log_does_not_hurt_the_call(server: Server) -> None:
    trail = trail_of(server)
    record = trail.begin(DELETE)
    assert record is not None
    record.saw(None)
    record._begun = None  # type: ignore[assignment]
    with structlog.testing.capture_logs() as logs:
        trail.end(record, "OK")
    assert trail.waiting == 0
    assert logs[-1]["action"] == AUDITED[DELETE].action
