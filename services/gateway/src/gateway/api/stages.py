"""Stages of a job."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from gateway.web.envelope import ApiModel
from securetranscribe.v1 import queue_pb2, transcription_pb2

Failing = queue_pb2.StageStatus | queue_pb2.Job | transcription_pb2.Transcription

StageName = Literal["transcribe", "diarize", "merge"]
StageWord = Literal["waiting", "running", "done", "failed", "cancelled"]

_NAMES: "dict[queue_pb2.Stage.ValueType, StageName]" = {
    queue_pb2.STAGE_TRANSCRIBE: "transcribe",
    queue_pb2.STAGE_DIARIZE: "diarize",
    queue_pb2.STAGE_MERGE: "merge",
}
STAGES = {name: stage for stage, name in _NAMES.items()}
_WORDS: "dict[queue_pb2.StageState.ValueType, StageWord]" = {
    queue_pb2.STAGE_STATE_WAITING: "waiting",
    queue_pb2.STAGE_STATE_RUNNING: "running",
    queue_pb2.STAGE_STATE_DONE: "done",
    queue_pb2.STAGE_STATE_FAILED: "failed",
    queue_pb2.STAGE_STATE_CANCELLED: "cancelled",
}


class FailureReason(ApiModel):
    """Reason of a failure."""

    code: str
    message: str


class StageData(ApiModel):
    """A stage of a job: speech recognition, diarization, or merging words with speakers."""

    name: StageName
    status: StageWord
    progress: float = Field(description="Percent.")
    reused: bool = Field(description="True if the result of an earlier job was reused.")
    error: FailureReason | None = Field(description="Set if the stage failed.")


def stage_data(stages: Iterable[queue_pb2.StageStatus]) -> list[StageData]:
    """Convert stages to their response models. Stages unknown to this version are left out."""
    return [
        StageData(
            name=_NAMES[stage.stage],
            status=_WORDS[stage.state],
            progress=stage.progress_percent,
            reused=stage.reused,
            error=failure_reason(stage),
        )
        for stage in stages
        if stage.stage in _NAMES and stage.state in _WORDS
    ]


def failure_reason(message: Failing) -> FailureReason | None:
    """Return the `failure` of a message, or None."""
    if not message.HasField("failure"):
        return None
    return FailureReason(code=message.failure.code, message=message.failure.message)
