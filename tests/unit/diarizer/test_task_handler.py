"""Tasks of the diarizer, with an engine without models."""

import io
from typing import cast

import numpy as np
import pytest

from common.errors import ValidationError
from common.objects import RangedObject
from common.tasks.worker import TaskCancelledError, TaskControl
from common.times import duration, seconds
from diarizer.engines.protocol import DiarizationOptions
from diarizer.signals import SignalDiarizer
from diarizer.task_handler import DiarizeHandler
from securetranscribe.v1 import diarization_pb2, queue_pb2, speech_pb2
from tests.unit.common.audio.sounds import float_wav
from tests.unit.diarizer.fakes import FakeEngine


def audio() -> RangedObject:
    return cast(RangedObject, io.BytesIO(b"sound"))


def test_task_returns_a_serialized_diarization_and_reports_progress() -> None:
    reports: list[tuple[float, str]] = []
    handler = DiarizeHandler(SignalDiarizer(FakeEngine(), DiarizationOptions()))
    control = TaskControl(lambda fraction, step: reports.append((fraction, step)))
    result = diarization_pb2.Diarization.FromString(handler(queue_pb2.Task(), audio(), control))
    assert len(result.speakers) == 2
    assert reports == [(0.5, "Finding who speaks when")]


def test_cancelled_task_stops() -> None:
    handler = DiarizeHandler(SignalDiarizer(FakeEngine(), DiarizationOptions()))
    control = TaskControl(lambda _fraction, _step: None)
    control.stop()
    with pytest.raises(TaskCancelledError):
        handler(queue_pb2.Task(), audio(), control)


def test_invalid_task_fails_permanently() -> None:
    task = queue_pb2.Task()
    task.diarize.config.speaker_count = -1
    handler = DiarizeHandler(SignalDiarizer(FakeEngine(), DiarizationOptions()))
    with pytest.raises(ValidationError):
        handler(task, audio(), TaskControl(lambda _fraction, _step: None))


def test_moments_of_a_part_are_those_of_the_recording() -> None:
    engine = FakeEngine()
    handler = DiarizeHandler(SignalDiarizer(engine, DiarizationOptions()))
    task = queue_pb2.Task(
        part_index=1,
        part_count=3,
        range=queue_pb2.AudioRange(start=duration(240), end=duration(480)),
        heard=queue_pb2.AudioRange(start=duration(236), end=duration(484)),
    )
    control = TaskControl(lambda _fraction, _step: None)
    found = diarization_pb2.Diarization.FromString(handler(task, audio(), control))
    assert [(seconds(turn.start), seconds(turn.end)) for turn in found.turns] == [
        (236.0, 242.0),
        (242.0, 245.0),
    ]
    assert seconds(found.speakers[0].clean_turns[0].start) == pytest.approx(236.05)
    assert [options.part for _, options in engine.seen] == [True]


def test_part_may_have_any_number_of_speakers() -> None:
    handler = DiarizeHandler(SignalDiarizer(FakeEngine(), DiarizationOptions()))
    task = with_two_signals()
    task.range.end.CopyFrom(duration(240))
    task.diarize.config.max_speaker_count = 1
    control = TaskControl(lambda _fraction, _step: None)
    recording = cast(RangedObject, io.BytesIO(float_wav(np.zeros((160_000, 2)))))
    found = diarization_pb2.Diarization.FromString(handler(task, recording, control))
    assert sorted(item.signal_index for item in found.speakers) == [0, 0, 1, 1]
    assert list(found.warnings) == []


def with_two_signals() -> queue_pb2.Task:
    return queue_pb2.Task(
        signals=[
            speech_pb2.Signal(parts=[speech_pb2.SignalPart(gains=gains)])
            for gains in ([1.0, 0.0], [0.0, 1.0])
        ]
    )


def perform(engine: FakeEngine) -> diarization_pb2.Diarization:
    handler = DiarizeHandler(SignalDiarizer(engine, DiarizationOptions()))
    control = TaskControl(lambda _fraction, _step: None)
    task = with_two_signals()
    recording = cast(RangedObject, io.BytesIO(float_wav(np.zeros((160_000, 2)))))
    return diarization_pb2.Diarization.FromString(handler(task, recording, control))


def test_signals_are_diarized_each_by_itself() -> None:
    found = perform(FakeEngine(channels={0: (6.0,), 1: (4.0, 3.0)}))
    assert [item.signal_index for item in found.speakers] == [0, 1, 1]


def test_undecodable_signal_is_left_out_with_a_warning() -> None:
    found = perform(FakeEngine(channels={0: None}))
    assert {item.signal_index for item in found.speakers} == {1}
    assert list(found.warnings) == ["Channel 1 was left out. Nothing can be decoded."]
