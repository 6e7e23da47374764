"""Recognition with the worker's defaults, from and to messages."""

from collections.abc import Callable
from typing import BinaryIO

from common.engines import Progress
from common.errors import ValidationError
from securetranscribe.v1 import speech_pb2
from transcriber.worker import conversion
from transcriber.worker.engines.protocol import SpeechEngine


class Recognizer:
    """Engine with the worker's default beam width, called with messages."""

    def __init__(self, engine: SpeechEngine, beam_size: int) -> None:
        self._engine = engine
        self._beam_size = beam_size

    def recognize(
        self,
        source: BinaryIO,
        config: speech_pb2.RecognitionConfig,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> speech_pb2.Recognition:
        """Recognize a recording as configured by a request. Blocks until done.

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
        found = self._engine.recognize(
            source, options, on_progress=on_progress, cancelled=cancelled
        )
        return conversion.to_message(found)
