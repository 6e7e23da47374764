"""Loudness as a recognition engine: one word per loud second. The example in docs/engines.md."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from common.audio.resampling import SAMPLE_RATE, Samples
from common.engines import EngineSettings
from transcriber.worker.engines.protocol import (
    RecognitionOptions,
    RecognizedSegment,
    RecognizedWord,
)
from transcriber.worker.engines.voice_activity import Span
from transcriber.worker.engines.windowed import WindowedEngine


class LoudnessModel:
    """The model: finds loud seconds and calls each one "loud"."""

    def find_speech(self, sound: Samples) -> list[Span]:
        seconds = range(0, len(sound), SAMPLE_RATE)
        spans = [Span(start=start, end=min(start + SAMPLE_RATE, len(sound))) for start in seconds]
        return [span for span in spans if np.square(sound[span.start : span.end]).mean() > 1e-5]

    def detect_language(self, sound: Samples) -> Mapping[str, float]:
        return {"en": 1.0}

    def transcribe(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        for span in spans:
            start, end = span.start / SAMPLE_RATE, span.end / SAMPLE_RATE
            yield RecognizedSegment(
                start=start,
                end=end,
                text="loud",
                words=(RecognizedWord(text="loud", start=start, end=end, probability=1.0),),
                language=language,
                avg_logprob=0.0,
                no_speech_prob=0.0,
                compression_ratio=1.0,
                temperature=0.0,
            )

    #: Words are as sure in any language.
    attempt = transcribe


def load(settings: EngineSettings) -> WindowedEngine:
    return WindowedEngine(
        LoudnessModel(),
        model="loudness",
        model_version="1",
        languages=frozenset({"en"}),
        window_seconds=settings.window_seconds,
    )
