"""A service as a process of its own: `python process.py MODE`, for the tests of the runtime.

Modes: `serve` comes up and waits, `worker` works on tasks and holds each for a minute, `dying`
has a task that dies, `starting` hangs while it starts up, `refused` cannot start, `broken` has
an accident beside a thread that never ends, `returning` ends by itself.
"""

import asyncio
import sys
import time

from common import bus, logging
from common.bus import Delivery
from common.errors import TranscriptionError, UnavailableError
from common.objects import ObjectStore, RangedObject
from common.runtime import Supervisor, run
from common.settings import ObjectSettings, ServiceSettings, load
from common.task import TaskCancelledError, TaskControl
from common.worker import TaskWorker, WorkerOptions
from securetranscribe.v1 import queue_pb2

_log = logging.get("process")


async def serve(_: ServiceSettings, supervisor: Supervisor) -> None:
    _log.info("up")
    await supervisor.wait()
    _log.info("closing")


async def returning(_: ServiceSettings, supervisor: Supervisor) -> None:
    _log.info("up")


async def dying(_: ServiceSettings, supervisor: Supervisor) -> None:
    async def die() -> None:
        await asyncio.sleep(0.1)
        raise RuntimeError("broken")

    supervisor.start("dying", die())
    await supervisor.wait()
    _log.info("closing")


async def starting(_: ServiceSettings, supervisor: Supervisor) -> None:
    _log.info("up")
    try:
        await asyncio.sleep(60)
    finally:
        _log.info("closing")


async def refused(_: ServiceSettings, supervisor: Supervisor) -> None:
    raise UnavailableError("The database does not answer; check DATABASE_URL.")


async def broken(_: ServiceSettings, supervisor: Supervisor) -> None:
    # Like an inference thread: nothing can interrupt it, and an ordinary exit waits for it.
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
    raise KeyError("accident")


class Holding:
    """Says that it has begun, and goes on for a minute unless it is told to stop."""

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        _log.info("begun")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            time.sleep(0.02)
            if control.cancelled():
                raise TaskCancelledError
        return b""


async def worker(settings: ServiceSettings, supervisor: Supervisor) -> None:
    delivery = Delivery(ack_wait_seconds=1.5, max_deliver=2)
    client = await bus.connect(settings.nats_url.get_secret_value(), name="process")
    objects = ObjectStore(ObjectSettings())
    worker = TaskWorker(
        client=client,
        stream=client.jetstream(),
        objects=objects,
        handler=Holding(),
        options=WorkerOptions(
            worker_id="process",
            stage="transcribe",
            device="cpu",
            failure=TranscriptionError,
            bucket_audio="audio",
            bucket_results="results",
            delivery=delivery,
            shutdown_grace_seconds=0.2,
        ),
    )
    working = supervisor.start("tasks", worker.run())
    supervisor.start("heartbeat", worker.heartbeat())
    await supervisor.wait()
    await worker.stop()
    await working
    await bus.close(client)


MODES = {
    "serve": serve,
    "worker": worker,
    "dying": dying,
    "starting": starting,
    "refused": refused,
    "broken": broken,
    "returning": returning,
}

if __name__ == "__main__":
    run("process", load(ServiceSettings), MODES[sys.argv[1]])
