"""Erasure by rules, of workspaces, by administrators and again after a restore."""

import datetime as dt
import json
from typing import Any

import grpc.aio
import nats.js.errors
import pytest
from google.protobuf.duration_pb2 import Duration

from common import bus
from common.admin import ADMIN_HEADER
from common.client_signing import interceptors
from common.erasure_ledger import Erasure, ErasureKind, ErasureLedger
from common.errors import AuthorizationError, NotFoundError, StateError, ValidationError
from common.grpc_client import unwrap
from common.objects import ObjectStore
from common.postgres import Database
from common.signing import CallSigner, acting_for
from common.times import duration, moment
from securetranscribe.v1 import (
    admin_pb2,
    admin_pb2_grpc,
    transcription_pb2,
    transcription_pb2_grpc,
)
from tests.integration.transcriber.conftest import ADMIN_TOKEN, SECRET, Api, ApiFactory, Caller
from tests.integration.transcriber.fakes import Peers, WorkerFactory, until
from tests.integration.transcriber.streams import published
from transcriber.domain.workspace_settings import WorkspaceSettings
from transcriber.store.workspace_settings import StoredSettings

_AGE = """
UPDATE transcriptions SET created_at = created_at - make_interval(days => %(days)s),
                          kept_since = kept_since - make_interval(days => %(days)s),
                          transcript_at = transcript_at - make_interval(days => %(days)s)
"""
_WARNED_LONG_AGO = """
UPDATE transcriptions SET expiry_warned_at = expiry_warned_at - make_interval(days => %s)
"""
_REPORT = "SELECT kind, subject, reason, written FROM erasures ORDER BY erased_at"
_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = current_schema() AND table_name NOT IN ('erasures', 'schema_migrations')
"""
_KEYS_AGAIN = """
UPDATE erasures SET ledger_key = to_char(
    erased_at AT TIME ZONE 'utc', '"ledger/"YYYYMMDD"T"HH24MISS.US"Z/transcription/"') || subject
