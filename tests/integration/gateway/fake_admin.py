"""Fake AdminService over real gRPC, with one worker and one item set aside."""

from dataclasses import dataclass, field
from typing import Any

from common import times
from common.admin import Administrators
from common.errors import NotFoundError
from securetranscribe.v1 import admin_pb2, admin_pb2_grpc, maintenance_pb2, queue_pb2

ADMIN_TOKEN = "a token of administrators, long enough"


@dataclass
class FakeAdmin(admin_pb2_grpc.AdminServiceServicer):
    """Checks the token as the transcriber does."""

    asked: int = 0
    owners: list[list[str]] = field(default_factory=list)
    retried: list[admin_pb2.RetryItemsSetAsideRequest] = field(default_factory=list)

    async def GetSystemStatus(self, _request: Any, context: Any) -> Any:
        self._check(context)
        worker = admin_pb2.LiveWorker(
            worker_id="worker-1",
            stage=queue_pb2.STAGE_TRANSCRIBE,
            state=admin_pb2.WORKER_STATE_BUSY,
            device="cpu",
            heartbeat_age=times.duration(1),
            task_age=times.duration(20),
            progress_percent=50,
            sound_duration=times.duration(600),
        )
        return admin_pb2.GetSystemStatusResponse(
            version="1.2.3",
            workers=[worker],
            stages=[admin_pb2.StageLoad(stage=queue_pb2.STAGE_TRANSCRIBE, waiting=2, running=1)],
            queued_jobs=2,
            processing_jobs=1,
            capacity=50,
            oldest_wait=times.duration(90),
            throughput=[
                admin_pb2.Throughput(
                    start_time=_moment(),
                    completed=3,
                    failed=1,
                    sound_duration=times.duration(1800),
                )
            ],
        )

    async def GetStorageFigures(self, _request: Any, context: Any) -> Any:
        self._check(context)
        return admin_pb2.GetStorageFiguresResponse(
            transcriptions=3,
            recordings=2,
            recording_bytes=1000,
            disk_free_bytes=10,
            disk_bytes=100,
            disk_reserve_bytes=5,
            forecasts=[admin_pb2.ErasureForecast(within=times.duration(86_400), recordings=1)],
            retention=admin_pb2.RetentionRules(
                processed_recording=times.duration(3600), trash=times.duration(604_800)
            ),
        )

    async def ListWorkspaceFigures(self, request: Any, context: Any) -> Any:
        self._check(context)
        self.owners.append(list(request.owners))
        return admin_pb2.ListWorkspaceFiguresResponse(
            workspaces=[
                admin_pb2.WorkspaceFigures(
                    workspace_id=one,
                    transcriptions=3,
                    recordings=2,
                    recording_bytes=1000,
                    recording_duration=times.duration(90),
                    jobs=1,
                    last_upload_time=_moment(),
                )
                for one in request.owners
            ],
            total=1,
        )

    async def ListItemsSetAside(self, _request: Any, context: Any) -> Any:
        self._check(context)
        item = maintenance_pb2.SetAsideItem(
            step="clips",
            item="41",
            attempts=5,
            reason="MemoryError",
            first_attempt_time=_moment(),
            set_aside_time=_moment(),
            retryable=True,
        )
        return admin_pb2.ListItemsSetAsideResponse(
            items=[admin_pb2.ItemSetAside(service="transcriber", item=item)],
            silent_services=["speakers"],
        )

    async def RetryItemsSetAside(self, request: Any, context: Any) -> Any:
        self._check(context)
        if request.item == "gone":
            raise NotFoundError("No such item is set aside.")
        self.retried.append(request)
        return admin_pb2.RetryItemsSetAsideResponse(items=1)

    def _check(self, context: Any) -> None:
        self.asked += 1
        Administrators(ADMIN_TOKEN).require(context, "This method")


def _moment() -> Any:
    message = admin_pb2.Throughput().start_time
    message.FromSeconds(1_700_000_000)
    return message
