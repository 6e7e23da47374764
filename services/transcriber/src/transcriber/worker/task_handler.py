"""Processing of `transcribe` tasks: from a stored recording to a serialized Recognition."""

import io
from collections.abc import Sequence

from common.audio.playback import PlaybackRecorder
from common.audio.playback_parts import Core
from common.audio.resampling import SAMPLE_RATE
from common.audio.signals import AudioSource
from common.objects import RangedObject
from common.tasks import parts
from common.tasks.signals import sounds_of
from common.tasks.task import TaskControl
from securetranscribe.v1 import queue_pb2, speech_pb2
from transcriber.domain.playback import NO_COPY
from transcriber.worker.playback import PlaybackStore
from transcriber.worker.recognizer import Recognizer


class TranscribeHandler:
    """Handler that recognizes the signals of a task, and copies them for playback meanwhile."""

    def __init__(self, recognizer: Recognizer, copies: PlaybackStore) -> None:
        self._recognizer = recognizer
        self._copies = copies

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        """Process a task, as described in `common.tasks.task.TaskHandler`."""
        sounds = sounds_of(task, io.BufferedReader(audio))
        if not task.playback_url:
            return self._recognize(task, sounds, control).SerializeToString()
        with PlaybackRecorder(len(sounds), _core(task)) as recorder:
            found = self._recognize(task, recorder.listening(sounds), control)
            # The copy is stored before the result that announces it.
            copy = self._copies.store(task, recorder, control)
        if copy is None:
            found.warnings.append(NO_COPY)
        else:
            found.playback_copy.CopyFrom(copy)
        return found.SerializeToString()

    def _recognize(
        self, task: queue_pb2.Task, sounds: Sequence[AudioSource], control: TaskControl
    ) -> speech_pb2.Recognition:
        found = self._recognizer.recognize(
            sounds,
            task.transcribe.config,
            on_progress=control.progress,
            cancelled=control.cancelled,
        )
        parts.move(found, parts.heard_span(task).start)
        return found


def _core(task: queue_pb2.Task) -> Core | None:
    """Return the part of the heard sound without its margins, None for a whole recording."""
    if not task.HasField("range"):
        return None
    core, start = parts.core_span(task), parts.heard_span(task).start
    return Core(
        first=round((core.start - start) * SAMPLE_RATE),
        length=None if core.end is None else round((core.end - core.start) * SAMPLE_RATE),
    )
