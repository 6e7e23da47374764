"""Tasks of the diarizer, with an engine without models."""

import io
from typing import cast

import pytest

from common.errors import ValidationError
from common.objects import RangedObject
from common.tasks.worker import TaskCancelledError, TaskControl
from diarizer.engines.protocol import DiarizationOptions
from diarizer.task_handler import DiarizeHandler
from securetranscribe.v1 import diarization_pb2, queue_pb2
from tests.unit.diarizer.fakes import FakeEngine


def audio() -> RangedObject:
    return cast(RangedObject, io.BytesIO(b"sound"))


def test_task_returns_a_serialized_diarization_and_reports_progress() -> None:
    reports: list[tuple[float, str]] = []
    handler = DiarizeHandler(FakeEngine(), DiarizationOptions())
    control = TaskControl(lambda fraction, step: reports.append((fraction, step)))
    result = diarization_pb2.Diarization.FromString(handler(queue_pb2.Task(), audio(), control))
    assert len(result.speakers) == 2
    assert reports == [(0.5, "Finding who speaks when")]


def test_cancelled_task_stops() -> None:
    handler = DiarizeHandler(FakeEngine(), DiarizationOptions())
    control = TaskControl(lambda _fraction, _step: None)
    control.stop()
    with pytest.raises(TaskCancelledError):
        handler(queue_pb2.Task(), audio(), control)


def test_invalid_task_fails_permanently() -> None:
    task = queue_pb2.Task()
    task.diarize.config.speaker_count = -1
    handler = DiarizeHandler(FakeEngine(), DiarizationOptions())
    with pytest.raises(ValidationError):
        handler(task, audio(), TaskControl(lambda _fraction, _step: None))
