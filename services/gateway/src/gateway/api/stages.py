"""The stages of a job, which run and fail independently of each other."""

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
_WORDS: "dict[queue_pb2.StageState.ValueType, StageWord]" = {
    queue_pb2.STAGE_STATE_WAITING: "waiting",
    queue_pb2.STAGE_STATE_RUNNING: "running",
    queue_pb2.STAGE_STATE_DONE: "done",
    queue_pb2.STAGE_STATE_FAILED: "failed",
    queue_pb2.STAGE_STATE_CANCELLED: "cancelled",
}


class FailureReason(ApiModel):
    """Why processing failed."""

    code: str
    message: str


class StageData(ApiModel):
    """One stage: recognising speech, telling speakers apart, or giving words to speakers."""

    name: StageName
    status: StageWord
    progress: float = Field(description="Percent.")
    reused: bool = Field(description="An earlier job had done it, and its result was used again.")
    error: FailureReason | None = Field(description="Present when the stage failed.")


def stage_data(stages: Iterable[queue_pb2.StageStatus]) -> list[StageData]:
    """The stages as the API returns them; one that this version does not know is left out."""
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
    """The `failure` of a message, when it has one."""
    if not message.HasField("failure"):
        return None
    return FailureReason(code=message.failure.code, message=message.failure.message)
