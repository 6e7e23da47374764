"""Tasks of the recognizer, with an engine without a model."""

import io
from typing import BinaryIO, cast

import pytest

from common.audio.playback_parts import PART_TYPE, PartPeaksReader
from common.audio.resampling import SAMPLE_RATE
from common.disk_reserve import DiskReserve
from common.objects import RangedObject
from common.signed_objects import SignedObjects
from common.tasks.task import TaskControl
from common.times import duration, seconds
from securetranscribe.v1 import queue_pb2, speech_pb2
from tests.unit.common.audio.sounds import float_wav, noise
from tests.unit.transcriber.worker.listening import ListeningEngine
from transcriber.worker.playback import PlaybackStore
from transcriber.worker.recognizer import Recognizer
from transcriber.worker.task_handler import TranscribeHandler

COPIES = PlaybackStore(SignedObjects(DiskReserve(None, reserve_bytes=0), threads=1))
WAV = float_wav(noise(30.0, SAMPLE_RATE))


def part(index: int, *, start: float, end: float) -> queue_pb2.Task:
    """Return the task of one of three parts, with margins of 4 seconds."""
    return queue_pb2.Task(
        part_index=index,
        part_count=3,
        range=queue_pb2.AudioRange(start=duration(start), end=duration(end)),
        heard=queue_pb2.AudioRange(start=duration(max(0, start - 4)), end=duration(end + 4)),
    )


def perform(task: queue_pb2.Task) -> tuple[speech_pb2.Recognition, list[str]]:
    """Return the result of a task, and the steps that the engine reported."""
    steps: list[str] = []
    control = TaskControl(lambda _fraction, step: steps.append(step))
    handler = TranscribeHandler(Recognizer(ListeningEngine(), 5), COPIES)
    found = handler(task, cast(RangedObject, io.BytesIO(WAV)), control)
    return speech_pb2.Recognition.FromString(found), steps


@pytest.mark.parametrize(
    ("task", "heard", "first"),
    [
        (part(0, start=0, end=10), "Heard 14 s", 0.0),
        (part(1, start=10, end=20), "Heard 18 s", 6.0),
        (part(2, start=20, end=25), "Heard 14 s", 16.0),
        (part(2, start=50, end=60), "Heard 0 s", 46.0),
        (queue_pb2.Task(), "Heard 30 s", 0.0),
    ],
)
def test_part_is_heard_with_its_margins_on_the_clock_of_the_recording(
    task: queue_pb2.Task, heard: str, first: float
) -> None:
    found, steps = perform(task)
    assert steps == [heard]
    (segment,) = found.segments
    assert seconds(segment.start) == first
    assert [seconds(word.start) for word in segment.words] == [first, first + 1]
    assert seconds(found.languages[0].start) == first


class KeepingObjects(SignedObjects):
    """Keeps all sent objects."""

    def __init__(self) -> None:
        super().__init__(DiskReserve(None, reserve_bytes=0), threads=1)
        self.sent: dict[str, bytes] = {}

    def send(self, url: str, file: BinaryIO, size: int) -> None:
        """Keep the bytes of a file."""
        file.seek(0)
        self.sent[url] = file.read(size)


@pytest.mark.parametrize(
    ("task", "length"),
    [
        (part(0, start=0, end=10), 10.0),
        (part(1, start=10, end=20), 10.0),
        (part(2, start=20, end=25), 10.0),
        (part(2, start=50, end=60), 0.0),
    ],
)
def test_copy_of_a_part_is_without_its_margins(task: queue_pb2.Task, length: float) -> None:
    task.playback_url, task.peaks_url = "copy", "peaks"
    objects = KeepingObjects()
    handler = TranscribeHandler(Recognizer(ListeningEngine(), 5), PlaybackStore(objects))
    control = TaskControl(lambda _fraction, _step: None)
    found = handler(task, cast(RangedObject, io.BytesIO(WAV)), control)
    copy = speech_pb2.Recognition.FromString(found).playback_copy
    assert copy.content_type == PART_TYPE
    assert seconds(copy.duration) == length
    assert copy.size_bytes == len(objects.sent["copy"])
    peaks = PartPeaksReader(io.BytesIO(objects.sent["peaks"]))
    assert peaks.count == 200 * length
