"""A worker service in its own process whose library misbehaves as its recordings demand."""

import time

from common import logging
from common.errors import TranscriptionError
from common.objects import RangedObject
from common.runtime import Supervisor, run
from common.settings import load
from common.tasks import service
from common.tasks.service import WorkerKind, WorkerSettings
from common.tasks.task import TaskCancelledError, TaskControl
from securetranscribe.v1 import queue_pb2

_log = logging.get("process")
_PIECE = 4 * 1024**2


def handle(task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
    """Misbehave as the recording demands, or return it in reverse."""
    what = audio.read()
    _log.info("begun", what=what.decode())
    if what == b"stuck":
        time.sleep(3600)
    elif what == b"idle":
        while not control.cancelled():
            time.sleep(0.01)
        raise TaskCancelledError
    elif what.startswith(b"greedy"):
        _allocate(control, obeying=what.endswith(b"obeying"))
    elif what == b"out of memory":
        raise MemoryError
    elif what == b"exit":
        raise SystemExit(3)
    return what[::-1]


def _allocate(control: TaskControl, *, obeying: bool) -> None:
    held: list[bytes] = []
    while not (obeying and control.cancelled()):
        if len(held) < 300:
            held.append(b"x" * _PIECE)
        control.progress(len(held) / 301, "Taking memory")
        time.sleep(0.02)
    raise TaskCancelledError


async def serve(settings: WorkerSettings, supervisor: Supervisor) -> None:
    kind = WorkerKind(
        name="misbehaving",
        stage="transcribe",
        failure=TranscriptionError,
        load=lambda: handle,
        handler=lambda engine: engine,
        services=lambda _engine, _inference: {},
        longest_piece=0.1,
    )
    await service.serve(settings, supervisor, kind)


if __name__ == "__main__":
    run("misbehaving", load(WorkerSettings), serve)
