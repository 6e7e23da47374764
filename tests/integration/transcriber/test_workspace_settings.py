"""Settings of workspaces, and that the transcriber enforces them."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc.aio
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from common.client_signing import interceptors
from common.errors import (
    AuthorizationError,
    NotFoundError,
    ResourceExhaustedError,
    ValidationError,
)
from common.grpc_client import unwrap
from common.postgres import Database, fetch_all
from common.signing import CallSigner, acting_for
from common.times import duration, seconds
from securetranscribe.v1 import identity_pb2, workspace_settings_pb2_grpc
from securetranscribe.v1 import workspace_settings_pb2 as pb
from tests.integration.transcriber.conftest import SECRET, Api, ApiFactory, Caller
from tests.integration.transcriber.fakes import WorkerFactory, until, wav
from transcriber.domain.jobs import Stage
from transcriber.store.status_versions import StatusVersions
from transcriber.store.tasks import Tasks

AGE = """
UPDATE transcriptions SET created_at = created_at - make_interval(days => %(days)s),
                          kept_since = kept_since - make_interval(days => %(days)s),
                          transcript_at = transcript_at - make_interval(days => %(days)s)
"""
_WARNED_LONG_AGO = """
UPDATE transcriptions SET expiry_warned_at = expiry_warned_at - interval '8 days'
"""
_OWNERS = """
SELECT t.task_id::text, j.workspace_id FROM tasks t JOIN jobs j USING (job_id)
"""
DAY = 86_400.0


class Gateway:
    """The gateway, as it calls for whoever may change settings."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = workspace_settings_pb2_grpc.WorkspaceSettingsServiceStub(channel)

    async def change(self, workspace_id: str, **values: Any) -> identity_pb2.WorkspaceSettingsView:
        """Change settings. None means that of the deployment."""
        present = {name: value for name, value in values.items() if value is not None}
        request = pb.ChangeWorkspaceSettingsRequest(
            workspace_id=workspace_id,
            settings=identity_pb2.WorkspaceSettings(**present),
            update_mask=FieldMask(paths=list(values)),
        )
        method = self._stub.ChangeWorkspaceSettings
        answer: pb.ChangeWorkspaceSettingsResponse = await unwrap(
            method(request, metadata=acting_for())
        )
        return answer.settings

    async def read(self, workspace_id: str) -> identity_pb2.WorkspaceSettingsView:
        """Return settings."""
        request = pb.ReadWorkspaceSettingsRequest(workspace_id=workspace_id)
        answer: pb.ReadWorkspaceSettingsResponse = await unwrap(
            self._stub.ReadWorkspaceSettings(request, metadata=acting_for())
        )
        return answer.settings


@contextlib.asynccontextmanager
async def gateway_of(api: Api) -> AsyncIterator[Gateway]:
    signing = interceptors(CallSigner(SECRET, "gateway"), "transcriber")
    async with grpc.aio.insecure_channel(api.address, interceptors=signing) as channel:
        yield Gateway(channel)


@pytest.fixture
async def gateway(api: Api) -> AsyncIterator[Gateway]:
    async with gateway_of(api) as one:
        yield one


