"""Loudness as a recognition engine: one word per loud second. The example in docs/engines.md."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from common.audio.conditioning import SignalConditioner
from common.audio.container import AudioSource
from common.audio.decoding import SAMPLE_RATE, Samples
from common.audio.probe import probe
from common.audio.windows import AudioWindow, windows
from common.engines import EngineSettings, Progress
from transcriber.worker.engines.protocol import (
    Recognition,
    RecognitionOptions,
    RecognizedSegment,
    RecognizedWord,
)
from transcriber.worker.engines.session import RecognitionSession
from transcriber.worker.engines.voice_activity import Span


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


class LoudnessEngine:
    """The engine: recordings in, values of the protocol out."""

    model = "loudness"
    model_version = "1"
    languages = frozenset({"en"})

    def __init__(self, settings: EngineSettings) -> None:
        self._window_seconds = settings.window_seconds

    def recognize(
        self,
        source: AudioSource,
        options: RecognitionOptions,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Recognition:
        expected = probe(source, allow_truncated=True).duration
        conditioner = SignalConditioner()
        pieces = windows(
            source, duration=expected, longest=self._window_seconds, conditioner=conditioner
        )
        found = self._run(pieces, expected, options, on_progress, cancelled)
        return replace(found, warnings=conditioner.warnings)

    def recognize_samples(
        self, samples: Samples, options: RecognitionOptions, *, cancelled: Callable[[], bool]
    ) -> Recognition:
        window = AudioWindow(start=0.0, samples=samples)
        return self._run([window], window.duration, options, lambda *_: None, cancelled)

    def _run(
        self,
        pieces: Iterable[AudioWindow],
        expected: float,
        options: RecognitionOptions,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Recognition:
        if options.language not in {None, *self.languages}:
            raise ValueError(f"{self.model} does not know the language {options.language!r}")
        began = time.monotonic()
        session = RecognitionSession(
            LoudnessModel(),
            options,
            expected=expected,
            on_progress=on_progress,
            cancelled=cancelled,
        )
        for window in pieces:
            session.add(window)
        return Recognition(
            segments=tuple(session.segments),
            languages=tuple(session.languages),
            duration=session.duration,
            speech_duration=session.speech_duration,
            processing_seconds=time.monotonic() - began,
            model=self.model,
            model_version=self.model_version,
        )


def load(settings: EngineSettings) -> LoudnessEngine:
    return LoudnessEngine(settings)
