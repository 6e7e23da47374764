"""The protocol of recognition engines, for each engine of the registry and for an example."""

import io
import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from bench.recordings import Recording
from common.audio.decoding import read_window
from common.audio.resampling import Samples
from common.errors import ApplicationError
from common.models.store import ModelStore
from common.tasks.task import TaskCancelledError
from securetranscribe.v1 import speech_pb2
from tests.integration.ml import loudness_speech
from tests.integration.ml.engine_protocols import (
    EXAMPLE,
    SOUNDLESS,
    WORKER,
    Reports,
    assert_progress,
    damaged,
    engine_settings,
    example_in,
)
from tests.unit.common.audio import sounds
from transcriber.worker.app import load_recognizer
from transcriber.worker.engines.protocol import Recognition, RecognitionOptions, SpeechEngine
from transcriber.worker.engines.registry import ENGINES
from transcriber.worker.settings import SpeechWorkerSettings

#: Shorter than the recording, so that engines must join windows.
WINDOW_SECONDS = 6.0
SECONDS = 8.0


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    with example_in(ENGINES, loudness_speech):
        yield


@pytest.fixture(scope="module", params=[*ENGINES.modules, EXAMPLE])
def engine(request: pytest.FixtureRequest, registered: None, store: ModelStore) -> SpeechEngine:
    settings = engine_settings(store, SpeechWorkerSettings, "whisper_model_size", WINDOW_SECONDS)
    return ENGINES.load(request.param, settings)


@pytest.fixture(scope="module")
def sound(telephone: Recording) -> Samples:
    return read_window(telephone.audio, 10.0, 10.0 + SECONDS)


def run(engine: SpeechEngine, samples: Samples, **options: str) -> tuple[Recognition, Reports]:
    reports: Reports = []
    found = engine.recognize(
        io.BytesIO(sounds.float_wav(samples)),
        RecognitionOptions(**options),  # type: ignore[arg-type]
        on_progress=lambda fraction, step: reports.append((fraction, step)),
        cancelled=lambda: False,
    )
    return found, reports


@pytest.fixture(scope="module")
def conversation(engine: SpeechEngine, sound: Samples) -> tuple[Recognition, Reports]:
    return run(engine, sound)


def assert_words_in_order(found: Recognition) -> None:
    assert found.words
    assert all(one.start <= other.start for one, other in itertools.pairwise(found.words)), (
        "words are out of order"
    )
    for segment in found.segments:
        assert 0 <= segment.start <= segment.end <= found.duration
        for word in segment.words:
            assert 0 <= word.start <= word.end <= found.duration
            assert word.text == word.text.strip() != ""
            assert 0 <= word.probability <= 1


def test_words_are_in_order_and_within_the_recording(
    conversation: tuple[Recognition, Reports],
) -> None:
    found, _ = conversation
    assert_words_in_order(found)
    assert found.words[0].start < WINDOW_SECONDS < found.words[-1].end
    assert found.duration == pytest.approx(SECONDS, abs=0.05)
    assert 0 < found.speech_duration <= found.duration
    assert found.warnings == ()


def test_languages_model_and_version_are_declared(
    engine: SpeechEngine, conversation: tuple[Recognition, Reports]
) -> None:
    found, _ = conversation
    assert (found.model, found.model_version) == (engine.model, engine.model_version)
    assert found.model
    assert found.model_version
    assert {span.language for span in found.languages} <= engine.languages
    assert {segment.language for segment in found.segments} <= engine.languages


def test_progress_never_falls_and_reaches_one(
    conversation: tuple[Recognition, Reports],
) -> None:
    _, reports = conversation
    assert_progress(reports)


def test_second_run_has_the_same_result(
    engine: SpeechEngine,
    sound: Samples,
    conversation: tuple[Recognition, Reports],
) -> None:
    first, _ = conversation
    again, _ = run(engine, sound)
    assert again.segments == first.segments
    assert again.languages == first.languages


def test_cancelling_ends_the_work(engine: SpeechEngine, sound: Samples) -> None:
    fractions: list[float] = []
    with pytest.raises(TaskCancelledError):
        engine.recognize(
            io.BytesIO(sounds.float_wav(sound)),
            RecognitionOptions(),
            on_progress=lambda fraction, _step: fractions.append(fraction),
            cancelled=lambda: len(fractions) > 0,
        )
    assert fractions[-1] < 0.5


def test_unknown_language_is_refused(engine: SpeechEngine, sound: Samples) -> None:
    assert engine.languages
    assert "tlh" not in engine.languages
    with pytest.raises(ValueError, match="tlh"):
        run(engine, sound, language="tlh")
    with pytest.raises(ValueError, match="tlh"):
        engine.recognize_samples(sound, RecognitionOptions(language="tlh"), cancelled=lambda: False)


def test_given_language_is_used(engine: SpeechEngine, sound: Samples) -> None:
    language = "en" if "en" in engine.languages else min(engine.languages)
    found = engine.recognize_samples(
        sound, RecognitionOptions(language=language), cancelled=lambda: False
    )
    assert_words_in_order(found)
    assert {(span.language, span.probability) for span in found.languages} == {(language, 1.0)}


def test_silence_has_no_words(engine: SpeechEngine) -> None:
    found, reports = run(engine, np.zeros(round(SECONDS * 16_000), dtype=np.float32))
    assert (found.segments, found.languages, found.speech_duration) == ((), (), 0.0)
    assert found.duration == pytest.approx(SECONDS, abs=0.05)
    assert reports[-1][0] == 1.0


def test_damaged_samples_cost_no_words_and_are_reported(
    engine: SpeechEngine,
    sound: Samples,
    conversation: tuple[Recognition, Reports],
) -> None:
    found, reports = run(engine, damaged(sound))
    assert_words_in_order(found)
    assert len(found.words) >= 0.8 * len(conversation[0].words)
    assert reports[-1][0] == 1.0
    assert any("3 samples" in warning for warning in found.warnings)


@pytest.mark.parametrize("content", SOUNDLESS)
def test_recording_without_sound_is_refused(engine: SpeechEngine, content: bytes) -> None:
    with pytest.raises(ApplicationError):
        engine.recognize(
            io.BytesIO(content),
            RecognitionOptions(),
            on_progress=lambda _fraction, _step: None,
            cancelled=lambda: False,
        )


def test_new_engine_serves_a_worker_by_its_name_alone(sound: Samples) -> None:
    settings = SpeechWorkerSettings(
        **WORKER,  # type: ignore[arg-type]
        speech_engine=EXAMPLE,
    )
    found = load_recognizer(settings).recognize(
        [io.BytesIO(sounds.float_wav(sound))],
        speech_pb2.RecognitionConfig(language="en"),
        on_progress=lambda _fraction, _step: None,
        cancelled=lambda: False,
    )
    assert found.model == "loudness"
    assert {word.text for segment in found.segments for word in segment.words} == {"loud"}
