"""Does `transcribe` tasks: a recording in the object store in, a serialized Recognition out."""

from common.objects import RangedObject
from common.tasks.worker import TaskCancelledError, TaskControl
from securetranscribe.v1 import queue_pb2
from transcriber.worker.engines.protocol import Cancelled
from transcriber.worker.recognizer import Recognizer


class TranscribeHandler:
    """Runs the recognizer over the recording of a task."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        """Does a task; see `common.tasks.worker.TaskHandler`."""
        try:
            found = self._recognizer.recognize(
                audio,
                task.transcribe.config,
                on_progress=control.progress,
                cancelled=control.cancelled,
            )
        except Cancelled as error:
            raise TaskCancelledError from error
        return found.SerializeToString()
