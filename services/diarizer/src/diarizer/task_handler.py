"""Does `diarize` tasks: a recording in the object store in, a serialized Diarization out."""

import io

from common.errors import ValidationError
from common.objects import RangedObject
from common.tasks.task import TaskControl
from diarizer import conversion
from diarizer.engines.protocol import DiarizationEngine, DiarizationOptions
from securetranscribe.v1 import queue_pb2

#: What a user is told of the engine's steps.
_WORDS = {"segmentation": "Finding who speaks when", "embeddings": "Comparing voices"}
_OTHER_WORDS = "Telling speakers apart"


class DiarizeHandler:
    """Runs the engine over the recording of a task."""

    def __init__(self, engine: DiarizationEngine, defaults: DiarizationOptions) -> None:
        self._engine = engine
        self._defaults = defaults

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        """Do a task as described in `TaskHandler`."""
        try:
            options = conversion.options_of(task.diarize.config, self._defaults)
        except ValueError as error:
            raise ValidationError.of("diarization", str(error)) from error
        found = self._engine.diarize(
            io.BufferedReader(audio),
            options,
            on_progress=lambda fraction, step: control.progress(
                fraction, _WORDS.get(step, _OTHER_WORDS)
            ),
            cancelled=control.cancelled,
        )
        return conversion.to_message(found).SerializeToString()
