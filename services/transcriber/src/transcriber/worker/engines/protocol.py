"""Interface of recognition engines, and the values that they take and return."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from common.audio.resampling import Samples
from common.audio.signals import AudioSource
from common.engines import Progress
from transcriber.worker.engines.voice_activity import Span


@dataclass(frozen=True, kw_only=True, slots=True)
class RecognizedWord:
    """A word with its punctuation, in seconds from the start of the recording.

    `tokens` are those of the model, for engines that continue a text.
    """

    text: str
    start: float
    end: float
    probability: float
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RecognizedSegment:
    """A stretch of speech, recognized in one go.

    `text` is the words joined as the language writes them. `avg_logprob`, `no_speech_prob`,
    `compression_ratio` and `temperature` are the engine's own measures of confidence.
    """

    start: float
    end: float
    text: str
    words: tuple[RecognizedWord, ...]
    language: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    temperature: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RecognizedLanguage:
    """A stretch of the recording in one language (ISO 639-1), with the detector's confidence.

    `probability` is 1.0 if the caller gave the language.
    """

    start: float
    end: float
    language: str
    probability: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognition:
    """Result for one recording. Times are in seconds, and all tuples are in order of time.

    `duration` is the length of the recording, and `speech_duration` that of its speech. Without
    speech there are no segments and no languages. `warnings` are sentences for the owner about the
    recording itself.
    """

    segments: tuple[RecognizedSegment, ...]
    languages: tuple[RecognizedLanguage, ...]
    duration: float
    speech_duration: float
    processing_seconds: float
    model: str
    model_version: str
    warnings: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[RecognizedWord, ...]:
        """All words in order."""
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def text(self) -> str:
        """Whole text, one line per segment."""
        return "\n".join(segment.text for segment in self.segments)

    @property
    def language(self) -> str | None:
        """Language of most of the recording, None without speech."""
        lengths: dict[str, float] = {}
        for span in self.languages:
            lengths[span.language] = lengths.get(span.language, 0.0) + span.end - span.start
        return max(lengths, key=lambda language: lengths[language]) if lengths else None

    @property
    def real_time_factor(self) -> float:
        """Seconds of processing per second of audio, 0.0 for an empty recording."""
        return self.processing_seconds / self.duration if self.duration > 0 else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RecognitionOptions:
    """Options of one recognition.

    `language` (ISO 639-1) is detected if None. `beam_size` is the beam width of the search, ignored
    by engines without one. `phrases` are names and terms that may occur.
    With `translate`, the text is in English. Only engines that are a Translator get it. With
    `alone`, an engine leaves nothing to other models.
    """

    language: str | None = None
    beam_size: int = 5
    phrases: tuple[str, ...] = ()
    translate: bool = False
    alone: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.beam_size <= 10:
            raise ValueError(f"beam_size must be between 1 and 10, not {self.beam_size}")


class SpeechEngine(Protocol):
    """Speech recognition with a loaded model. See docs/engines.md.

    Calls block, and only one runs at a time, on a thread of their own.
    """

    @property
    def model(self) -> str:
        """Name of the model."""
        ...

    @property
    def model_version(self) -> str:
        """Version of the engine and of the model's files."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """Codes of the languages that can be requested (ISO 639-1)."""
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
            TaskCancelledError: `cancelled` returned True.
            ValueError: the model does not know the language.
            AudioError: the recording cannot be decoded.
        """
        ...

    def recognize_samples(
        self, samples: Samples, options: RecognitionOptions, *, cancelled: Callable[[], bool]
    ) -> Recognition:
        """Recognize a short piece of mono 16 kHz sound in ±1. Times count from its beginning."""
        ...


@runtime_checkable
class Translator(Protocol):
    """Engine with models that also translate speech to English. Optional."""

    @property
    def translates(self) -> bool:
        """Whether the loaded model does."""
        ...


@runtime_checkable
class WordAligner(Protocol):
    """Engine that also finds the times of words whose text is known. Optional."""

    def align(
        self, samples: Samples, words: Sequence[str], language: str
    ) -> list[tuple[float, float]]:
        """Return the start and end in seconds of each word in up to 30 s of mono 16 kHz sound.

        There are none if the words cannot be placed. A word begins with a blank if one precedes it.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveSpeech:
    """Sound of live speech with its speech at `spans`.

    `before` are its first words, which are final. `guess` are the next ones as far as they were
    heard earlier. Both are timed from the beginning of the sound. A `draft` is soon replaced by
    another one, so it has to be cheap.
    """

    samples: Samples
    spans: tuple[Span, ...]
    before: tuple[RecognizedWord, ...] = ()
    guess: tuple[RecognizedWord, ...] = ()
    draft: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveWords:
    """Words of live speech. With `follow`, the ones `before` are not among them."""

    words: tuple[RecognizedWord, ...]
    follow: bool = False


@runtime_checkable
class LiveEngine(Protocol):
    """Engine that also recognizes speech while it is spoken. Optional.

    These methods are called from several threads, also while others work on recordings.
    """

    def detect_language(self, samples: Samples) -> Mapping[str, float]:
        """Return the probability of each language in a few seconds of speech."""
        ...

    def recognize_speech(self, speech: LiveSpeech, options: RecognitionOptions) -> LiveWords:
        """Recognize up to 28 seconds of sound in the language given. Phrases are ignored."""
        ...


@runtime_checkable
class PhraseEngine(Protocol):
    """LiveEngine that also finds the phrases of a request in live speech. Optional."""

    def with_phrases(
        self, samples: Samples, words: Sequence[RecognizedWord], options: RecognitionOptions
    ) -> tuple[RecognizedWord, ...]:
        """Return final words of live speech with the phrases of the options where they were said.

        Words are timed from the beginning of the sound, which has a little more than theirs.
        """
        ...
