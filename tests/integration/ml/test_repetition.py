"""Speech that repeats itself, recognized with the real model."""

from collections.abc import Callable

import numpy as np
import pytest

from bench.recordings import Recording
from common.audio.decoding import read_window
from common.audio.resampling import SAMPLE_RATE
from transcriber.worker.engines.faster_whisper import FasterWhisperEngine
from transcriber.worker.engines.protocol import RecognitionOptions

#: "This is Diane in New Jersey." as said on the telephone, in seconds.
ANNOUNCEMENT = (12.45, 14.2)


@pytest.fixture(scope="module")
def engine(speech: Callable[..., FasterWhisperEngine]) -> FasterWhisperEngine:
    return speech()


def test_announcement_said_ten_times_is_written_ten_times(
    engine: FasterWhisperEngine, telephone: Recording
) -> None:
    random = np.random.default_rng(1)
    once = read_window(telephone.audio, *ANNOUNCEMENT)
    sounds = []
    for _ in range(10):
        quiet = np.zeros(round(random.uniform(0.3, 0.6) * SAMPLE_RATE), np.float32)
        sounds += [once * np.float32(random.uniform(0.7, 1.2)), quiet]
    found = engine.recognize_samples(
        np.concatenate(sounds), RecognitionOptions(language="en"), cancelled=lambda: False
    )
    assert any(segment.compression_ratio > 2.4 for segment in found.segments)
    assert found.text.count("Jersey") == 10
    starts = [word.start for word in found.words if "Jersey" in word.text]
    gaps = np.diff(starts)
    assert gaps.min() > 1.5
    assert gaps.max() < 3.0
