"""Processing of `diarize` tasks: from a stored recording to a serialized Diarization."""

import io

from common.errors import ValidationError
from common.objects import RangedObject
from common.tasks.task import TaskControl
from diarizer import conversion
from diarizer.engines.protocol import DiarizationEngine, DiarizationOptions
from securetranscribe.v1 import queue_pb2


class DiarizeHandler:
    """Handler that diarizes the recording of a task."""

    def __init__(self, engine: DiarizationEngine, defaults: DiarizationOptions) -> None:
        self._engine = engine
        self._defaults = defaults

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        """Process a task, as described in `common.tasks.task.TaskHandler`."""
        try:
            options = conversion.options_of(task.diarize.config, self._defaults)
        except ValueError as error:
            raise ValidationError.of("diarization", str(error)) from error
        found = self._engine.diarize(
            io.BufferedReader(audio),
            options,
            on_progress=control.progress,
            cancelled=control.cancelled,
        )
        return conversion.to_message(found).SerializeToString()
