"""The composition of every kind of worker: models, tasks, direct calls, and shutdown."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar
from uuid import uuid4

import nats.errors
from nats.aio.client import Client
from pydantic import BeforeValidator, Field

from common import bus, gpu
from common.auth import Access
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
#: Recordings at a time that a worker with a card takes by default.
_ON_GPU = 4
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
    worker_batch: int = Field(0, ge=0, le=64)

    @property
    def device(self) -> Literal["cpu", "cuda"]:
        """Where models run, as their libraries call it."""
        return "cuda" if self.use_gpu else "cpu"

    @property
    def at_once(self) -> int:
        """Recordings at a time. A CPU gains nothing by several."""
        return self.worker_batch or (_ON_GPU if self.use_gpu else 1)


@dataclass(frozen=True, kw_only=True)
class WorkerKind(Generic[Engine]):
    """One kind of worker.

    `models` returns the names of the models that a task can request. `at_once` returns how many
    recordings the engine takes at a time. `longest_piece` is the longest piece of sound, in
    seconds, between two reports of progress of its engine. `access` tells who may call a method,
    sessions without it.
    """

    name: str
    stage: str
    failure: type[ApplicationError]
    load: Callable[[], Engine]
    handler: Callable[[Engine], TaskHandler]
    services: Callable[[Engine, Inference], Services]
    at_once: Callable[[Engine], int] = lambda _engine: 1
    models: Callable[[Engine], Sequence[str]] = lambda _engine: ()
    longest_piece: float = 600.0
    access: Mapping[str, Access] = field(default_factory=dict)


async def serve(settings: WorkerSettings, supervisor: Supervisor, kind: WorkerKind[Engine]) -> None:
    """Load the models, work and answer until the supervisor stops, then end in order."""
    async with AsyncExitStack() as stack:
        memory = MemoryLimit.of_setting(settings.worker_memory_limit)
        inference = Inference(kind.name, patience=_patience(settings, kind), memory=memory)
        stack.callback(inference.close)
        engine = await inference.load(kind.load)
        at_once = min(settings.at_once, kind.at_once(engine))
        inference.widen(at_once)
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

        server = connections.server(
            kind.services(engine, inference), limits=WORKER_LIMITS, access=kind.access
        )
        workers = [
            TaskWorker(
                client=client,
                stream=stream,
                objects=objects,
                handler=kind.handler(engine),
                inference=inference,
                options=options,
            )
            for options in _options(settings, kind, delivery, at_once, kind.models(engine))
        ]
        await server.start()
        stack.push_async_callback(server.stop, settings.shutdown_grace_seconds)
        working = [supervisor.start("tasks", worker.run()) for worker in workers]
        for worker in workers:
            supervisor.start("heartbeat", worker.heartbeat())
        supervisor.start("replacement", _replace(inference, workers, client))
        supervisor.start("event-loop", replacement.watch_event_loop())
        await server.ready()
        await supervisor.wait()
        await server.not_ready()
        await asyncio.gather(*(worker.stop() for worker in workers))
        await asyncio.gather(*working)


async def _replace(inference: Inference, workers: Sequence[TaskWorker], client: Client) -> None:
    """End the process once it cannot go on and its tasks are settled."""
    await inference.replacement.wait()
    await asyncio.gather(*(worker.retire() for worker in workers))
    with suppress(nats.errors.Error, TimeoutError):
        await client.flush(timeout=2)
    replacement.end_process()


def _patience(settings: WorkerSettings, kind: WorkerKind[Engine]) -> Patience:
    return Patience(always=settings.task_stall_seconds, longest_piece=kind.longest_piece)


def _options(
    settings: WorkerSettings,
    kind: WorkerKind[Engine],
    delivery: Delivery,
    at_once: int,
    models: Sequence[str],
) -> list[WorkerOptions]:
    """Return the options of each worker of this process: one per recording at a time."""
    first = WorkerOptions(
        worker_id=settings.worker_id,
        stage=kind.stage,
        device=settings.device,
        failure=kind.failure,
        delivery=delivery,
        shutdown_grace_seconds=settings.shutdown_grace_seconds,
        models=tuple(models),
    )
    others = range(2, at_once + 1)
    return [first, *(replace(first, worker_id=f"{first.worker_id}-{n}") for n in others)]
