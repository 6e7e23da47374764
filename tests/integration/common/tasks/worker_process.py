"""A worker in its own process that holds every task for a minute."""

import time

from common import bus, logging
from common.bus import Delivery
from common.disk_reserve import DiskReserve
from common.errors import TranscriptionError
from common.objects import RangedObject
from common.runtime import Supervisor, run
from common.settings import ServiceSettings, load
from common.signed_objects import SignedObjects
from common.tasks.task import TaskCancelledError, TaskControl
from common.tasks.worker import TaskWorker, WorkerOptions
from securetranscribe.v1 import queue_pb2

_log = logging.get("process")


class Holding:
    """Report the start, and work for a minute unless stopped."""

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        _log.info("begun")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            time.sleep(0.02)
            if control.cancelled():
                raise TaskCancelledError
        return b""


async def worker(settings: ServiceSettings, supervisor: Supervisor) -> None:
    delivery = Delivery(ack_wait_seconds=3, max_deliver=2)
    client = await bus.connect(settings.nats_url.get_secret_value(), name="process")
    objects = SignedObjects(DiskReserve(None, reserve_bytes=0))
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


if __name__ == "__main__":
    run("process", load(ServiceSettings), worker)