"""
ADMINISTRATOR = ((ADMIN_HEADER, ADMIN_TOKEN),)


async def report(database: Database) -> list[tuple[str, str, str, bool]]:
    rows = await database.fetch_all(_REPORT)
    return [(row["kind"], row["subject"], row["reason"], row["written"]) for row in rows]


async def kept_events(client: Any, workspace_id: str) -> list[str]:
    """Return the verbs of the events about a workspace in the stream."""
    prefix = bus.event_prefix(workspace_id)
    info = await client.jetstream().stream_info(bus.EVENTS_STREAM, subjects_filter=f"{prefix}>")
    return sorted(subject.rpartition(".")[2] for subject in info.state.subjects or {})


def ledger_of(objects: ObjectStore) -> ErasureLedger:
    return ErasureLedger(objects, bucket="results")


async def erase_workspace(api: Api, workspace_id: str) -> int:
    """Call EraseWorkspace as the gateway does."""
    signing = interceptors(CallSigner(SECRET, "gateway"), "transcriber")
    async with grpc.aio.insecure_channel(api.address, interceptors=signing) as channel:
        answer: Any = await unwrap(
            transcription_pb2_grpc.TranscriptionServiceStub(channel).EraseWorkspace(
                transcription_pb2.EraseWorkspaceRequest(
                    workspace_id=workspace_id, reason="grace period over"
                ),
                metadata=acting_for(),
            )
        )
        return int(answer.transcriptions)


@pytest.fixture
async def admin(api: Api) -> Any:
    return admin_pb2_grpc.AdminServiceStub(api.channel)


async def test_unprocessed_recording_expires(
    caller: Caller, database: Database, objects: ObjectStore
) -> None:
    kept = await caller.upload_id()
    shown = await caller.get(kept)
    until_ = moment(shown.recording_keep_until_time)
    assert until_ - moment(shown.create_time) == dt.timedelta(days=7)
    assert not shown.HasField("keep_until_time")
    await database.execute(_AGE, {"days": 8})

    async def gone() -> bool:
        return not await objects.keys("audio")

    await until(gone)

    async def reported() -> bool:
        return bool(await report(database))

    await until(reported)
    found = await caller.get(kept)
    assert not found.HasField("recording_keep_until_time")
    assert any("not processed" in warning for warning in found.warnings)
    assert await report(database) == [("recording", str(kept), "UNPROCESSED_RETENTION", True)]
    with pytest.raises(StateError, match="Upload it again"):
        await caller.start(kept)


async def test_a_job_counts_as_activity(
    caller: Caller, database: Database, objects: ObjectStore
) -> None:
    transcription_id = await caller.upload_id()
    job = await caller.start(transcription_id)
    await caller.cancel(job.job_id)
    await database.execute(_AGE, {"days": 8})
    other = await caller.upload_id()
    await database.execute(_AGE, {"days": 8})

    async def only_one() -> bool:
        return await objects.keys("audio") == [f"{transcription_id}/source"]

    await until(only_one)
    assert (await caller.get(transcription_id)).HasField("recording_keep_until_time")
    assert not (await caller.get(other)).HasField("recording_keep_until_time")


async def test_transcript_expires_after_a_warning(
    apis: ApiFactory,
    worker_factory: WorkerFactory,
    database: Database,
    objects: ObjectStore,
    client: Any,
    peers: Peers,
) -> None:
    async with apis.run(retention_days=30, retention_warning="2d") as api:
        caller = api.caller()
        async with worker_factory.both():
            transcription_id = await caller.upload_id(auto_start=True)
            await caller.ended(transcription_id)
        await caller.assign(transcription_id, {"Speaker_1": "Ada"})
        shown = await caller.get(transcription_id)
        assert moment(shown.keep_until_time) - moment(shown.complete_time) > dt.timedelta(days=29)
        await database.execute(_AGE, {"days": 40})
    # The steps run at once when a process starts.
    async with apis.run(retention_days=30, retention_warning="2d") as api:
        caller = api.caller()

        async def warned() -> bool:
            return "expiring" in await kept_events(client, "session_a")

        await until(warned)
        # However old it is, it stays for the time of the warning.
        left = moment((await caller.get(transcription_id)).keep_until_time) - dt.datetime.now(
            dt.UTC
        )
        assert dt.timedelta(days=1) < left <= dt.timedelta(days=2)
        await database.execute(_WARNED_LONG_AGO, (3,))
    async with apis.run(retention_days=30, retention_warning="2d") as api:
        caller = api.caller()

        async def erased() -> bool:
            # The ledger follows. An api that stops before that completes it at its next start.
            return any(
                reason == "RETENTION_DAYS" and written
                for _, _, reason, written in await report(database)
            )

        await until(erased)
        with pytest.raises(NotFoundError):
            await caller.get(transcription_id)
    entries = await ledger_of(objects).entries()
    assert [entry.subject for entry in entries] == [str(transcription_id)]
    # Voices that a person named stay.
    assert len(peers.speakers.decisions[transcription_id]) == 1


async def test_workspace_is_erased_as_a_whole(
    api: Api,
    worker_factory: WorkerFactory,
    database: Database,
    objects: ObjectStore,
    client: Any,
) -> None:
    mine, other = api.caller("a"), api.caller("b")
    async with worker_factory.both():
        done = await mine.upload_id(auto_start=True)
        await mine.ended(done)
    pending = await mine.upload_id()
    stays = await other.upload_id()

    async def kept() -> bool:
        return "completed" in await kept_events(client, "session_a") and (
            "created" in await kept_events(client, "session_b")
        )

    await until(kept)
    async with database.transaction() as connection:
        await StoredSettings(connection).change(
            "session_a", WorkspaceSettings(trash=1.0), {"trash"}
        )
    assert await erase_workspace(api, "session_a") == 2
    assert await erase_workspace(api, "session_a") == 0
    for transcription_id in (done, pending):
        with pytest.raises(NotFoundError):
            await mine.get(transcription_id)
    assert await objects.keys("audio") == [f"{stays}/source"]

    async def only_deletions() -> bool:
        return await kept_events(client, "session_a") == ["deleted", "deleted"]

    await until(only_deletions)
    # Messages leave the outbox after they were published.
    await published(database)
    assert await kept_events(client, "session_b") == ["created"]
    # The copy for subscribers keeps no more.
    copy = client.jetstream(prefix=bus.EVENT_COPY_API)
    for verb in ("created", "completed"):
        subject = bus.event_subject("session_a", "*", "*", verb)
        with pytest.raises(nats.js.errors.NotFoundError):
            await copy.get_msg(bus.EVENTS_STREAM, seq=1, subject=subject, next=True)
    for row in await database.fetch_all(_TABLES):
        table = row["table_name"]
        found = await database.fetch_all(
            f"SELECT * FROM {table} AS t WHERE t::text LIKE '%session_a%'"
        )
        assert not found, table
    kinds = [entry.kind for entry in await ledger_of(objects).entries()]
    assert kinds.count(ErasureKind.TRANSCRIPTION) == 2
    assert ErasureKind.WORKSPACE in kinds


@pytest.mark.parametrize("name", ["*", ">", "", "a.b", "a b"])
async def test_only_identifiers_of_workspaces_are_erased(api: Api, name: str) -> None:
    with pytest.raises(ValidationError):
        await erase_workspace(api, name)


async def test_sessions_cannot_erase_workspaces(caller: Caller) -> None:
    with pytest.raises(AuthorizationError):
        await unwrap(
            caller.transcriptions.EraseWorkspace(
                transcription_pb2.EraseWorkspaceRequest(workspace_id="session_b"),
                metadata=caller.metadata,
            )
        )


async def test_restored_backup_does_not_bring_back_what_was_erased(
    apis: ApiFactory, database: Database, objects: ObjectStore, peers: Peers
) -> None:
    async with apis.run() as api:
        caller = api.caller()
        stays, gone = await caller.upload_id(), await caller.upload_id()
        tables = ("transcriptions", "surveys")
        backup = {
            table: await database.fetch_all(f"SELECT to_jsonb(t) AS row FROM {table} t")
            for table in tables
        }
        bytes_ = await objects.get("audio", f"{gone}/source")
        await caller.delete(gone)
    # Restore: the row and the object are back, and the report of the erasure is not.
    await database.execute("TRUNCATE transcriptions, surveys, erasures, deletions CASCADE")
    for table, rows in backup.items():
        for row in rows:
            values = f"jsonb_populate_record(NULL::{table}, %s::jsonb)"
            await database.execute(
                f"INSERT INTO {table} SELECT * FROM {values}", (json.dumps(row["row"]),)
            )
    await database.execute("SELECT setval(pg_get_serial_sequence('transcriptions', 'id'), 1)")
    await objects.put("audio", f"{gone}/source", bytes_)
    await ledger_of(objects).add(
        Erasure(kind=ErasureKind.VOICE, subject="7", erased_at=dt.datetime.now(dt.UTC))
    )
    async with apis.run() as api:
        caller = api.caller()
        with pytest.raises(NotFoundError):
            await caller.get(gone)
        assert (await caller.get(stays)).transcription_id == stays
        assert await objects.keys("audio") == [f"{stays}/source"]
        assert peers.speakers.erased == [7]
        # The identifier is not given out again.
        again = await caller.upload_id()
        assert again > gone
    async with apis.run() as api:
        assert (await api.caller().get(again)).transcription_id == again


@pytest.mark.parametrize("later", ["-1 minute", "1 day"])  # by a clock that was ahead
async def test_ledger_is_completed_after_an_outage(
    api: Api, caller: Caller, database: Database, objects: ObjectStore, later: str
) -> None:
    transcription_id = await caller.upload_id()
    await caller.delete(transcription_id)
    await objects.delete_prefix("results", "ledger/")
    await database.execute(
        "UPDATE erasures SET written = false, erased_at = erased_at + %s::interval", (later,)
    )
    await database.execute(_KEYS_AGAIN)

    async def written() -> bool:
        return [entry.subject for entry in await ledger_of(objects).entries()] == [
            str(transcription_id)
        ]

    await until(written)


async def test_voices_are_not_remembered_if_the_upload_says_so(
    caller: Caller, worker_factory: WorkerFactory, database: Database, peers: Peers
) -> None:
    peers.speakers.known = {0: (1, "Ada"), 1: (2, "Ben")}
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True, voice_memory=False)
        found = await caller.ended(transcription_id)
    assert found.speakers
    assert not {speaker.name for speaker in found.speakers} & {"Ada", "Ben"}
    rows = await database.fetch_all("SELECT voiceprint FROM transcript_speakers")
    assert rows
    assert all(row["voiceprint"] is None for row in rows)
    await caller.assign(transcription_id, {"Speaker_1": "Cleo"})
    (decision,) = peers.speakers.decisions[transcription_id]
    assert decision.name == "Cleo"
    assert not decision.voice.HasField("voiceprint")
    (row,) = await database.fetch_all("SELECT options FROM tasks WHERE stage = 'diarize'")
    assert row["options"]["without_voiceprints"] is True


async def test_deployment_without_memory_forgets_stored_voices(
    apis: ApiFactory, worker_factory: WorkerFactory, database: Database
) -> None:
    async with apis.run() as api:
        caller = api.caller()
        async with worker_factory.both():
            await caller.ended(await caller.upload_id(auto_start=True))
    rows = await database.fetch_all("SELECT voiceprint FROM transcript_speakers")
    assert any(row["voiceprint"] for row in rows)
    async with apis.run(voice_memory="off") as api:
        caller = api.caller()
        rows = await database.fetch_all("SELECT voiceprint FROM transcript_speakers")
        assert not any(row["voiceprint"] for row in rows)
        async with worker_factory.both():
            await caller.ended(await caller.upload_id(auto_start=True))
        rows = await database.fetch_all("SELECT voiceprint FROM transcript_speakers")
        assert not any(row["voiceprint"] for row in rows)


class TestAdministrators:
    @pytest.mark.parametrize(
        ("method", "request_"),
        [
            ("ListStoredTranscriptions", admin_pb2.ListStoredTranscriptionsRequest()),
            ("EraseTranscription", admin_pb2.EraseTranscriptionRequest(transcription_id=1)),
            ("EraseOwner", admin_pb2.EraseOwnerRequest(owner="session_a")),
            ("EraseVoice", admin_pb2.EraseVoiceRequest(speaker_id=1)),
            ("GetStorageFigures", admin_pb2.GetStorageFiguresRequest()),
            ("ListErasures", admin_pb2.ListErasuresRequest()),
        ],
    )
    async def test_nobody_else_is_served(
        self, caller: Caller, admin: Any, method: str, request_: Any
    ) -> None:
        wrong = ((ADMIN_HEADER, "x" * 40),)
        for metadata in ((), caller.metadata, wrong):
            with pytest.raises(AuthorizationError, match="administrator"):
                await unwrap(getattr(admin, method)(request_, metadata=metadata))

    async def test_list_figures_and_erasure(
        self, api: Api, admin: Any, database: Database, objects: ObjectStore, peers: Peers
    ) -> None:
        old = await api.caller("a").upload_id()
        await database.execute(_AGE, {"days": 3})
        new = await api.caller("b").upload_id()

        async def listed(**request: Any) -> list[int]:
            answer: Any = await unwrap(
                admin.ListStoredTranscriptions(
                    admin_pb2.ListStoredTranscriptionsRequest(**request), metadata=ADMINISTRATOR
                )
            )
            return [item.transcription_id for item in answer.transcriptions]

        assert await listed() == [old, new]
        assert await listed(owner="session_b") == [new]
        assert await listed(min_age=duration(86_400)) == [old]
        assert await listed(min_age=Duration(seconds=2**62)) == []
        assert old in await listed(min_age=Duration(seconds=-(2**62)))
        figures: Any = await unwrap(
            admin.GetStorageFigures(admin_pb2.GetStorageFiguresRequest(), metadata=ADMINISTRATOR)
        )
        assert (figures.transcriptions, figures.workspaces, figures.recordings) == (2, 2, 2)
        assert figures.recording_bytes > 0
        await unwrap(
            admin.EraseTranscription(
                admin_pb2.EraseTranscriptionRequest(transcription_id=old), metadata=ADMINISTRATOR
            )
        )
        answer: Any = await unwrap(
            admin.EraseOwner(admin_pb2.EraseOwnerRequest(owner="session_b"), metadata=ADMINISTRATOR)
        )
        assert answer.transcriptions == 1
        assert peers.sessions.ended == ["session_b"]
        assert await listed() == []
        assert await objects.keys("audio") == []
        answer = await unwrap(
            admin.ListErasures(admin_pb2.ListErasuresRequest(), metadata=ADMINISTRATOR)
        )
        assert [(item.kind, item.subject) for item in answer.erasures] == [
            (admin_pb2.ERASURE_KIND_WORKSPACE, "session_b"),
            (admin_pb2.ERASURE_KIND_TRANSCRIPTION, str(new)),
            (admin_pb2.ERASURE_KIND_TRANSCRIPTION, str(old)),
        ]
        assert all("administrator" in item.reason for item in answer.erasures)

    async def test_a_voice_is_erased(self, admin: Any, peers: Peers) -> None:
        request = admin_pb2.EraseVoiceRequest(speaker_id=5)
        await unwrap(admin.EraseVoice(request, metadata=ADMINISTRATOR))
        assert peers.speakers.erased == [5]
