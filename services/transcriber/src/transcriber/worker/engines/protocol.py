"""What speech recognition answers: words with times, segments, languages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from common.audio.container import AudioSource
from common.audio.decoding import Samples

#: Called with the fraction done (0.0 to 1.0, never falling) and the name of the step under way.
Progress = Callable[[float, str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A word with its punctuation, in seconds from the start of the recording."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A stretch of speech that was written in one go.

    `text` is the words joined as the language writes them. `avg_logprob`, `no_speech_prob`,
    `compression_ratio` and `temperature` are the recognizer's own judgement of it.
    """

    start: float
    end: float
    text: str
    words: tuple[Word, ...]
    language: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    temperature: float


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageSpan:
    """A stretch of the recording in one language (ISO 639-1), with the detector's confidence.

    `probability` is 1.0 where the caller said which language it is.
    """

    start: float
    end: float
    language: str
    probability: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognition:
    """The outcome for one recording; times in seconds, everything in order of time.

    `speech_duration` is how much of it is speech. Without speech there are no segments and no
    languages. `warnings` are sentences for the owner about the recording itself.
    """

    segments: tuple[Segment, ...]
    languages: tuple[LanguageSpan, ...]
    duration: float
    speech_duration: float
    processing_seconds: float
    model: str
    model_version: str
    warnings: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        """All words in order."""
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def text(self) -> str:
        """The whole text, one line a segment."""
        return "\n".join(segment.text for segment in self.segments)

    @property
    def language(self) -> str | None:
        """The language that most of it is in; None without speech."""
        lengths: dict[str, float] = {}
        for span in self.languages:
            lengths[span.language] = lengths.get(span.language, 0.0) + span.end - span.start
        return max(lengths, key=lambda language: lengths[language]) if lengths else None

    @property
    def real_time_factor(self) -> float:
        """Seconds of processing for each second of audio (0.0 for an empty recording)."""
        return self.processing_seconds / self.duration if self.duration > 0 else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RecognitionOptions:
    """How to recognize.

    `language` (ISO 639-1) is detected when None. `phrases` are names and terms that may occur.
    """

    language: str | None = None
    beam_size: int = 5
    phrases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.beam_size <= 10:
            raise ValueError(f"beam_size must be between 1 and 10, not {self.beam_size}")


class SpeechEngine(Protocol):
    """Recognizes speech. Blocking: to be run in a worker thread or process."""

    @property
    def model(self) -> str:
        """Name of the model."""
        ...

    @property
    def model_version(self) -> str:
        """Version of the model's files."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """Codes of the languages that may be asked for."""
        ...

    def recognize(
        self,
        source: AudioSource,
        options: RecognitionOptions,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Recognition:
        """Recognize one recording of any length.

        Raises:
            TaskCancelledError: `cancelled` returned true.
            ValueError: the model does not know the language.
            AudioError: the source cannot be decoded.
        """
        ...

    def recognize_samples(
        self, samples: Samples, options: RecognitionOptions, *, cancelled: Callable[[], bool]
    ) -> Recognition:
        """Recognize a short piece of mono 16 kHz sound in ±1; times count from its beginning."""
        ...
