"""Recognition as configured by requests, and tasks."""

import io
from typing import cast

import pytest

from common.errors import ValidationError
from common.objects import RangedObject
from common.tasks.worker import TaskCancelledError, TaskControl
from common.times import seconds
from securetranscribe.v1 import queue_pb2, speech_pb2
from tests.unit.transcriber.worker.fakes import FakeEngine
from transcriber.worker.recognizer import Recognizer
from transcriber.worker.task_handler import TranscribeHandler


def recognize(engine: FakeEngine, **config: object) -> speech_pb2.Recognition:
    return Recognizer(engine, beam_size=4).recognize(
        io.BytesIO(b"sound"),
        speech_pb2.RecognitionConfig(**config),  # type: ignore[arg-type]
        on_progress=lambda _fraction, _step: None,
        cancelled=lambda: False,
    )


def test_words_keep_their_times_and_probabilities() -> None:
    found = recognize(FakeEngine())
    (segment,) = found.segments
    assert [(word.text, seconds(word.start), seconds(word.end)) for word in segment.words] == [
        ("hello", 0.0, 0.9),
        ("there", 1.0, pytest.approx(1.9)),
    ]
    assert segment.words[0].probability == pytest.approx(0.8)
    assert [span.language for span in found.languages] == ["en"]


def test_silence_is_a_recognition_without_segments() -> None:
    found = recognize(FakeEngine(text=""))
    assert not found.segments
    assert not found.languages


def test_warnings_about_the_recording_are_passed_on() -> None:
    found = recognize(FakeEngine(warnings=("One sample was damaged.",)))
    assert list(found.warnings) == ["One sample was damaged."]


def test_request_overrides_beam_and_language() -> None:
    engine = FakeEngine()
    recognize(engine, language=" DE ", beam_size=2, phrases=["Ada"])
    recognize(engine)
    (_, asked), (_, silent) = engine.seen
    assert (asked.language, asked.beam_size, asked.phrases) == ("de", 2, ("Ada",))
    assert (silent.language, silent.beam_size, silent.phrases) == (None, 4, ())


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"language": "tlh"}, "language"),
        ({"beam_size": 11}, "beam_size"),
        ({"phrases": ["x"] * 201}, "phrases"),
    ],
)
def test_unsupported_configuration_is_refused(config: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        recognize(FakeEngine(), **config)
    assert caught.value.details == {"field": field}


def audio() -> RangedObject:
    return cast(RangedObject, io.BytesIO(b"sound"))


def test_task_returns_a_serialized_recognition_and_reports_progress() -> None:
    reports: list[tuple[float, str]] = []
    handler = TranscribeHandler(Recognizer(FakeEngine(), 5))
    result = handler(queue_pb2.Task(), audio(), TaskControl(lambda *now: reports.append(now)))
    assert speech_pb2.Recognition.FromString(result).segments[0].text == "hello there"
    assert reports == [(0.5, "Recognizing speech")]


def test_cancelled_task_stops() -> None:
    control = TaskControl(lambda _fraction, _step: None)
    control.stop()
    with pytest.raises(TaskCancelledError):
        TranscribeHandler(Recognizer(FakeEngine(), 5))(queue_pb2.Task(), audio(), control)
