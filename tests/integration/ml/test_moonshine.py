"""Moonshine as the engine for English next to Whisper."""

import io
from pathlib import Path

import numpy as np
import pytest

from bench import metrics
from bench.recordings import Recording
from common.audio.decoding import read_window
from common.audio.resampling import SAMPLE_RATE, Samples
from common.models.manifest import MOONSHINE_BASE, WHISPER_BASE
from common.models.store import ModelMissingError, ModelStore
from securetranscribe.v1 import speech_pb2
from tests.integration.ml.engine_protocols import WORKER
from tests.unit.common.audio import sounds
from transcriber.worker.app import load_recognizer
from transcriber.worker.engines.moonshine import MoonshineRecognizer
from transcriber.worker.engines.moonshine_model import MoonshineModel
from transcriber.worker.engines.protocol import RecognitionOptions
from transcriber.worker.engines.voice_activity import Span
from transcriber.worker.recognizer import Recognizer
from transcriber.worker.settings import SpeechWorkerSettings

GERMAN = Path(__file__).with_name("german.ogg")


@pytest.fixture(scope="module")
def moonshine(store: ModelStore) -> MoonshineRecognizer:
    directory = store.converted(MOONSHINE_BASE.name)
    return MoonshineRecognizer(MoonshineModel(directory, threads=1))


def recognizer(model_dir: Path) -> Recognizer:
    return load_recognizer(
        SpeechWorkerSettings(
            **WORKER,  # type: ignore[arg-type]
            speech_engine_english="moonshine",
            model_dir=model_dir,
        )
    )


@pytest.fixture(scope="module")
def both(store: ModelStore) -> Recognizer:
    return recognizer(store.model_dir)


def recognize(
    with_engine: Recognizer, sound: Samples, language: str = "", phrases: tuple[str, ...] = ()
) -> speech_pb2.Recognition:
    return with_engine.recognize(
        [io.BytesIO(sounds.float_wav(sound))],
        speech_pb2.RecognitionConfig(language=language, phrases=phrases),
        on_progress=lambda _fraction, _step: None,
        cancelled=lambda: False,
    )


def test_telephone_call_is_recognized_with_times(
    moonshine: MoonshineRecognizer, telephone: Recording
) -> None:
    sound = read_window(telephone.audio, 0.0, 30.0)
    spans = moonshine.find_speech(sound)
    segments = list(moonshine.transcribe(sound, spans, "en", RecognitionOptions()))
    text = " ".join(segment.text for segment in segments)
    assert metrics.word_errors(telephone.text, text).rate < 0.2
    words = [word for segment in segments for word in segment.words]
    edges = [(span.start / SAMPLE_RATE, span.end / SAMPLE_RATE) for span in spans]
    for word in words:
        assert word.start < word.end
        # A word neither begins nor ends in a pause.
        assert any(start - 0.01 <= word.start <= end for start, end in edges), word
        assert any(start <= word.end <= end + 0.01 for start, end in edges), word


@pytest.mark.parametrize("level", [0.01, 0.3])
def test_noise_is_no_endless_text(moonshine: MoonshineRecognizer, level: float) -> None:
    noise = np.random.default_rng(1).normal(0.0, level, 10 * SAMPLE_RATE).astype(np.float32)
    spans = [Span(start=0, end=len(noise))]
    segments = moonshine.transcribe(noise, spans, "en", RecognitionOptions())
    assert sum(len(segment.words) for segment in segments) < 20


@pytest.mark.parametrize("language", ["", "en"])
def test_english_is_left_to_moonshine(
    both: Recognizer, telephone: Recording, language: str
) -> None:
    found = recognize(both, read_window(telephone.audio, 0.0, 30.0), language)
    assert found.model == MOONSHINE_BASE.name
    assert {span.language for span in found.languages} == {"en"}


def test_other_speech_stays_with_whisper(both: Recognizer, telephone: Recording) -> None:
    found = recognize(both, read_window(GERMAN, 0.0, 10.0))
    assert found.model == WHISPER_BASE.name
    assert {span.language for span in found.languages} == {"de"}
    found = recognize(both, read_window(telephone.audio, 0.0, 5.0), "en", ("Diane",))
    assert found.model == WHISPER_BASE.name


def test_edited_words_are_still_aligned(both: Recognizer, telephone: Recording) -> None:
    content = sounds.float_wav(read_window(telephone.audio, 7.0, 12.0))
    assert len(both.align(content, "en", ["Hello"])) == 1


def test_without_the_model_whisper_recognizes_english(
    store: ModelStore, telephone: Recording, tmp_path: Path
) -> None:
    (tmp_path / WHISPER_BASE.name).symlink_to((store.model_dir / WHISPER_BASE.name).absolute())
    with pytest.raises(ModelMissingError, match="was not converted"):
        ModelStore(tmp_path).converted(MOONSHINE_BASE.name)
    found = recognize(recognizer(tmp_path), read_window(telephone.audio, 7.0, 12.0), "en")
    assert found.model == WHISPER_BASE.name
    assert found.segments
