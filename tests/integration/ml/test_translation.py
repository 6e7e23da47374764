"""Whisper's translation of speech to English."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from common.audio.decoding import decode
from transcriber.worker.engines.faster_whisper import FasterWhisperEngine
from transcriber.worker.engines.protocol import RecognitionOptions, Translator

#: Ten seconds about prices, a garden and children, described in test_language_changes.
GERMAN = Path(__file__).with_name("german.ogg")


def test_german_is_translated(speech: Callable[..., FasterWhisperEngine]) -> None:
    engine = speech()
    assert isinstance(engine, Translator)
    assert engine.translates
    sound = np.concatenate(list(decode(GERMAN)))
    found = engine.recognize_samples(
        sound, RecognitionOptions(translate=True), cancelled=lambda: False
    )
    text = " ".join(segment.text for segment in found.segments).lower()
    assert "water" in text
    assert "children" in text
    assert [span.language for span in found.languages] == ["de"]
