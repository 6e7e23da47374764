"""State of the system, figures of the storage, and items set aside, for administrators."""

import threading
from dataclasses import replace
from typing import Any

import grpc.aio
import pytest

from common.admin import ADMIN_HEADER
from common.client_signing import interceptors
from common.errors import AuthorizationError, NotFoundError, ValidationError
from common.grpc_client import unwrap
from common.identity import Grant, Role, Scope
from common.postgres import Database
from common.signing import CallSigner, acting_for
from common.tasks.worker import TaskControl
from common.times import seconds
from securetranscribe.v1 import (
    admin_pb2,
    admin_pb2_grpc,
    queue_pb2,
    transcription_pb2,
    transcription_pb2_grpc,
)
from tests.integration.transcriber.conftest import (
    ADMIN_TOKEN,
    SECRET,
    Api,
    ApiFactory,
    Caller,
)
from tests.integration.transcriber.fakes import TWO_PASSAGES, WorkerFactory, until

ADMINISTRATOR = ((ADMIN_HEADER, ADMIN_TOKEN),)
_SET_ASIDE = """
INSERT INTO item_attempts (step, item, attempts, error, next_attempt_at, set_aside_at)
VALUES ('clips', '41', 5, 'MemoryError', now(), now())
"""
_DEAD_TASK = """
INSERT INTO dead_tasks (task_id, job_id, stage, deliveries, payload)
VALUES ('00000000-0000-4000-8000-000000000001', 'job_1', 'transcribe', 4, '')
"""
_LEFT = "SELECT attempts, set_aside_at FROM item_attempts WHERE step = 'clips' AND item = '41'"
_OLD_TRASH = """
UPDATE transcriptions SET trashed_at = now() - make_interval(hours => %s) WHERE id = %s
"""


@pytest.fixture
def admin(api: Api) -> Any:
    return admin_pb2_grpc.AdminServiceStub(api.channel)


async def ask(call: Any, request: Any) -> Any:
    return await unwrap(call(request, metadata=ADMINISTRATOR))


async def status_of(admin: Any) -> admin_pb2.GetSystemStatusResponse:
    answer: admin_pb2.GetSystemStatusResponse = await ask(
        admin.GetSystemStatus, admin_pb2.GetSystemStatusRequest()
    )
    return answer


