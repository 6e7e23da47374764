"""Tasks of the diarizer, with an engine that needs no models."""

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


def test_a_task_gives_a_serialized_diarization_and_reports_progress() -> None:
    told: list[tuple[float, str]] = []
    handler = DiarizeHandler(FakeEngine(), DiarizationOptions())
    control = TaskControl(lambda fraction, step: told.append((fraction, step)))
    result = diarization_pb2.Diarization.FromString(handler(queue_pb2.Task(), audio(), control))
    assert len(result.speakers) == 2
    assert told == [(0.5, "Finding who speaks when")]


def test_a_cancelled_task_stops() -> None:
    handler = DiarizeHandler(FakeEngine(), DiarizationOptions())
    control = TaskControl(lambda _fraction, _step: None)
    control.stop()
    with pytest.raises(TaskCancelledError):
        handler(queue_pb2.Task(), audio(), control)


def test_a_task_that_cannot_be_right_fails_for_good() -> None:
    task = queue_pb2.Task()
    task.diarize.config.speaker_count = -1
    handler = DiarizeHandler(FakeEngine(), DiarizationOptions())
    with pytest.raises(ValidationError):
        handler(task, audio(), TaskControl(lambda _fraction, _step: None))
