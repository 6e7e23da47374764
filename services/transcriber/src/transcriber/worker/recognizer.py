"""Recognition with the worker's defaults, from and to messages."""

import io
from collections.abc import Callable, Mapping, Sequence

from common import languages
from common.audio.decoding import read_window
from common.audio.signals import AudioSource
from common.engines import Progress, at_once
from common.errors import UnimplementedError, ValidationError
from common.tasks.comparison import SHARE_BEFORE, Comparison
from common.tasks.signals import part_of, process_each
from securetranscribe.v1 import speech_pb2
from transcriber.worker import conversion
from transcriber.worker.channels import echo_warnings, without_echoes
from transcriber.worker.echoes.finder import EchoFinder
from transcriber.worker.engines.protocol import (
    LiveEngine,
    Recognition,
    RecognitionOptions,
    SpeechEngine,
    Translator,
    WordAligner,
)

#: Words of one call for their times, their length, and the sound in seconds.
MOST_WORDS, LONGEST_WORD, LONGEST_SECONDS = 200, 100, 30.0


class Recognizer:
    """Engine with the worker's default beam width, called with messages.

    Requests can name its model, or one of the `others` that are loaded.
    """

    def __init__(
        self, engine: SpeechEngine, beam_size: int, others: Sequence[SpeechEngine] = ()
    ) -> None:
        self._engine = engine
        self._engines = {one.model: one for one in (engine, *others)}
        self._beam_size = beam_size

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that requests can name."""
        return tuple(self._engines)

    @property
    def at_once(self) -> int:
        """Recordings that the engine takes at a time."""
        return at_once(self._engine)

    def recognize(
        self,
        sounds: Sequence[AudioSource],
        config: speech_pb2.RecognitionConfig,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> speech_pb2.Recognition:
        """Recognize the signals of a recording as configured by a request. Blocks until done.

        Lines of one signal that are echoes of another are left out.

        Raises:
            ValidationError: a value is out of range, there is no such model, or it does not know
                the language or does not translate.
            AudioProcessingError: the recording cannot be decoded.
            TaskCancelledError: `cancelled` returned true.
        """
        options = conversion.options_of(config, self._beam_size)
        engine = self._named(config.model)
        _check(engine, options)
        share = 1.0 if len(sounds) == 1 else SHARE_BEFORE
        found = process_each(
            sounds,
            lambda sound, progress: engine.recognize(
                sound, options, on_progress=progress, cancelled=cancelled
            ),
            part_of(on_progress, 0.0, share),
        )
        recognitions, warnings = found.results, found.warnings
        if len(recognitions) > 1:
            comparison = Comparison(
                sounds,
                {number: one.duration for number, one in recognitions.items()},
                on_progress=part_of(on_progress, share, 1.0 - share),
                cancelled=cancelled,
            )
            recognitions, echoes = _without_echoes(recognitions, comparison)
            warnings = (*warnings, *echoes)
        return conversion.to_message(recognitions, warnings)

    def _named(self, model: str) -> SpeechEngine:
        if not model:
            return self._engine
        if model not in self._engines:
            raise ValidationError.of(
                "model",
                f"The worker has no model {model}. Its models are {', '.join(self._engines)}.",
            )
        return self._engines[model]

    def live(self, config: speech_pb2.RecognitionConfig) -> tuple[LiveEngine, RecognitionOptions]:
        """Return the engine for a live stream, and the options of the stream.

        Raises:
            ValidationError: as for a recording.
            UnimplementedError: the engine does not recognize live speech.
        """
        options = conversion.options_of(config, self._beam_size)
        engine = self._named(config.model)
        _check(engine, options)
        if not isinstance(engine, LiveEngine):
            raise UnimplementedError(
                f"The engine of {engine.model} does not recognize live speech."
            )
        return engine, options

    def align(
        self, content: bytes, language: str, words: Sequence[str]
    ) -> list[tuple[float, float]]:
        """Return the start and end in seconds of words in a sound, none if they have no place.

        Raises:
            ValidationError: there are no words or too many, or the model does not know the
                language, or the sound is too long.
            UnimplementedError: the engine cannot do it.
            AudioProcessingError: the sound cannot be decoded.
        """
        if not isinstance(self._engine, WordAligner):
            raise UnimplementedError(f"The engine of {self._engine.model} cannot align words.")
        if not 1 <= len(words) <= MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
            raise ValidationError.of("words", f"Name 1 to {MOST_WORDS} words.")
        code = languages.requested(language)
        if code not in self._engine.languages:
            raise ValidationError.of("language", "The model does not know the language.")
        samples = read_window(io.BytesIO(content), 0.0, LONGEST_SECONDS)
        return self._engine.align(samples, words, code)


def _check(engine: SpeechEngine, options: RecognitionOptions) -> None:
    """Check that an engine knows the language, and translates if that is wanted."""
    if options.language is not None and options.language not in engine.languages:
        raise ValidationError.of(
            "language",
            f"The model {engine.model} does not know {languages.NAMES[options.language]} "
            f"({options.language}).",
        )
    if options.translate and not (isinstance(engine, Translator) and engine.translates):
        raise ValidationError.of(
            "translate", f"The model {engine.model} does not translate speech."
        )


def _without_echoes(
    recognitions: Mapping[int, Recognition], comparison: Comparison
) -> tuple[dict[int, Recognition], tuple[str, ...]]:
    """Return recognitions of signals without echoes, and warnings that count these."""
    segments = {number: found.segments for number, found in recognitions.items()}
    finder = EchoFinder(segments, comparison.envelope)
    kept: dict[int, Recognition] = {}
    warnings: list[str] = []
    for number, found in recognitions.items():
        echoes = finder.echoes_in(number)
        kept[number] = without_echoes(found, echoes)
        warnings += echo_warnings(number, echoes)
        comparison.compared()
    comparison.finish()
    return kept, tuple(warnings)
