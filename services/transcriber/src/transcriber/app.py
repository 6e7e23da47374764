"""Composition of the api process: everything is made here, and ended here in order."""

import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus, sessions
from common.auth import CachedAuthenticator, CallAuthenticator
from common.bus import Delivery
from common.events import EventPublisher
from common.grpc_client import channel
from common.grpc_server import GrpcServer
from common.identity import ServiceSigner
from common.objects import ObjectStore
from common.postgres import Database, migrate
from common.runtime import Supervisor, eventually
from common.sessions import SessionServiceAuthenticator
from securetranscribe.v1 import queue_pb2_grpc, transcription_pb2_grpc
from transcriber import speakers_client
from transcriber.assigning import SpeakerNames
from transcriber.background.bells import Bell, Bells, repeat
from transcriber.background.completion import Completer
from transcriber.background.dispatcher import Dispatcher
from transcriber.background.fleet import Fleet
from transcriber.background.housekeeping import Housekeeper
from transcriber.background.outbox_relay import OutboxRelay
from transcriber.background.profile_follower import ProfileFollower
from transcriber.background.progress_recorder import ProgressRecorder
from transcriber.background.queue_announcer import QueueAnnouncer
from transcriber.background.reconciler import Reconciler
from transcriber.background.results import ResultsConsumer
from transcriber.cancelling import JobCanceller
from transcriber.clips import ClipStore
from transcriber.deleting import Deleter
from transcriber.preferences import SessionPreferences
from transcriber.queue_servicer import QueueServicer
from transcriber.queue_view import QueueView
from transcriber.settings import ApiSettings
from transcriber.speakers_client import SpeakersClient
from transcriber.starting import JobStarter
from transcriber.store.outbox import SOURCE
from transcriber.transcription_servicer import TranscriptionParts, TranscriptionServicer
from transcriber.uploads import Uploader, UploadLimits
from transcriber.watching import ChangeHub

