"""Recognition with the worker's defaults, from and to messages."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from common.audio.decoding import decode
from common.audio.envelope import Envelope, envelope_of
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import AudioSource
from common.engines import Progress
from common.errors import ValidationError
from common.tasks.signals import part_of, process_each
from common.tasks.task import TaskCancelledError
from securetranscribe.v1 import speech_pb2
from transcriber.worker import conversion
from transcriber.worker.channels import echo_warnings, without_echoes
from transcriber.worker.echoes.finder import EchoFinder
from transcriber.worker.engines.protocol import Recognition, SpeechEngine

#: Share of the work that recognition is where echoes are searched afterwards.
_RECOGNITION_SHARE = 0.96
_ECHO_STEP = "Comparing channels"


class Recognizer:
    """Engine with the worker's default beam width, called with messages."""

    def __init__(self, engine: SpeechEngine, beam_size: int) -> None:
        self._engine = engine
        self._beam_size = beam_size

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
            ValidationError: a value is out of range, or the model does not know the language.
            AudioProcessingError: the recording cannot be decoded.
            TaskCancelledError: `cancelled` returned true.
        """
        options = conversion.options_of(config, self._beam_size)
        if options.language is not None and options.language not in self._engine.languages:
            raise ValidationError.of(
                "language", f"The model does not know the language '{options.language}'."
            )
        share = 1.0 if len(sounds) == 1 else _RECOGNITION_SHARE
        found = process_each(
            sounds,
            lambda sound, progress: self._engine.recognize(
                sound, options, on_progress=progress, cancelled=cancelled
            ),
            part_of(on_progress, 0.0, share),
        )
        recognitions, warnings = found.results, found.warnings
        if len(recognitions) > 1:
            comparison = _Comparison(
                sounds, recognitions, part_of(on_progress, share, 1.0 - share), cancelled
            )
            recognitions, echoes = comparison.without_echoes()
            warnings = (*warnings, *echoes)
        return conversion.to_message(recognitions, warnings)


class _Comparison:
    """Comparison of the signals of a recording, for echoes of one in another."""

    def __init__(
        self,
        sounds: Sequence[AudioSource],
        recognitions: Mapping[int, Recognition],
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> None:
        self._sounds = sounds
        self._recognitions = recognitions
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._finished = 0

    def without_echoes(self) -> tuple[dict[int, Recognition], tuple[str, ...]]:
        """Return the recognitions without echoes, and warnings that count these."""
        segments = {number: found.segments for number, found in self._recognitions.items()}
        finder = EchoFinder(segments, self._envelope)
        kept: dict[int, Recognition] = {}
        warnings: list[str] = []
        for number, found in self._recognitions.items():
            self._report(0.0)
            echoes = finder.echoes_in(number)
            kept[number] = without_echoes(found, echoes)
            warnings += echo_warnings(number, echoes)
            self._finished += 1
        self._on_progress(1.0, _ECHO_STEP)
        return kept, tuple(warnings)

    def _envelope(self, number: int) -> Envelope:
        found = envelope_of(self._blocks(number))
        self._finished += 1
        return found

    def _blocks(self, number: int) -> Iterator[Samples]:
        """Yield the sound of a signal, with reports of progress."""
        length = max(1.0, self._recognitions[number].duration)
        done = 0
        for block in decode(self._sounds[number]):
            self._report(min(1.0, done / SAMPLE_RATE / length))
            yield block
            done += len(block)

    def _report(self, fraction: float) -> None:
        """Report how far the current step is. Each signal has two steps at most."""
        if self._cancelled():
            raise TaskCancelledError
        steps = 2 * len(self._recognitions)
        self._on_progress((self._finished + fraction) / steps, _ECHO_STEP)
