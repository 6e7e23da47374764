"""Diarization of the signals of a recording, each with its share of the requested speakers."""

from collections.abc import Callable, Sequence

from common.audio.signals import AudioSource
from common.engines import Progress
from common.errors import ValidationError
from common.tasks.signals import SignalResults, process_each
from diarizer import conversion
from diarizer.engines.protocol import Diarization, DiarizationEngine, DiarizationOptions
from securetranscribe.v1 import diarization_pb2


class SignalDiarizer:
    """Engine with the worker's default options, called with the signals of a recording."""

    def __init__(self, engine: DiarizationEngine, defaults: DiarizationOptions) -> None:
        self._engine = engine
        self._defaults = defaults

    def diarize(
        self,
        sounds: Sequence[AudioSource],
        config: diarization_pb2.DiarizationConfig,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> SignalResults[Diarization]:
        """Diarize each signal of a recording by itself. Blocks until done.

        Raises:
            ValidationError: the numbers of speakers contradict each other.
            AudioProcessingError: the recording cannot be decoded.
            TaskCancelledError: `cancelled` returned true.
        """
        try:
            options = conversion.options_of(config, self._defaults, signals=len(sounds))
        except ValueError as error:
            raise ValidationError.of("config", str(error)) from error
        return process_each(
            sounds,
            lambda sound, progress: self._engine.diarize(
                sound, options, on_progress=progress, cancelled=cancelled
            ),
            on_progress,
        )