async def test_workers_and_throughput_are_shown(
    admin: Any, caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both():
        await caller.ended(await caller.upload_id(auto_start=True))

        async def idle() -> Any:
            found = await status_of(admin)
            workers = [one for one in found.workers if one.state == admin_pb2.WORKER_STATE_IDLE]
            return (found, workers) if len(workers) == 2 else None

        status, workers = await until(idle)
    assert [worker.stage for worker in workers] == [
        queue_pb2.STAGE_DIARIZE,
        queue_pb2.STAGE_TRANSCRIBE,
    ]
    for worker in workers:
        assert worker.device == "cpu"
        assert not worker.HasField("task_age")
        assert 0 <= seconds(worker.heartbeat_age) < 10
    assert len(status.throughput) == 12
    assert sum(period.completed for period in status.throughput) == 1
    assert seconds(status.throughput[-1].sound_duration) > 0
    assert (status.queued_jobs, status.processing_jobs, status.capacity) == (0, 0, 50)
    assert not status.HasField("oldest_wait")
    assert status.HasField("average_processing_duration")


async def test_waiting_work_and_busy_workers_are_shown(
    admin: Any, caller: Caller, worker_factory: WorkerFactory
) -> None:
    waiting = await status_of(admin)
    assert [(load.waiting, load.running) for load in waiting.stages] == [(0, 0), (0, 0)]
    await caller.upload_id(auto_start=True)
    waiting = await status_of(admin)
    assert (waiting.queued_jobs, waiting.processing_jobs) == (1, 0)
    assert waiting.HasField("oldest_wait")
    assert [(load.stage, load.waiting) for load in waiting.stages] == [
        (queue_pb2.STAGE_TRANSCRIBE, 1),
        (queue_pb2.STAGE_DIARIZE, 1),
    ]
    released = threading.Event()

    def hold(_task: queue_pb2.Task, control: TaskControl) -> bytes:
        control.progress(0.5, "Half way")
        released.wait(60)
        data: bytes = TWO_PASSAGES.SerializeToString()
        return data

    async def half() -> bool:
        return any(one.progress_percent == 50 for one in (await status_of(admin)).workers)

    async with worker_factory.worker("transcribe", hold):
        try:
            await until(half)
            workers = (await status_of(admin)).workers
        finally:
            released.set()
    (worker,) = (one for one in workers if one.task_age.ByteSize())
    assert worker.state == admin_pb2.WORKER_STATE_BUSY
    assert seconds(worker.sound_duration) > 0


async def test_items_set_aside_are_listed_and_retried(admin: Any, database: Database) -> None:
    await database.execute(_SET_ASIDE)
    await database.execute(_DEAD_TASK)
    answer = await ask(admin.ListItemsSetAside, admin_pb2.ListItemsSetAsideRequest())
    shown = [
        (one.service, one.item.step, one.item.item, one.item.retryable) for one in answer.items
    ]
    assert shown == [
        ("transcriber", "clips", "41", True),
        ("transcriber", "dead-tasks", "00000000-0000-4000-8000-000000000001", False),
    ]
    assert (answer.items[0].item.attempts, answer.items[0].item.reason) == (5, "MemoryError")
    # The fakes of the other services lack MaintenanceService, like earlier versions.
    assert list(answer.silent_services) == ["speakers", "gateway"]

    request = admin_pb2.RetryItemsSetAsideRequest(service="transcriber", step="clips", item="41")
    assert (await ask(admin.RetryItemsSetAside, request)).items == 1
    row = await database.fetch_one(_LEFT)
    assert row is None or (row["attempts"], row["set_aside_at"]) == (0, None)
    with pytest.raises(NotFoundError, match="No such item"):
        await ask(admin.RetryItemsSetAside, request)


@pytest.mark.parametrize(("service", "step"), [("nobody", "clips"), ("transcriber", "")])
async def test_unknown_items_are_refused(admin: Any, service: str, step: str) -> None:
    request = admin_pb2.RetryItemsSetAsideRequest(service=service, step=step)
    with pytest.raises(ValidationError):
        await ask(admin.RetryItemsSetAside, request)


async def test_storage_is_described_with_its_future(
    apis: ApiFactory, database: Database, tmp_path: Any
) -> None:
    async with apis.run(
        retention_days=20, trash_days=7, cleanup_delay=600, s3_local_directory=tmp_path
    ) as api:
        caller = api.caller()
        await caller.upload_id()
        trashed = await caller.upload_id()
        await database.execute(_OLD_TRASH, (156, trashed))
        stub: Any = admin_pb2_grpc.AdminServiceStub(api.channel)
        answer = await ask(stub.GetStorageFigures, admin_pb2.GetStorageFiguresRequest())
    assert (answer.transcriptions, answer.recordings, answer.trashed_transcriptions) == (2, 2, 1)
    assert answer.database_bytes > 0
    assert 0 < answer.disk_free_bytes <= answer.disk_bytes
    assert answer.disk_reserve_bytes == 256 * 2**20
    hours = [seconds(forecast.within) / 3600 for forecast in answer.forecasts]
    assert hours == [1, 24, 7 * 24, 30 * 24]
    counts = [(one.recordings, one.transcriptions) for one in answer.forecasts]
    # A recording without a transcript stays for a week, and a transcription for twenty days.
    assert counts == [(0, 0), (1, 1), (2, 1), (2, 2)]
    assert answer.forecasts[1].recording_bytes * 2 == answer.forecasts[2].recording_bytes
    assert answer.forecasts[2].recording_bytes == answer.recording_bytes
    rules = answer.retention
    assert seconds(rules.processed_recording) == 600
    assert seconds(rules.unprocessed_recording) == seconds(rules.trash) == 7 * 86_400
    assert seconds(rules.transcription) == 20 * 86_400


async def test_a_remote_store_has_no_disk_here(admin: Any) -> None:
    answer = await ask(admin.GetStorageFigures, admin_pb2.GetStorageFiguresRequest())
    assert not answer.HasField("disk_free_bytes")
    assert answer.disk_reserve_bytes == 0
    assert not answer.retention.HasField("transcription")


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("GetSystemStatus", admin_pb2.GetSystemStatusRequest()),
        ("GetStorageFigures", admin_pb2.GetStorageFiguresRequest()),
        ("ListItemsSetAside", admin_pb2.ListItemsSetAsideRequest()),
        ("RetryItemsSetAside", admin_pb2.RetryItemsSetAsideRequest(service="transcriber")),
    ],
)
@pytest.mark.parametrize("token", ["", "wrong"])
async def test_others_are_refused(api: Api, method: str, request_: Any, token: str) -> None:
    stub = admin_pb2_grpc.AdminServiceStub(api.channel)
    metadata = (("authorization", "Bearer token-a"), *(((ADMIN_HEADER, token),) if token else ()))
    with pytest.raises(AuthorizationError, match="administrator"):
        await unwrap(getattr(stub, method)(request_, metadata=metadata))


