"""Conversion of a job's stages."""

import pytest

from gateway.api.stages import stage_data
from securetranscribe.v1 import queue_pb2


def test_a_failed_diarization_is_visible() -> None:
    transcribe = queue_pb2.StageStatus(
        stage=queue_pb2.STAGE_TRANSCRIBE,
        state=queue_pb2.STAGE_STATE_DONE,
        progress_percent=100.0,
        reused=True,
    )
    diarize = queue_pb2.StageStatus(
        stage=queue_pb2.STAGE_DIARIZE,
        state=queue_pb2.STAGE_STATE_FAILED,
        progress_percent=40.0,
        failure=queue_pb2.Failure(code="DIARIZATION_ERROR", message="Out of memory."),
    )
    first, second = stage_data([transcribe, diarize])
    assert first.model_dump() == {
        "name": "transcribe", "status": "done", "progress": 100.0, "reused": True, "error": None,
    }  # fmt: skip
    assert (second.name, second.status, second.progress) == ("diarize", "failed", 40.0)
    assert second.error is not None
    assert (second.error.code, second.error.message) == ("DIARIZATION_ERROR", "Out of memory.")


@pytest.mark.parametrize("number", queue_pb2.Stage.values()[1:])
def test_every_stage_has_a_name(number: "queue_pb2.Stage.ValueType") -> None:
    stage = queue_pb2.StageStatus(stage=number, state=queue_pb2.STAGE_STATE_RUNNING)
    (shown,) = stage_data([stage])
    assert shown.name == queue_pb2.Stage.Name(number).removeprefix("STAGE_").lower()


@pytest.mark.parametrize("number", queue_pb2.StageState.values()[1:])
def test_every_state_has_a_name(number: "queue_pb2.StageState.ValueType") -> None:
    (shown,) = stage_data([queue_pb2.StageStatus(stage=queue_pb2.STAGE_MERGE, state=number)])
    assert shown.status == queue_pb2.StageState.Name(number).removeprefix("STAGE_STATE_").lower()


def test_unknown_stages_of_newer_services_are_left_out() -> None:
    assert stage_data([queue_pb2.StageStatus()]) == []
