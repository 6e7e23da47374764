"""A worker in its own process that holds every task for a minute."""

import time

from common import bus, logging
from common.bus import Delivery
from common.errors import TranscriptionError
from common.objects import ObjectStore, RangedObject
from common.runtime import Supervisor, run
from common.settings import ObjectSettings, ServiceSettings, load
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


if __name__ == "__main__":
    run("process", load(ServiceSettings), worker)
