"""The composition that every kind of worker shares: models, tasks, direct calls, and the end."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar
from uuid import uuid4

from pydantic import Field

from common import bus, gpu, sessions
from common.auth import CachedAuthenticator, CallAuthenticator
from common.bus import Delivery
from common.errors import ApplicationError
from common.grpc_client import channel
from common.grpc_server import AddToServer, GrpcServer
from common.identity import ServiceSigner
from common.inference import Inference
from common.objects import ObjectStore
from common.runtime import Supervisor, eventually
from common.sessions import SessionServiceAuthenticator
from common.settings import ObjectSettings, Seconds, ServiceSettings
from common.tasks.worker import TaskHandler, TaskWorker, WorkerOptions

Engine = TypeVar("Engine")
Services = Mapping[str, AddToServer]


class WorkerSettings(ServiceSettings, ObjectSettings):
    """What every worker needs to know."""

    worker_id: str = Field(default_factory=lambda: f"worker-{uuid4().hex[:12]}")
    task_ack_wait_seconds: Seconds = 15
    task_max_deliver: int = Field(4, ge=1, le=20)
    model_dir: Path = Path(".models")
    use_gpu: bool = False
    model_threads: int = Field(0, ge=0, le=256)

    @property
    def device(self) -> Literal["cpu", "cuda"]:
        """Where models run, as their libraries call it."""
        return "cuda" if self.use_gpu else "cpu"


@dataclass(frozen=True, kw_only=True)
class WorkerKind(Generic[Engine]):
    """What makes one kind of worker differ from another."""

    name: str
    stage: str
    failure: type[ApplicationError]
    load: Callable[[], Engine]
    handler: Callable[[Engine], TaskHandler]
    services: Callable[[Engine, Inference], Services]


async def serve(settings: WorkerSettings, supervisor: Supervisor, kind: WorkerKind[Engine]) -> None:
    """Loads the models, works and answers until the supervisor stops, then ends in order."""
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(channel(settings, settings.gateway_grpc))
        tokens = CachedAuthenticator(
            SessionServiceAuthenticator(gateway), settings.session_cache_seconds
        )
        inference = Inference(kind.name)
        stack.callback(inference.close)
        engine = await inference.load(kind.load)
        if settings.use_gpu:
            gpu.watch_memory()

        client = await bus.connect(settings.nats_url.get_secret_value(), name=settings.worker_id)
        stack.push_async_callback(bus.close, client)
        stream = client.jetstream()
        delivery = Delivery(
            ack_wait_seconds=settings.task_ack_wait_seconds, max_deliver=settings.task_max_deliver
        )
        await eventually(lambda: bus.ensure_streams(stream, delivery))
        await sessions.forget_revoked(client, tokens)

        objects = ObjectStore(settings)
        stack.callback(objects.close)
        await eventually(lambda: objects.check(settings.s3_bucket_audio))
        await eventually(lambda: objects.check(settings.s3_bucket_results))

        server = GrpcServer(
            settings,
            services=kind.services(engine, inference),
            authenticator=CallAuthenticator(
                tokens=tokens,
                signer=ServiceSigner(settings.secret_key.get_secret_value(), kind.name),
                access={},
            ),
        )
        worker = TaskWorker(
            client=client,
            stream=stream,
            objects=objects,
            handler=kind.handler(engine),
            executor=inference.executor,
            options=_options(settings, kind, delivery),
        )
        await server.start()
        stack.push_async_callback(server.stop, settings.shutdown_grace_seconds)
        working = supervisor.start("tasks", worker.run())
        supervisor.start("heartbeat", worker.heartbeat())
        await server.ready()
        await supervisor.wait()
        await server.not_ready()
        await worker.stop()
        await working


def _options(
    settings: WorkerSettings, kind: WorkerKind[Engine], delivery: Delivery
) -> WorkerOptions:
    return WorkerOptions(
        worker_id=settings.worker_id,
        stage=kind.stage,
        device=settings.device,
        failure=kind.failure,
        bucket_audio=settings.s3_bucket_audio,
        bucket_results=settings.s3_bucket_results,
        delivery=delivery,
        shutdown_grace_seconds=settings.shutdown_grace_seconds,
    )
