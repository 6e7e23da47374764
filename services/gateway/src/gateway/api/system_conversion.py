"""Conversion of messages for administrators to response models."""

from collections import Counter
from collections.abc import Mapping

from google.protobuf.message import Message

from common import times
from gateway.accounts.workspace_list import ListedWorkspace
from gateway.api.conversion import optional_moment
from gateway.api.system_models import (
    DiskData,
    ErasureForecastData,
    ItemData,
    QueueLoadData,
    RetentionData,
    ServiceState,
    SetAsideData,
    StageLoadData,
    StageWord,
    StorageData,
    StoredKind,
    SystemData,
    ThroughputData,
    WorkerData,
    WorkerWord,
    WorkspaceFiguresData,
)
from gateway.service_states import Answering
from securetranscribe.v1 import admin_pb2, queue_pb2

_STAGES: "dict[queue_pb2.Stage.ValueType, StageWord]" = {
    queue_pb2.STAGE_TRANSCRIBE: "transcribe",
    queue_pb2.STAGE_DIARIZE: "diarize",
}
_WORKERS: "dict[admin_pb2.WorkerState.ValueType, WorkerWord]" = {
    admin_pb2.WORKER_STATE_IDLE: "idle",
    admin_pb2.WORKER_STATE_BUSY: "busy",
    admin_pb2.WORKER_STATE_QUEUED: "queued",
    admin_pb2.WORKER_STATE_DRAINING: "draining",
}


def system_data(
    status: admin_pb2.GetSystemStatusResponse,
    states: Mapping[str, Answering],
    *,
    gateway_version: str,
) -> SystemData:
    """Convert the state of the system. `states` are those of the services behind the gateway."""
    at_work = Counter(
        worker.stage for worker in status.workers if worker.state != admin_pb2.WORKER_STATE_DRAINING
    )
    return SystemData(
        services=[
            ServiceState(name="gateway", state="serving", version=gateway_version),
            *(
                ServiceState(name=name, state=one.state, version=one.version)
                for name, one in states.items()
            ),
        ],
        workers=[_worker(worker) for worker in status.workers],
        stages=[
            StageLoadData(
                stage=_STAGES[load.stage],
                waiting=load.waiting,
                running=load.running,
                workers=at_work[load.stage],
            )
            for load in status.stages
        ],
        queue=QueueLoadData(
            queued_jobs=status.queued_jobs,
            processing_jobs=status.processing_jobs,
            queue_size=status.capacity,
            oldest_wait=_seconds(status, "oldest_wait"),
            average_processing_time=_seconds(status, "average_processing_duration"),
        ),
        throughput=[
            ThroughputData(
                start=times.moment(period.start_time),
                completed=period.completed,
                failed=period.failed,
                sound_duration=times.seconds(period.sound_duration),
            )
            for period in status.throughput
        ],
        unpublished_messages=status.unpublished_messages,
    )


def storage_data(figures: admin_pb2.GetStorageFiguresResponse) -> StorageData:
    """Convert figures about everything that is stored."""
    return StorageData(
        transcriptions=figures.transcriptions,
        trashed_transcriptions=figures.trashed_transcriptions,
        workspaces=figures.workspaces,
        oldest_upload=optional_moment(figures, "oldest_create_time"),
        recordings=StoredKind(count=figures.recordings, bytes=figures.recording_bytes),
        recording_duration=times.seconds(figures.recording_duration),
        playback_copies=StoredKind(count=figures.playback_copies, bytes=figures.playback_bytes),
        unfinished_uploads=StoredKind(
            count=figures.unfinished_uploads, bytes=figures.unfinished_upload_bytes
        ),
        database_bytes=figures.database_bytes,
        disk=_disk(figures),
        unfinished_deletions=figures.unfinished_deletions,
        unwritten_erasures=figures.unwritten_erasures,
        forecasts=[
            ErasureForecastData(
                within=times.seconds(forecast.within),
                recordings=forecast.recordings,
                recording_bytes=forecast.recording_bytes,
                transcriptions=forecast.transcriptions,
            )
            for forecast in figures.forecasts
        ],
        retention=RetentionData(
            processed_recording=times.seconds(figures.retention.processed_recording),
            unprocessed_recording=times.seconds(figures.retention.unprocessed_recording),
            transcription=_seconds(figures.retention, "transcription"),
            trash=times.seconds(figures.retention.trash),
        ),
    )


def set_aside_data(answer: admin_pb2.ListItemsSetAsideResponse) -> SetAsideData:
    """Convert the items that are set aside."""
    return SetAsideData(
        items=[
            ItemData(
                service=found.service,
                step=found.item.step,
                item=found.item.item,
                attempts=found.item.attempts,
                reason=found.item.reason,
                first_attempt_at=times.moment(found.item.first_attempt_time),
                set_aside_at=times.moment(found.item.set_aside_time),
                retryable=found.item.retryable,
            )
            for found in answer.items
        ],
        silent_services=list(answer.silent_services),
    )


def workspace_data(
    workspace: ListedWorkspace, figures: admin_pb2.WorkspaceFigures
) -> WorkspaceFiguresData:
    """Return a workspace with its figures, which are empty if it owns nothing."""
    return WorkspaceFiguresData(
        workspace_id=workspace.workspace_id,
        name=workspace.name or None,
        lasting=workspace.lasting,
        members=workspace.members,
        created_at=workspace.created_at,
        transcriptions=figures.transcriptions,
        trashed_transcriptions=figures.trashed_transcriptions,
        recordings=figures.recordings,
        recording_bytes=figures.recording_bytes,
        recording_duration=times.seconds(figures.recording_duration),
        playback_bytes=figures.playback_bytes,
        jobs=figures.jobs,
        last_upload_at=optional_moment(figures, "last_upload_time"),
    )


def _worker(worker: admin_pb2.LiveWorker) -> WorkerData:
    known = worker.HasField("sound_duration")
    return WorkerData(
        worker_id=worker.worker_id,
        stage=_STAGES[worker.stage],
        state=_WORKERS[worker.state],
        device=worker.device,
        heartbeat_age=times.seconds(worker.heartbeat_age),
        task_age=_seconds(worker, "task_age"),
        progress_percentage=worker.progress_percent if known else None,
        sound_duration=_seconds(worker, "sound_duration"),
    )


def _disk(figures: admin_pb2.GetStorageFiguresResponse) -> DiskData | None:
    if not figures.HasField("disk_free_bytes"):
        return None
    return DiskData(
        free_bytes=figures.disk_free_bytes,
        total_bytes=figures.disk_bytes,
        reserve_bytes=figures.disk_reserve_bytes,
    )


def _seconds(message: Message, field: str) -> float | None:
    return times.seconds(getattr(message, field)) if message.HasField(field) else None
