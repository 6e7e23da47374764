"""The composition of every kind of worker: models, tasks, direct calls, and shutdown."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar
from uuid import uuid4

import nats.errors
from nats.aio.client import Client
from pydantic import BeforeValidator, Field

from common import bus, gpu
from common.bus import Delivery
from common.call_limits import WORKER_LIMITS
from common.connections import connect
from common.disk_reserve import DiskReserve
from common.errors import ApplicationError
from common.grpc_server import AddToServer
from common.inference import Inference
from common.runtime import Supervisor, eventually
from common.settings import LocalStoreSettings, Seconds, SeparateKeySettings, parse_size
from common.signed_objects import SignedObjects
from common.tasks import replacement
from common.tasks.memory import MemoryLimit
from common.tasks.pace import Patience
from common.tasks.worker import TaskHandler, TaskWorker, WorkerOptions

Engine = TypeVar("Engine")
Services = Mapping[str, AddToServer]
OptionalBytes = Annotated[int, BeforeValidator(parse_size), Field(ge=0)] | None


class WorkerSettings(SeparateKeySettings, LocalStoreSettings):
    """Settings of every worker.

    A worker reads recordings of strangers, so it needs no key but its own: SERVICE_KEY instead of
    SECRET_KEY, and none of the object store. A task has the URLs of its objects.
    """

    worker_id: str = Field(default_factory=lambda: f"worker-{uuid4().hex[:12]}")
    task_ack_wait_seconds: Seconds = 15
    task_max_deliver: int = Field(4, ge=1, le=20)
    task_stall_seconds: Seconds = 60
    direct_call_seconds: Seconds = 300
    worker_memory_limit: OptionalBytes = None
    model_dir: Path = Path(".models")
    use_gpu: bool = False
    model_threads: int = Field(0, ge=0, le=256)

    @property
    def device(self) -> Literal["cpu", "cuda"]:
        """Where models run, as their libraries call it."""
        return "cuda" if self.use_gpu else "cpu"


@dataclass(frozen=True, kw_only=True)
class WorkerKind(Generic[Engine]):
    """One kind of worker.

    `longest_piece` is the longest piece of sound, in seconds, between two reports of progress of
    its engine.
    """

    name: str
    stage: str
    failure: type[ApplicationError]
    load: Callable[[], Engine]
    handler: Callable[[Engine], TaskHandler]
    services: Callable[[Engine, Inference], Services]
    longest_piece: float = 600.0


async def serve(settings: WorkerSettings, supervisor: Supervisor, kind: WorkerKind[Engine]) -> None:
    """Load the models, work and answer until the supervisor stops, then end in order."""
    async with AsyncExitStack() as stack:
        memory = MemoryLimit.of_setting(settings.worker_memory_limit)
        inference = Inference(kind.name, patience=_patience(settings, kind), memory=memory)
        stack.callback(inference.close)
        engine = await inference.load(kind.load)
        memory.check_idle()
        if settings.use_gpu:
            gpu.watch_memory()

        connections = await connect(
            settings, stack, service=kind.name, client_name=settings.worker_id
        )
        client, stream = connections.client, connections.stream
        delivery = Delivery(
            ack_wait_seconds=settings.task_ack_wait_seconds, max_deliver=settings.task_max_deliver
        )
        await eventually(lambda: bus.ensure_tasks(stream, kind.stage, delivery))

        reserve = DiskReserve(settings.s3_local_directory, reserve_bytes=settings.s3_local_reserve)
        objects = SignedObjects(reserve, service_key=settings.call_key(kind.name))
        stack.callback(objects.close)

        server = connections.server(kind.services(engine, inference), limits=WORKER_LIMITS)
        worker = TaskWorker(
            client=client,
            stream=stream,
            objects=objects,
            handler=kind.handler(engine),
            inference=inference,
            options=_options(settings, kind, delivery),
        )
        await server.start()
        stack.push_async_callback(server.stop, settings.shutdown_grace_seconds)
        working = supervisor.start("tasks", worker.run())
        supervisor.start("heartbeat", worker.heartbeat())
        supervisor.start("replacement", _replace(inference, worker, client))
        supervisor.start("event-loop", replacement.watch_event_loop())
        await server.ready()
        await supervisor.wait()
        await server.not_ready()
        await worker.stop()
        await working


async def _replace(inference: Inference, worker: TaskWorker, client: Client) -> None:
    """End the process once it cannot go on and its task is settled."""
    await inference.replacement.wait()
    await worker.retire()
    with suppress(nats.errors.Error, TimeoutError):
        await client.flush(timeout=2)
    replacement.end_process()


def _patience(settings: WorkerSettings, kind: WorkerKind[Engine]) -> Patience:
    return Patience(always=settings.task_stall_seconds, longest_piece=kind.longest_piece)


def _options(
    settings: WorkerSettings, kind: WorkerKind[Engine], delivery: Delivery
) -> WorkerOptions:
    return WorkerOptions(
        worker_id=settings.worker_id,
        stage=kind.stage,
        device=settings.device,
        failure=kind.failure,
        delivery=delivery,
        shutdown_grace_seconds=settings.shutdown_grace_seconds,
    )
