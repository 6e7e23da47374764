"""Storing of playback copies by a worker."""

import io
from collections.abc import Callable
from typing import BinaryIO, cast

import pytest
from prometheus_client import REGISTRY

from common.audio.playback import PlaybackRecorder
from common.audio.resampling import SAMPLE_RATE
from common.disk_reserve import DiskReserve
from common.errors import DiskFullError, UnavailableError
from common.objects import RangedObject
from common.signed_objects import AccessExpiredError, SignedObjects
from common.tasks.task import TaskCancelledError, TaskControl
from common.times import seconds
from securetranscribe.v1 import queue_pb2, speech_pb2
from tests.unit.common.audio.sounds import float_wav, noise
from tests.unit.transcriber.worker.fakes import FakeEngine
from tests.unit.transcriber.worker.listening import ListeningEngine
from transcriber.domain.playback import NO_COPY
from transcriber.worker.playback import PlaybackStore
from transcriber.worker.recognizer import Recognizer
from transcriber.worker.task_handler import TranscribeHandler


class FakeObjects(SignedObjects):
    """Keeps what is sent, after the given errors."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__(DiskReserve(None, reserve_bytes=0), threads=1)
        self.errors = list(errors)
        self.sent: dict[str, bytes] = {}

    def send(self, url: str, file: BinaryIO, size: int) -> None:
        """Keep the bytes of a file."""
        if self.errors:
            raise self.errors.pop(0)
        file.seek(0)
        self.sent[url] = file.read(size)


def control() -> TaskControl:
    return TaskControl(lambda _fraction, _step: None)


def perform(
    objects: FakeObjects,
    *,
    content: bytes | None = None,
    engine: FakeEngine | None = None,
    patience: float = 60.0,
    wanted: bool = True,
    during: TaskControl | None = None,
) -> speech_pb2.Recognition:
    """Return the result of a task with two signals."""
    task = queue_pb2.Task(
        signals=[
            speech_pb2.Signal(parts=[speech_pb2.SignalPart(gains=gains)])
            for gains in ([1.0, 0.0], [0.0, 1.0])
        ]
    )
    if wanted:
        task.playback_url, task.peaks_url = "copy", "peaks"
    sound = noise(3.0, SAMPLE_RATE)
    if content is None:
        content = float_wav([[value, -value] for value in sound])
    store = PlaybackStore(objects, patience=patience, retry=0.0)
    handler = TranscribeHandler(Recognizer(engine or ListeningEngine(), 5), store)
    result = handler(task, cast(RangedObject, io.BytesIO(content)), during or control())
    return speech_pb2.Recognition.FromString(result)


def counted(outcome: str) -> float:
    found = REGISTRY.get_sample_value(
        "securetranscribe_playback_copies_total", {"outcome": outcome}
    )
    return found or 0.0


def test_copy_is_sent_and_described() -> None:
    objects, before = FakeObjects(), counted("stored")
    found = perform(objects)
    copy = found.playback_copy
    assert copy.content_type == "audio/webm"
    assert copy.size_bytes == len(objects.sent["copy"])
    assert copy.peaks_size_bytes == len(objects.sent["peaks"])
    assert copy.channel_count == 2
    assert seconds(copy.duration) == pytest.approx(3.0)
    assert not found.warnings
    assert counted("stored") == before + 1


def test_without_urls_nothing_is_copied() -> None:
    objects = FakeObjects()
    found = perform(objects, wanted=False)
    assert found.segments
    assert not found.HasField("playback_copy")
    assert not objects.sent


@pytest.mark.parametrize("error", [DiskFullError(), OSError("broken"), ValueError("strange")])
def test_copy_that_fails_does_not_fail_recognition(error: Exception) -> None:
    before = counted("failed")
    found = perform(FakeObjects(error))
    assert found.segments
    assert not found.HasField("playback_copy")
    assert list(found.warnings) == [NO_COPY]
    assert counted("failed") == before + 1


def test_engine_that_does_not_listen_makes_no_copy() -> None:
    found = perform(FakeObjects(), engine=FakeEngine(text=""))
    assert list(found.warnings) == [NO_COPY]


def test_an_outage_is_waited_out() -> None:
    objects = FakeObjects(UnavailableError("away"), UnavailableError("away"))
    assert perform(objects).HasField("playback_copy")
    assert objects.sent.keys() == {"copy", "peaks"}


def test_a_long_outage_costs_the_copy() -> None:
    objects = FakeObjects(UnavailableError("away"))
    assert list(perform(objects, patience=-1.0).warnings) == [NO_COPY]


def test_urls_that_are_too_old_are_reported() -> None:
    with pytest.raises(AccessExpiredError):
        perform(FakeObjects(AccessExpiredError("too old")))


@pytest.mark.parametrize("moment", ["in an outage", "while sending"])
def test_cancelled_task_stops(moment: str) -> None:
    stopped = control()

    class Stopping(FakeObjects):
        def send(self, url: str, file: BinaryIO, size: int) -> None:
            stopped.stop()
            if moment == "in an outage":
                raise UnavailableError("away")
            super().send(url, file, size)

    with pytest.raises(TaskCancelledError):
        perform(Stopping(), during=stopped)
    assert not stopped.waiting


def test_waiting_for_the_store_is_no_standstill() -> None:
    during = control()
    waited: list[bool] = []

    class Watching(FakeObjects):
        def send(self, url: str, file: BinaryIO, size: int) -> None:
            waited.append(during.waiting)
            super().send(url, file, size)

    perform(Watching(), during=during)
    assert waited == [True, True]
    assert not during.waiting


def test_files_are_closed_after_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[BinaryIO] = []
    opened: Callable[[PlaybackRecorder], BinaryIO] = PlaybackRecorder._file

    def remembered(recorder: PlaybackRecorder) -> BinaryIO:
        files.append(opened(recorder))
        return files[-1]

    monkeypatch.setattr(PlaybackRecorder, "_file", remembered)
    perform(FakeObjects())
    assert len(files) == 6
    assert all(file.closed for file in files)
