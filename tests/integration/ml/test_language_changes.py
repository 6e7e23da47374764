"""Recordings in two languages, recognized with the real model."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.recordings import Recording
from common.audio.decoding import decode
from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.faster_whisper import FasterWhisperEngine
from transcriber.worker.engines.protocol import Recognition, RecognitionOptions

#: Ten seconds synthesized by Kokoro-82M (Apache-2.0): "Die Kosten für Strom und Wasser sind leider
#: schon wieder gestiegen. Im Garten blühen die ersten Blumen, und die Kinder spielen draußen."
GERMAN = Path(__file__).with_name("german.ogg")


@pytest.fixture(scope="module")
def engine(speech: Callable[..., FasterWhisperEngine]) -> FasterWhisperEngine:
    # With 8 bits, where a language begins depends on the instructions of the processor.
    return speech(compute_type="float32")


@pytest.fixture(scope="module")
def english(telephone: Recording) -> Samples:
    return np.concatenate(list(decode(telephone.audio)))


@pytest.fixture(scope="module")
def german() -> Samples:
    return np.concatenate(list(decode(GERMAN)))


def recognize(engine: FasterWhisperEngine, *sounds: Samples) -> Recognition:
    return engine.recognize_samples(
        np.concatenate(sounds), RecognitionOptions(), cancelled=lambda: False
    )


def words(found: Recognition, language: str) -> str:
    return " ".join(segment.text for segment in found.segments if segment.language == language)


@pytest.mark.parametrize("pause", [0.0, 0.5], ids=["no-pause", "pause"])
def test_passage_in_another_language_is_written_in_it(
    engine: FasterWhisperEngine, english: Samples, german: Samples, pause: float
) -> None:
    quiet = np.zeros(round(pause * SAMPLE_RATE), np.float32)
    # Diane and Sheila introduce themselves, and talk on.
    before, after = english[: 18 * SAMPLE_RATE], english[20 * SAMPLE_RATE :]
    found = recognize(engine, before, quiet, german, quiet, after)
    assert [span.language for span in found.languages] == ["en", "de", "en"]
    passage = found.languages[1]
    begin = 18.0 + pause
    assert passage.start == pytest.approx(begin, abs=1.0)
    assert passage.end == pytest.approx(begin + len(german) / SAMPLE_RATE, abs=1.0)
    for word in ("Wasser", "Garten", "Blumen", "Kinder"):
        assert word in words(found, "de")
    for word in ("Jersey", "Chicago"):
        assert word in words(found, "en")
    assert found.warnings == ()


def test_one_language_is_one_span(
    engine: FasterWhisperEngine, english: Samples, german: Samples
) -> None:
    for sound, language in ((english, "en"), (german, "de")):
        found = recognize(engine, sound)
        assert [span.language for span in found.languages] == [language]
        assert found.warnings == ()


def test_language_without_a_token_is_not_offered(engine: FasterWhisperEngine) -> None:
    assert {"zh", "jv", "he"} <= engine.languages
    assert "yue" not in engine.languages
    with pytest.raises(ValueError, match="yue"):
        engine.recognize_samples(
            np.zeros(SAMPLE_RATE, np.float32),
            RecognitionOptions(language="yue"),
            cancelled=lambda: False,
        )
