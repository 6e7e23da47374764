"""Processing of `diarize` tasks: from a stored recording to a serialized Diarization."""

import io

from common.objects import RangedObject
from common.tasks import parts
from common.tasks.signals import sounds_of
from common.tasks.task import TaskControl
from common.times import duration
from diarizer import conversion
from diarizer.signals import SignalDiarizer
from securetranscribe.v1 import queue_pb2


class DiarizeHandler:
    """Handler diarizing the signals of a task."""

    def __init__(self, diarizer: SignalDiarizer) -> None:
        self._diarizer = diarizer

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        """Process a task, as described in `common.tasks.task.TaskHandler`."""
        found = self._diarizer.diarize(
            sounds_of(task, io.BufferedReader(audio)),
            task.diarize.config,
            part=task.HasField("range"),
            on_progress=control.progress,
            cancelled=control.cancelled,
        )
        message = conversion.to_message(found.results, found.warnings)
        if task.diarize.config.without_voiceprints:
            conversion.drop_voiceprints(message)
        limits = self._diarizer.limits
        message.usual_speaker_limit = limits.most or 0
        message.least_speech.CopyFrom(duration(limits.least_speech))
        parts.move(message, parts.heard_span(task).start)
        return message.SerializeToString()