_SERVICES = ("securetranscribe.v1.TranscriptionService", "securetranscribe.v1.QueueService")
_THREADS = 4


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Connections to what the process works with."""

    database: Database
    objects: ObjectStore
    client: Client
    stream: JetStreamContext
    signer: ServiceSigner
    speakers: SpeakersClient
    preferences: SessionPreferences
    tokens: CachedAuthenticator


@dataclass(frozen=True, kw_only=True)
class BackgroundWork:
    """A step that is taken when its bell rings, and regularly (seconds)."""

    name: str
    step: Callable[[], Awaitable[None]]
    bell: Bell
    every: float


async def serve(settings: ApiSettings, supervisor: Supervisor) -> None:
    """Answers calls and looks after jobs until the supervisor stops."""
    async with AsyncExitStack() as stack:
        servers = await _connect(settings, stack)
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="audio")
        stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        parts = _Parts(settings, servers, threads)
        server = GrpcServer(
            settings,
            services={
                _SERVICES[0]: lambda to: (
                    transcription_pb2_grpc.add_TranscriptionServiceServicer_to_server(
                        parts.transcriptions, to
                    )
                ),
                _SERVICES[1]: lambda to: queue_pb2_grpc.add_QueueServiceServicer_to_server(
                    parts.queue, to
                ),
            },
            authenticator=CallAuthenticator(
                tokens=servers.tokens, signer=servers.signer, access={}
            ),
        )
        await parts.listen(servers.client)
        await server.start()
        for work in parts.work:
            supervisor.start(
                work.name, repeat(work.name, work.step, bell=work.bell, every_seconds=work.every)
            )
        await server.ready()
        await supervisor.wait()
        await server.not_ready()
        parts.hub.close()
        await server.stop(settings.shutdown_grace_seconds)
        # Everything in the background may be cut off anywhere: what it decided is in the tables.
        await supervisor.cancel()


async def _connect(settings: ApiSettings, stack: AsyncExitStack) -> Servers:
    """Connects to all servers, waiting for those that are still starting."""
    database = Database(settings)
    await database.open()
    stack.push_async_callback(database.close)
    await migrate(database, "transcriber")
    objects = ObjectStore(settings)
    stack.callback(objects.close)
    for bucket in (settings.s3_bucket_audio, settings.s3_bucket_results):
        await eventually(partial(objects.check, bucket))
    client = await bus.connect(settings.nats_url.get_secret_value(), name="transcriber-api")
    stack.push_async_callback(bus.close, client)
    stream = client.jetstream()
    await eventually(partial(bus.ensure_streams, stream, _delivery(settings)))
    gateway = await stack.enter_async_context(channel(settings, settings.gateway_grpc))
    speakers = await stack.enter_async_context(
        channel(settings, settings.speakers_grpc, idempotent=speakers_client.IDEMPOTENT)
    )
    signer = ServiceSigner(settings.secret_key.get_secret_value(), SOURCE)
    tokens = CachedAuthenticator(
        SessionServiceAuthenticator(gateway), settings.session_cache_seconds
    )
    await sessions.forget_revoked(client, tokens)
    return Servers(
        database=database,
        objects=objects,
        client=client,
        stream=stream,
        signer=signer,
        speakers=SpeakersClient(speakers, signer),
        preferences=SessionPreferences(gateway),
        tokens=tokens,
    )


def _delivery(settings: ApiSettings) -> Delivery:
    return Delivery(
        ack_wait_seconds=settings.task_ack_wait_seconds, max_deliver=settings.task_max_deliver
    )


class _Parts:
    """What the process consists of, put together."""

    def __init__(
        self, settings: ApiSettings, servers: Servers, threads: ThreadPoolExecutor
    ) -> None:
        database, objects, stream = servers.database, servers.objects, servers.stream
        audio, results = settings.s3_bucket_audio, settings.s3_bucket_results
        bells = Bells()
        self.hub = ChangeHub()
        publisher = EventPublisher(servers.client, stream, source=SOURCE)
        self._fleet = Fleet(freed=bells.dispatch, at_work=self._at_work)
        view = QueueView(database, self._fleet)
        self._recorder = ProgressRecorder(database, view, publisher, bells)
        clips = ClipStore(database, objects, threads, bucket_audio=audio, bucket_results=results)
        names = SpeakerNames(database, servers.speakers, clips, bells)
        canceller = JobCanceller(database, stream, bells)
        deleter = Deleter(
            database,
            objects,
            servers.speakers,
            canceller,
            bucket_audio=audio,
            bucket_results=results,
        )
        starter = JobStarter(database, view, bells, queue_size=settings.queue_size)
        self._reconciler = Reconciler(
            database,
            stream,
            objects,
            self._fleet,
            bells,
            delivery=_delivery(settings),
            bucket_results=results,
            processing_timeout=settings.processing_timeout,
        )
        self._announcer = QueueAnnouncer(database, view, publisher, bells.queue)
        completer = Completer(
            database,
            objects,
            names,
            bells,
            threads,
            owner=f"{socket.gethostname()}-{uuid4().hex[:8]}",
            bucket_results=results,
        )
        housekeeper = Housekeeper(
            database, objects, bucket_audio=audio, cleanup_delay=settings.cleanup_delay
        )
        relay = OutboxRelay(database, servers.client, stream)
        dispatcher = Dispatcher(database, self._fleet, bells)
        consumer = ResultsConsumer(database, stream, _delivery(settings), bells)
        follower = ProfileFollower(database, stream)
        self.work = (
            _work("outbox", relay.step, bells.outbox, 1.0),
            _work("dispatcher", dispatcher.step, bells.dispatch, 1.0),
            _work("completer", completer.step, bells.settle, 1.0),
            _work("progress", self._recorder.step, bells.progress, 1.0),
            _work("results", consumer.step, Bell(), 0.0),
            _work("profiles", follower.step, Bell(), 0.0),
            _work("queue", self._announcer.step, bells.queue, 10.0),
            _work("reconciler", self._reconciler.step, Bell(), 5.0),
            _work("clips", clips.step, bells.clips, 5.0),
            _work("names", names.recognise_due, Bell(), 5.0),
            _work("decisions", names.tell_due, Bell(), 5.0),
            _work("deletions", deleter.step, Bell(), 5.0),
            _work("housekeeping", housekeeper.step, Bell(), 30.0),
        )
        self.transcriptions = TranscriptionServicer(
            TranscriptionParts(
                database=database,
                uploader=Uploader(
                    database,
                    objects,
                    starter,
                    threads,
                    bucket=audio,
                    limits=UploadLimits(
                        max_file_size=settings.max_file_size,
                        idle_seconds=settings.upload_idle_seconds,
                        probe_seconds=settings.probe_timeout_seconds,
                    ),
                ),
                starter=starter,
                deleter=deleter,
                names=names,
                clips=clips,
                view=view,
                hub=self.hub,
                preferences=servers.preferences,
            )
        )
        self.queue = QueueServicer(database, view, canceller, bells, capacity=settings.queue_size)

    async def listen(self, client: Client) -> None:
        """Hears from now on what workers, replicas and other services say."""
        await self._fleet.listen(client)
        await self._recorder.listen(client)
        await self._reconciler.listen(client)
        await self._announcer.listen(client)
        await self.hub.listen(client)

    def _at_work(self, task_id: str, worker_id: str) -> None:
        self._recorder.note_heartbeat(task_id, worker_id)


def _work(
    name: str, step: Callable[[], Awaitable[None]], bell: Bell, every: float
) -> BackgroundWork:
    return BackgroundWork(name=name, step=step, bell=bell, every=every)
