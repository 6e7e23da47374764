"""Storing of playback copies. A copy that cannot be stored does not keep a task from its result."""

import time
from typing import Any, BinaryIO

from common import logging, telemetry
from common.audio.playback import PlaybackFiles, PlaybackRecorder
from common.audio.resampling import SAMPLE_RATE
from common.errors import DiskFullError, UnavailableError
from common.signed_objects import AccessExpiredError, SignedObjects
from common.tasks.task import TaskCancelledError, TaskControl
from common.times import duration
from securetranscribe.v1 import queue_pb2, speech_pb2

_RETRY_SECONDS = 2.0
#: The result waits for so long for an object store that is away, and is stored without a copy then.
_PATIENCE_SECONDS = 600.0
_log = logging.get(__name__)


class PlaybackStore:
    """Store of copies behind the URLs of tasks."""

    def __init__(
        self,
        objects: SignedObjects,
        *,
        patience: float = _PATIENCE_SECONDS,
        retry: float = _RETRY_SECONDS,
    ) -> None:
        """Outages are waited out for `patience` seconds, with attempts every `retry` seconds."""
        self._objects = objects
        self._patience = patience
        self._retry = retry

    def store(
        self, task: queue_pb2.Task, recorder: PlaybackRecorder, control: TaskControl
    ) -> speech_pb2.PlaybackCopy | None:
        """Store what a recorder heard and describe it. Return None if that fails.

        Raises:
            TaskCancelledError: `control` was stopped.
            AccessExpiredError: the URLs of the task are too old.
        """
        control.waiting = True
        try:
            files = recorder.finish()
            self._send(task.playback_url, files.copy, files.copy_bytes, control)
            self._send(task.peaks_url, files.peaks, files.peaks_bytes, control)
        except (TaskCancelledError, AccessExpiredError):
            raise
        except Exception as error:
            telemetry.PLAYBACK_COPIES.labels("failed").inc()
            _log.warning("no playback copy", task_id=task.task_id, exc_info=error)
            return None
        finally:
            control.waiting = False
        telemetry.PLAYBACK_COPIES.labels("stored").inc()
        return _description(files)

    def _send(self, url: str, file: BinaryIO, size: int, control: TaskControl) -> None:
        given_up = time.monotonic() + self._patience
        while True:
            try:
                self._objects.send(url, _Watched(file, control), size)  # type: ignore[arg-type]
            except DiskFullError:
                raise
            except UnavailableError:
                if time.monotonic() > given_up:
                    raise
                time.sleep(self._retry)
                _check(control)
            else:
                return


class _Watched:
    """A file that is read as long as its task is not stopped."""

    def __init__(self, file: BinaryIO, control: TaskControl) -> None:
        self._file = file
        self._control = control

    def read(self, size: int = -1) -> bytes:
        _check(self._control)
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _check(control: TaskControl) -> None:
    if control.cancelled():
        raise TaskCancelledError


def _description(files: PlaybackFiles) -> speech_pb2.PlaybackCopy:
    return speech_pb2.PlaybackCopy(
        content_type=files.content_type,
        size_bytes=files.copy_bytes,
        peaks_size_bytes=files.peaks_bytes,
        channel_count=files.channels,
        duration=duration(files.samples / SAMPLE_RATE),
    )