@pytest.mark.parametrize(
    ("grant", "permitted"),
    [
        (Grant(administrator=True), True),
        (Grant(administrator=True, scopes=frozenset({Scope.ADMIN})), True),
        (Grant(administrator=True, scopes=frozenset({Scope.READ})), False),
        (Grant(administrator=False), False),
    ],
)
async def test_administrators_who_sign_in_are_served(
    api: Api, database: Database, caller: Caller, grant: Grant, *, permitted: bool
) -> None:
    """The gateway passes on who calls. Answers have identifiers and figures only."""
    number = await caller.upload_id(filename="a name that only members know.wav")
    who = replace(
        grant,
        session_id="session_9",
        workspace_id="workspace_9",
        user_id="user_9",
        role=Role.MANAGER,
    )
    signing = interceptors(CallSigner(SECRET, "gateway"), "transcriber")
    async with grpc.aio.insecure_channel(api.address, interceptors=signing) as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        request = admin_pb2.ListStoredTranscriptionsRequest()
        call = stub.ListStoredTranscriptions(request, metadata=acting_for(who))
        if not permitted:
            with pytest.raises(AuthorizationError, match="administrator"):
                await unwrap(call)
            return
        answer = await unwrap(call)
        assert [one.transcription_id for one in answer.transcriptions] == [number]
        assert "members know" not in str(answer)
        # Other methods still know no more of the transcription than of that of a stranger.
        transcriptions = transcription_pb2_grpc.TranscriptionServiceStub(channel)
        found = transcriptions.GetTranscription(
            transcription_pb2.GetTranscriptionRequest(transcription_id=number),
            metadata=acting_for(who),
        )
        with pytest.raises((NotFoundError, AuthorizationError)):
            await unwrap(found)


async def test_workspaces_are_listed_by_stored_bytes(
    admin: Any, api: Api, database: Database
) -> None:
    small, large = api.caller("1"), api.caller("2")
    await small.upload_id()
    for _ in range(2):
        await large.upload_id(auto_start=True)
    trashed = await large.upload_id()
    await database.execute("UPDATE transcriptions SET trashed_at = now() WHERE id = %s", (trashed,))
    answer = await ask(admin.ListWorkspaceFigures, admin_pb2.ListWorkspaceFiguresRequest())
    assert answer.total == 2
    first, second = answer.workspaces
    assert (first.workspace_id, second.workspace_id) == ("session_2", "session_1")
    assert (first.transcriptions, first.trashed_transcriptions, first.jobs) == (3, 1, 2)
    assert (second.transcriptions, second.recordings, second.jobs) == (1, 1, 0)
    assert first.recording_bytes == 3 * second.recording_bytes > 0
    assert seconds(first.recording_duration) == pytest.approx(
        3 * seconds(second.recording_duration)
    )
    assert second.HasField("last_upload_time")
    for request, expected in (
        (admin_pb2.ListWorkspaceFiguresRequest(limit=1, offset=1), ["session_1"]),
        (admin_pb2.ListWorkspaceFiguresRequest(owners=["session_1", "nobody"]), ["session_1"]),
    ):
        found = await ask(admin.ListWorkspaceFigures, request)
        assert [one.workspace_id for one in found.workspaces] == expected
