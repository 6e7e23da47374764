"""Processing of `transcribe` tasks: from a stored recording to a serialized Recognition."""

import io

from common.objects import RangedObject
from common.tasks.signals import sounds_of
from common.tasks.task import TaskControl
from securetranscribe.v1 import queue_pb2
from transcriber.worker.recognizer import Recognizer


class TranscribeHandler:
    """Handler that recognizes the signals of a task."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        """Process a task, as described in `common.tasks.task.TaskHandler`."""
        found = self._recognizer.recognize(
            sounds_of(task.signals, io.BufferedReader(audio)),
            task.transcribe.config,
            on_progress=control.progress,
            cancelled=control.cancelled,
        )
        return found.SerializeToString()