async def test_settings_are_those_of_the_deployment_until_changed(gateway: Gateway) -> None:
    view = await gateway.read("session_a")
    assert view.own == identity_pb2.WorkspaceSettings()
    assert view.effective == view.deployment
    assert seconds(view.deployment.processed_recording) == 3600
    assert not view.deployment.HasField("transcription")
    assert seconds(view.least_transcription) == 7 * DAY
    changed = await gateway.change(
        "session_a", trash=duration(DAY), voice_memory=False, queue_weight=2.0
    )
    assert changed.own == identity_pb2.WorkspaceSettings(
        trash=duration(DAY), voice_memory=False, queue_weight=2.0
    )
    assert changed == await gateway.read("session_a")
    assert seconds(changed.effective.trash) == DAY
    assert changed.effective.processed_recording == changed.deployment.processed_recording
    again = await gateway.change("session_a", trash=None, stored_bytes=10)
    assert again.own == identity_pb2.WorkspaceSettings(
        voice_memory=False, queue_weight=2.0, stored_bytes=10
    )
    assert (await gateway.read("session_b")).own == identity_pb2.WorkspaceSettings()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"trash": duration(8 * DAY)}, "settings.trash"),
        ({"transcription": duration(DAY)}, "settings.transcription"),
        ({"queue_weight": float("nan")}, "settings.queue_weight"),
        ({}, "update_mask"),
    ],
)
async def test_invalid_changes_are_refused(
    gateway: Gateway, values: Mapping[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        await gateway.change("session_a", **values)
    assert refused.value.details["field"] == field
    assert (await gateway.read("session_a")).own == identity_pb2.WorkspaceSettings()


async def test_sessions_have_no_access(api: Api, caller: Caller) -> None:
    stub = workspace_settings_pb2_grpc.WorkspaceSettingsServiceStub(api.channel)
    request = pb.ReadWorkspaceSettingsRequest(workspace_id="session_a")
    with pytest.raises(AuthorizationError):
        await unwrap(stub.ReadWorkspaceSettings(request, metadata=caller.metadata))


async def test_storage_of_one_workspace_is_limited(api: Api, gateway: Gateway) -> None:
    caller, other = api.caller("a"), api.caller("b")
    size = len(wav(2.0))
    await gateway.change("session_a", stored_bytes=size + 10)
    await caller.upload(wav(2.0))
    with pytest.raises(ResourceExhaustedError, match="take more than"):
        await caller.upload(wav(2.0))
    await other.upload(wav(2.0))
    await other.upload(wav(2.0))
    assert (await gateway.read("session_a")).used.stored_bytes == size
    status = await caller.queue_status()
    assert status.caller_quota.max_stored_bytes == size + 10


async def test_sound_of_one_workspace_in_the_queue_is_limited(api: Api, gateway: Gateway) -> None:
    caller, other = api.caller("a"), api.caller("b")
    await gateway.change("session_a", queued=duration(6))
    await caller.upload(wav(4.0), auto_start=True)
    with pytest.raises(ResourceExhaustedError, match="hours of sound"):
        await caller.upload(wav(4.0), auto_start=True)
    await other.upload(wav(4.0), auto_start=True)
    await other.upload(wav(4.0), auto_start=True)
    assert seconds((await gateway.read("session_a")).used.queued) == pytest.approx(4.0, abs=0.1)


async def test_the_queue_follows_the_weights(
    api: Api, gateway: Gateway, database: Database
) -> None:
    await gateway.change("session_b", queue_weight=2.0)
    names = "aaaabbbb"
    begun = [await api.caller(names[0]).upload(auto_start=True)]

    async def released() -> bool:
        query = "SELECT FROM jobs WHERE release_number IS NOT NULL"
        return await database.fetch_one(query) is not None

    # It goes to the workers before the others come, whose order is by the weights.
    await until(released)
    begun += [await api.caller(name).upload(auto_start=True) for name in names[1:]]
    async with database.transaction() as connection:
        tasks = await Tasks(connection).next_waiting(Stage.TRANSCRIBE, 10)
        rows = await fetch_all(connection, _OWNERS)
    owners = {row["task_id"]: row["workspace_id"][-1] for row in rows}
    # One task is at the workers already, and counts for its workspace.
    assert "".join(owners[task.task_id] for task in tasks) == "bbbabaa"
    shown = [
        (await api.caller(name).job(one.job.job_id)).queue_position
        for name, one in zip(names, begun, strict=True)
    ]
    in_order = sorted(zip(shown, names, strict=True))
    assert "".join(name for _, name in in_order) == "abbbabaa"


async def test_transcripts_of_one_workspace_expire(
    apis: ApiFactory, worker_factory: WorkerFactory, database: Database
) -> None:
    async with apis.run() as api, gateway_of(api) as gateway:
        mine, other = api.caller("a"), api.caller("b")
        async with worker_factory.both():
            gone, stays = [await one.upload_id(auto_start=True) for one in (mine, other)]
            await mine.ended(gone)
            await other.ended(stays)
        await gateway.change("session_a", transcription=duration(30 * DAY))
        assert (await mine.get(gone)).HasField("keep_until_time")
        assert not (await other.get(stays)).HasField("keep_until_time")
        await database.execute(AGE, {"days": 40})
    async with apis.run() as api:
        # Nothing goes without a warning.
        async def warned() -> bool:
            query = "SELECT id FROM transcriptions WHERE expiry_warned_at IS NOT NULL"
            return [row["id"] for row in await database.fetch_all(query)] == [gone]

        await until(warned)
        await database.execute(_WARNED_LONG_AGO)
    async with apis.run() as api:
        mine, other = api.caller("a"), api.caller("b")

        async def erased() -> bool:
            with contextlib.suppress(NotFoundError):
                await mine.get(gone)
                return False
            return True

        await until(erased)
        await other.get(stays)


async def test_another_time_needs_another_warning(
    api: Api, gateway: Gateway, database: Database
) -> None:
    mine, other = await api.caller("a").upload_id(), await api.caller("b").upload_id()

    async def warned() -> list[int]:
        query = "SELECT id FROM transcriptions WHERE expiry_warned_at IS NOT NULL ORDER BY id"
        return [row["id"] for row in await database.fetch_all(query)]

    async def change(**values: Any) -> list[int]:
        await database.execute("UPDATE transcriptions SET expiry_warned_at = now()")
        await gateway.change("session_a", **values)
        return await warned()

    assert await change(transcription=duration(30 * DAY)) == [other]
    # The same time again, or another setting, needs none.
    assert await change(transcription=duration(30 * DAY), trash=duration(DAY)) == [mine, other]
    assert await change(transcription=None) == [other]


async def test_no_change_of_a_workspace_prolongs_the_time_of_the_deployment(
    apis: ApiFactory, database: Database
) -> None:
    async with apis.run(retention_days=30) as api, gateway_of(api) as gateway:
        caller = api.caller("a")
        young, old = await caller.upload_id(), await caller.upload_id()
        await database.execute(f"{AGE} WHERE id = {old}", {"days": 25})
        await database.execute("UPDATE transcriptions SET expiry_warned_at = now()")
        await gateway.change("session_a", transcription=duration(20 * DAY))
        query = "SELECT expiry_warned_at IS NULL AS forgotten FROM transcriptions WHERE id = %s"
        assert await database.fetch_one(query, (young,)) == {"forgotten": True}
        assert await database.fetch_one(query, (old,)) == {"forgotten": False}


async def test_a_changed_setting_changes_the_version_of_statuses(
    api: Api, gateway: Gateway, caller: Caller, database: Database
) -> None:
    versions = StatusVersions(database, "release")
    number = await caller.upload_id()
    before = await versions.find(number, "session_a")
    await gateway.change("session_b", trash=duration(DAY))
    assert await versions.find(number, "session_a") == before
    await gateway.change("session_a", trash=duration(DAY))
    assert await versions.find(number, "session_a") != before


async def test_uploads_that_do_not_say_follow_the_workspace(
    apis: ApiFactory, database: Database
) -> None:
    async def remembered(caller: Caller, **config: bool) -> bool:
        number = await caller.upload_id(wav(2.0), **config)
        row = await database.fetch_one(
            "SELECT voice_memory FROM transcriptions WHERE id = %s", (number,)
        )
        assert row is not None
        return bool(row["voice_memory"])

    async with apis.run() as api, gateway_of(api) as gateway:
        mine, other = api.caller("a"), api.caller("b")
        assert await remembered(mine)
        await gateway.change("session_a", voice_memory=False)
        assert not await remembered(mine)
        assert await remembered(mine, voice_memory=True)
        assert await remembered(other)
        assert not await remembered(other, voice_memory=False)
        await gateway.change("session_a", voice_memory=None)
        assert await remembered(mine)
        await gateway.change("session_a", voice_memory=True)
    async with apis.run(voice_memory="off") as api:
        assert not await remembered(api.caller("a"))
        assert not await remembered(api.caller("a"), voice_memory=True)
