"""Recognition engine without a model, for unit tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike

from common.audio.errors import AudioError
from common.audio.resampling import Samples
from common.audio.signals import AudioSource, Signal, sound_of
from common.engines import Progress
from common.tasks.task import TaskCancelledError
from transcriber.worker.engines.protocol import (
    Recognition,
    RecognitionOptions,
    RecognizedLanguage,
    RecognizedSegment,
    RecognizedWord,
)


@dataclass
class FakeEngine:
    """Returns the given words, one per second, or the answer for the channel of a signal."""

    text: str = "hello there"
    warnings: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset({"en", "de"})
    model: str = "fake"
    model_version: str = "1"
    answers: Mapping[int, Recognition | AudioError] = field(default_factory=dict)
    seen: list[tuple[bytes, RecognitionOptions]] = field(default_factory=list)

    def recognize(
        self,
        source: AudioSource,
        options: RecognitionOptions,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Recognition:
        """Read the whole source. Stop if cancelled."""
        sound = sound_of(source)
        assert not isinstance(sound.file, str | PathLike)
        sound.file.seek(0)
        self.seen.append((sound.file.read(), options))
        on_progress(0.5, "Recognizing speech")
        if cancelled():
            raise TaskCancelledError
        answer = self.answers.get(_channel(sound.signal))
        if isinstance(answer, AudioError):
            raise answer
        return answer or self._answer(options)

    def recognize_samples(
        self, samples: Samples, options: RecognitionOptions, *, cancelled: Callable[[], bool]
    ) -> Recognition:
        """Return the same words for any sound."""
        return self._answer(options)

    def _answer(self, options: RecognitionOptions) -> Recognition:
        words = tuple(
            RecognizedWord(text=text, start=float(number), end=number + 0.9, probability=0.8)
            for number, text in enumerate(self.text.split())
        )
        language = options.language or "en"
        end = float(len(words))
        segment = RecognizedSegment(
            start=0.0,
            end=end,
            text=self.text,
            words=words,
            language=language,
            avg_logprob=-0.2,
            no_speech_prob=0.01,
            compression_ratio=1.1,
            temperature=0.0,
        )
        span = RecognizedLanguage(start=0.0, end=end, language=language, probability=0.9)
        return Recognition(
            segments=(segment,) if words else (),
            languages=(span,) if words else (),
            duration=end,
            speech_duration=end,
            processing_seconds=0.1,
            model=self.model,
            model_version=self.model_version,
            warnings=self.warnings,
        )


def _channel(signal: Signal) -> int:
    """Return the first channel of a signal."""
    return next((n for part in signal.parts for n, gain in enumerate(part.gains) if gain), 0)
