"""Models of the system as administrators see it. Durations are in seconds, sizes in bytes."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.api.parameters import JsonBody, Text
from gateway.service_states import ServiceWord
from gateway.web.envelope import ApiModel, Moment

StageWord = Literal["transcribe", "diarize"]
WorkerWord = Literal["idle", "busy", "queued", "draining"]
_Named = Annotated[Text, StringConstraints(min_length=1, max_length=200)]


class ServiceState(ApiModel):
    """A service that answers calls. The gateway asks one replica of each."""

    name: str
    state: ServiceWord = Field(
        description="`not_serving`: it starts, stops, or waits for a server. `silent`: no answer."
    )
    version: str | None = Field(description="Null if it is not known.")


class WorkerData(ApiModel):
    """A worker at its last heartbeat."""

    worker_id: str
    stage: StageWord
    state: WorkerWord = Field(
        description="`queued`: its task waits for a direct call to end. `draining`: it shuts down."
    )
    device: str
    heartbeat_age: float
    task_age: float | None = Field(description="Time since it took its task.")
    progress_percentage: float | None
    sound_duration: float | None = Field(description="Length of the recording of its task.")


class StageLoadData(ApiModel):
    """Tasks of a stage that wait for a worker, and those in progress."""

    stage: StageWord
    waiting: int
    running: int
    workers: int


class QueueLoadData(ApiModel):
    """Jobs of all sessions."""

    queued_jobs: int
    processing_jobs: int
    queue_size: int = Field(description="Maximum number of waiting jobs.")
    oldest_wait: float | None = Field(description="How long the oldest waiting job has waited.")
    average_processing_time: float | None


class ThroughputData(ApiModel):
    """Jobs that ended in five minutes."""

    start: Moment
    completed: int
    failed: int
    sound_duration: float = Field(description="Length of the recordings of completed jobs.")


class SystemData(ApiModel):
    """Services, workers, the load of the queue, and the throughput of the last hour."""

    services: list[ServiceState]
    workers: list[WorkerData]
    stages: list[StageLoadData]
    queue: QueueLoadData
    throughput: list[ThroughputData] = Field(description="Oldest first.")
    unpublished_messages: int


class DiskData(ApiModel):
    """Disk of an object store on this machine. Uploads are refused below the reserve."""

    free_bytes: int
    total_bytes: int
    reserve_bytes: int


class StoredKind(ApiModel):
    """Number and size of things of a kind."""

    count: int
    bytes: int


class ErasureForecastData(ApiModel):
    """Things that are erased within some time, if nobody uses them until then."""

    within: float
    recordings: int
    recording_bytes: int
    transcriptions: int


class RetentionData(ApiModel):
    """How long things are kept."""

    processed_recording: float = Field(description="A recording after its transcript.")
    unprocessed_recording: float = Field(description="A recording without one.")
    transcription: float | None = Field(description="Null: until somebody deletes it.")
    trash: float


class StorageData(ApiModel):
    """Everything that is stored."""

    transcriptions: int
    trashed_transcriptions: int
    workspaces: int
    oldest_upload: Moment | None
    recordings: StoredKind
    recording_duration: float
    playback_copies: StoredKind
    unfinished_uploads: StoredKind
    database_bytes: int
    disk: DiskData | None = Field(description="Null if the object store is on another machine.")
    unfinished_deletions: int
    unwritten_erasures: int = Field(
        description="Erasures that are not in the ledger of the object store yet."
    )
    forecasts: list[ErasureForecastData] = Field(
        description="Nearest first. Each includes those before it."
    )
    retention: RetentionData


class ItemData(ApiModel):
    """An item at which a background step kept failing."""

    service: str
    step: str
    item: str
    attempts: int
    reason: str
    first_attempt_at: Moment
    set_aside_at: Moment
    retryable: bool


class SetAsideData(ApiModel):
    """Items that are set aside."""

    items: list[ItemData]
    silent_services: list[str] = Field(
        description="Services that did not answer, whose items are missing."
    )


class RetryBody(JsonBody):
    """Items to retry."""

    service: _Named = Field(description="As listed, for example `transcriber`.")
    step: _Named
    item: _Named | None = Field(None, description="Only this one. Without it, all of the step.")


class RetryData(ApiModel):
    """Number of items that are tried again within a minute."""

    retried: int


class WorkspaceFiguresData(ApiModel):
    """A workspace with figures. Uploads in progress are not counted."""

    workspace_id: str
    name: str | None = Field(description="Null for a workspace of a session.")
    lasting: bool = Field(description="Whether people sign in to it. Others belong to sessions.")
    members: int
    created_at: Moment
    transcriptions: int = Field(description="With those in the trash.")
    trashed_transcriptions: int
    recordings: int = Field(description="Recordings that are stored.")
    recording_bytes: int
    recording_duration: float
    playback_bytes: int = Field(description="Copies for playback.")
    jobs: int = Field(description="Jobs that wait or are processed.")
    last_upload_at: Moment | None


class WorkspaceFiguresList(ApiModel):
    """Workspaces with figures."""

    workspaces: list[WorkspaceFiguresData]
