"""Recognition as configured by requests, and tasks."""

import io
from typing import cast

import numpy as np
import pytest

from common.audio.errors import UndecodableAudioError
from common.disk_reserve import DiskReserve
from common.errors import ValidationError
from common.objects import RangedObject
from common.signed_objects import SignedObjects
from common.tasks.worker import TaskCancelledError, TaskControl
from common.times import seconds
from securetranscribe.v1 import queue_pb2, speech_pb2
from tests.unit.common.audio.sounds import float_wav
from tests.unit.transcriber.worker.calls import Channel, Echo, leak, recognized
from tests.unit.transcriber.worker.fakes import FakeEngine
from transcriber.worker.engines.protocol import (
    Recognition,
    RecognizedLanguage,
    RecognizedSegment,
)
from transcriber.worker.playback import PlaybackStore
from transcriber.worker.recognizer import Recognizer
from transcriber.worker.task_handler import TranscribeHandler

#: These tasks ask for no copy.
COPIES = PlaybackStore(SignedObjects(DiskReserve(None, reserve_bytes=0), threads=1))


def recognize(engine: FakeEngine, **config: object) -> speech_pb2.Recognition:
    return Recognizer(engine, beam_size=4).recognize(
        [io.BytesIO(b"sound")],
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


def test_a_request_can_name_one_of_the_models() -> None:
    first, other = FakeEngine(), FakeEngine(text="all by myself", model="english")
    recognizer = Recognizer(first, 4, [other])
    assert recognizer.models == ("fake", "english")

    def heard(model: str) -> str:
        found = recognizer.recognize(
            [io.BytesIO(b"sound")],
            speech_pb2.RecognitionConfig(model=model),
            on_progress=lambda _fraction, _step: None,
            cancelled=lambda: False,
        )
        return found.segments[0].text

    assert [heard(model) for model in ("", "fake", "english")] == [
        "hello there", "hello there", "all by myself",
    ]  # fmt: skip
    assert [options.alone for _, options in first.seen] == [False, True]
    with pytest.raises(ValidationError, match="Its models are fake, english"):
        heard("large")


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
    ("tag", "code"), [("zh-Hant", "zh"), ("jw", "jv"), ("ger", "de"), ("auto", None)]
)
def test_language_is_a_tag(tag: str, code: str | None) -> None:
    engine = FakeEngine(languages=frozenset({"zh", "jv", "de"}))
    recognize(engine, language=tag)
    ((_, asked),) = engine.seen
    assert asked.language == code


def test_language_that_the_model_lacks_is_named() -> None:
    with pytest.raises(ValidationError) as caught:
        recognize(FakeEngine(), language="yue")
    assert caught.value.message == "The model fake does not know Cantonese (yue)."


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"language": "tlh"}, "language"),
        ({"language": "yue"}, "language"),
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
    handler = TranscribeHandler(Recognizer(FakeEngine(), 5), COPIES)
    result = handler(queue_pb2.Task(), audio(), TaskControl(lambda *now: reports.append(now)))
    assert speech_pb2.Recognition.FromString(result).segments[0].text == "hello there"
    assert reports == [(0.5, "Recognizing speech")]


def test_cancelled_task_stops() -> None:
    control = TaskControl(lambda _fraction, _step: None)
    control.stop()
    with pytest.raises(TaskCancelledError):
        TranscribeHandler(Recognizer(FakeEngine(), 5), COPIES)(queue_pb2.Task(), audio(), control)


def signals() -> list[speech_pb2.Signal]:
    """Return the two channels of a stereo track as signals."""
    return [
        speech_pb2.Signal(parts=[speech_pb2.SignalPart(gains=gains)])
        for gains in ([1.0, 0.0], [0.0, 1.0])
    ]


def answer(*said: RecognizedSegment, warnings: tuple[str, ...] = ()) -> Recognition:
    return Recognition(
        segments=said,
        languages=(RecognizedLanguage(start=0.0, end=20.0, language="en", probability=0.9),),
        duration=20.0,
        speech_duration=5.0,
        processing_seconds=1.0,
        model="fake",
        model_version="1",
        warnings=warnings,
    )


def perform(
    engine: FakeEngine, content: bytes = b"sound", control: TaskControl | None = None
) -> speech_pb2.Recognition:
    task = queue_pb2.Task(signals=signals())
    control = control or TaskControl(lambda _fraction, _step: None)
    handler = TranscribeHandler(Recognizer(engine, 5), COPIES)
    result = handler(task, cast(RangedObject, io.BytesIO(content)), control)
    return speech_pb2.Recognition.FromString(result)


def test_signals_are_recognized_each_by_itself() -> None:
    engine = FakeEngine(
        answers={
            0: answer(recognized("Hello there.", 1.0, 2.0), warnings=("It hums.",)),
            1: answer(recognized("Good day.", 0.5, 1.5), warnings=("It hums.", "It clips.")),
        }
    )
    found = perform(engine)
    assert [(item.signal_index, item.text) for item in found.segments] == [
        (1, "Good day."),
        (0, "Hello there."),
    ]
    assert [(seconds(span.start), seconds(span.end)) for span in found.languages] == [(0.0, 20.0)]
    assert list(found.warnings) == ["It hums.", "It clips."]
    assert (seconds(found.duration), seconds(found.speech_duration)) == (20.0, 10.0)


def test_undecodable_signal_is_left_out() -> None:
    broken = UndecodableAudioError("Nothing can be decoded.")
    engine = FakeEngine(answers={0: broken, 1: answer(recognized("Good day.", 0.5, 1.5))})
    found = perform(engine)
    assert [(item.signal_index, item.text) for item in found.segments] == [(1, "Good day.")]
    assert list(found.warnings) == ["Channel 1 was left out. Nothing can be decoded."]
    with pytest.raises(UndecodableAudioError):
        perform(FakeEngine(answers={0: broken, 1: broken}))


def echoing() -> tuple[FakeEngine, bytes]:
    """Return a call with an echo of the first party in the second channel, and its recording."""
    diane = Channel(seconds=20.0).say("This is Diane in New Jersey.", 2.0)
    sheila = Channel(seconds=20.0).say("Well, there isn't that much difference.", 8.0)
    leak(diane, sheila, Echo(level=-20.0))
    engine = FakeEngine(answers={0: answer(*diane.segments), 1: answer(*sheila.segments)})
    return engine, float_wav(np.stack([diane.sound, sheila.sound], axis=1))


def test_echo_is_left_out_and_counted() -> None:
    found = perform(*echoing())
    assert [(item.signal_index, item.text) for item in found.segments] == [
        (0, "This is Diane in New Jersey."),
        (1, "Well, there isn't that much difference."),
    ]
    assert list(found.warnings) == [
        "1 line of channel 2 was an echo of channel 1 and was left out."
    ]


def test_progress_over_all_signals_never_falls_and_reaches_the_end() -> None:
    reports: list[tuple[float, str]] = []
    perform(*echoing(), TaskControl(lambda *now: reports.append(now)))
    fractions = [fraction for fraction, _ in reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    assert {step for _, step in reports} == {"Recognizing speech", "Comparing channels"}


@pytest.mark.parametrize("step", ["Recognizing speech", "Comparing channels"])
def test_task_is_cancelled_at_any_step(step: str) -> None:
    def stop(_fraction: float, now: str) -> None:
        if now == step:
            control.stop()

    control = TaskControl(stop)
    with pytest.raises(TaskCancelledError):
        perform(*echoing(), control)
