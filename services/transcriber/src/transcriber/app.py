"""Composition root of the api process: connect, put everything together, serve, shut down."""

import contextlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus
from common.admin import Administrators
from common.background.registry import Background, Loop, Work
from common.bus import Delivery
from common.connections import Connections, connect
from common.erasure_ledger import ErasureLedger
from common.errors import TimedOutError, UnavailableError
from common.events import EventPublisher
from common.grpc_server import AddToServer
from common.least_rate import LeastRate
from common.objects import ObjectStore
from common.postgres import Database, migrate
from common.runtime import Supervisor, eventually
from common.signed_objects import UrlSigner
from common.upload_places import PlaceLimits
from securetranscribe.v1 import (
    admin_pb2_grpc,
    queue_pb2_grpc,
    transcript_pb2_grpc,
    transcription_pb2_grpc,
)
from transcriber.api import admin_servicer
from transcriber.api.admin_servicer import AdminDependencies, AdminServicer
from transcriber.api.preferences import SessionPreferences
from transcriber.api.priorities import PriorityRule
from transcriber.api.queue_servicer import QueueServicer
from transcriber.api.transcript_servicer import TranscriptServicer
from transcriber.api.transcription_servicer import (
    ACCESS,
    TranscriptionDependencies,
    TranscriptionServicer,
)
from transcriber.api.watch import ChangeHub
from transcriber.names.assignment import SpeakerNames
from transcriber.names.clips import ClipStep, ClipStore
from transcriber.names.follow_up import DecisionsStep, NamesStep
from transcriber.names.profile_follower import ProfileFollower
from transcriber.names.speakers_client import SpeakersClient
from transcriber.names.suggestion import NameSuggestions
from transcriber.outbox.relay import JobOutboxRelay
from transcriber.queue.admission import Admission, Quotas
from transcriber.queue.announcer import QueueAnnouncer
from transcriber.queue.cancellation import JobCanceller
from transcriber.queue.dispatcher import Dispatcher
from transcriber.queue.job_start import JobStarter
from transcriber.queue.overdue import OverdueStep
from transcriber.queue.progress import ProgressRecorder
from transcriber.queue.queue_status import QueueMonitor
from transcriber.queue.reconciler import LostTaskStep
from transcriber.queue.results import ResultStep
from transcriber.queue.workers import WorkerRegistry
from transcriber.recordings.cleanup import RecordingStep, StaleUploadStep, forget_dead_tasks
from transcriber.recordings.deletion import Deleter, DeletionStep
from transcriber.recordings.examination import Examiner
from transcriber.recordings.expiry import ExpiryWarningStep, RetentionStep
from transcriber.recordings.ledger import LedgerStep, LedgerWriter
from transcriber.recordings.reading import RecordingReader
from transcriber.recordings.replay import ReplayStep
from transcriber.recordings.upload import Uploader, UploadLimits
from transcriber.recordings.workspaces import WorkspaceEraser
from transcriber.settings import ApiSettings
from transcriber.store.outbox import SOURCE
from transcriber.store.tasks import ProgressReport
from transcriber.store.transcriptions import Transcriptions
from transcriber.transcripts.completion import MergeStep
from transcriber.transcripts.editor import TranscriptEditor
from transcriber.transcripts.replacements import Replacements
from transcriber.wakeups import WakeUps

_THREADS = 4
Listener = Callable[[Client], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Connections of the process."""

    connections: Connections
    database: Database
    objects: ObjectStore
    speakers: SpeakersClient
    preferences: SessionPreferences

    @property
    def client(self) -> Client:
        """The connection to NATS."""
        return self.connections.client

    @property
    def stream(self) -> JetStreamContext:
        """JetStream on the same connection."""
        return self.connections.stream


@dataclass(frozen=True, kw_only=True)
class Core:
    """Objects that the rest of the process shares."""

    settings: ApiSettings
    servers: Servers
    threads: ThreadPoolExecutor
    wake_ups: WakeUps
    workers: WorkerRegistry
    monitor: QueueMonitor
    admission: Admission
    recorder: ProgressRecorder
    publisher: EventPublisher
    hub: ChangeHub

    @property
    def delivery(self) -> Delivery:
        """Return how tasks are delivered."""
        return delivery(self.settings)

    @property
    def ledger(self) -> ErasureLedger:
        """Return the ledger of erasures."""
        return ErasureLedger(self.servers.objects, bucket=self.settings.s3_bucket_results)

    @property
    def administrators(self) -> Administrators:
        """Return who may administer."""
        return Administrators(self.settings.admin_token.get_secret_value())

    @property
    def priorities(self) -> PriorityRule:
        """Return who may ask for which priority."""
        return PriorityRule(self.administrators)


@dataclass(frozen=True, kw_only=True)
class Actions:
    """The work behind the RPCs."""

    uploader: Uploader
    starter: JobStarter
    canceller: JobCanceller
    deleter: Deleter
    writer: LedgerWriter
    workspaces: WorkspaceEraser
    clips: ClipStore
    names: SpeakerNames
    suggestions: NameSuggestions


async def serve(settings: ApiSettings, supervisor: Supervisor) -> None:
    """Serve calls and run the queue until the supervisor stops."""
    async with AsyncExitStack() as stack:
        servers = await _connect(settings, stack)
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="audio")
        stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        core = make_core(settings, servers, threads)
        actions = make_actions(core)
        await _erase_again(core, actions)
        background, listeners = make_background(core, actions)
        server = servers.connections.server(
            _services(core, actions), access={**ACCESS, **admin_servicer.ACCESS}
        )
        for listen in listeners:
            await listen(servers.connections.client)
        await server.start()
        background.start(supervisor)
        await server.ready()
        await supervisor.wait()
        await server.not_ready()
        core.hub.close()
        await server.stop(settings.shutdown_grace_seconds)
        # Background steps may be cut off anywhere: their decisions are in the tables.
        await supervisor.cancel()


async def _erase_again(core: Core, actions: Actions) -> None:
    """Erase what a restored backup brought back, and voiceprints that may not be kept any more."""
    replay = make_replay(core, actions)
    await eventually(replay.compare)
    with contextlib.suppress(UnavailableError, TimedOutError):  # The background goes on with it.
        await replay.step()
    if not core.settings.voice_memory:
        async with core.servers.database.transaction() as connection:
            await Transcriptions(connection).forget_voices()


def _services(core: Core, actions: Actions) -> dict[str, AddToServer]:
    transcriptions = make_transcription_servicer(core, actions)
    queue = make_queue_servicer(core, actions)
    admin = make_admin_servicer(core, actions)
    editor = TranscriptEditor(core.servers.database)
    transcripts = TranscriptServicer(
        core.servers.database, editor, Replacements(core.servers.database, editor)
    )
    return {
        "securetranscribe.v1.AdminService": lambda server: (
            admin_pb2_grpc.add_AdminServiceServicer_to_server(admin, server)
        ),
        "securetranscribe.v1.TranscriptionService": lambda server: (
            transcription_pb2_grpc.add_TranscriptionServiceServicer_to_server(
                transcriptions, server
            )
        ),
        "securetranscribe.v1.TranscriptService": lambda server: (
            transcript_pb2_grpc.add_TranscriptServiceServicer_to_server(transcripts, server)
        ),
        "securetranscribe.v1.QueueService": lambda server: (
            queue_pb2_grpc.add_QueueServiceServicer_to_server(queue, server)
        ),
    }


async def _connect(settings: ApiSettings, stack: AsyncExitStack) -> Servers:
    """Connect to all servers, waiting for those that are still starting."""
    database = Database(settings)
    await database.open()
    stack.push_async_callback(database.close)
    await migrate(database, "transcriber")
    objects = ObjectStore(settings)
    stack.callback(objects.close)
    for bucket in (settings.s3_bucket_audio, settings.s3_bucket_results):
        await eventually(partial(objects.check, bucket))
    connections = await connect(settings, stack, service=SOURCE, client_name="transcriber-api")
    await eventually(partial(bus.ensure_streams, connections.stream, delivery(settings)))
    speakers = await stack.enter_async_context(
        connections.channel(settings.speakers_grpc, "speakers")
    )
    return Servers(
        connections=connections,
        database=database,
        objects=objects,
        speakers=SpeakersClient(speakers),
        preferences=SessionPreferences(connections.gateway),
    )


def delivery(settings: ApiSettings) -> Delivery:
    """Return how tasks are delivered."""
    return Delivery(
        ack_wait_seconds=settings.task_ack_wait_seconds, max_deliver=settings.task_max_deliver
    )


def make_core(settings: ApiSettings, servers: Servers, threads: ThreadPoolExecutor) -> Core:
    """Create the shared objects. Recordings are decoded on the threads."""
    wake_ups = WakeUps()

    def note_heartbeat(sign: ProgressReport) -> None:
        # The recorder needs the monitor, the monitor the registry, and the registry this.
        recorder.note_heartbeat(sign)

    workers = WorkerRegistry(freed=wake_ups.dispatch, on_task=note_heartbeat)
    monitor = QueueMonitor(servers.database, workers)
    publisher = EventPublisher(servers.client, servers.stream, source=SOURCE)
    recorder = ProgressRecorder(servers.database, monitor, publisher, wake_ups)
    return Core(
        settings=settings,
        servers=servers,
        threads=threads,
        wake_ups=wake_ups,
        workers=workers,
        monitor=monitor,
        admission=Admission(
            monitor, _quotas(settings), secret_key=settings.secret_key.get_secret_value()
        ),
        recorder=recorder,
        publisher=publisher,
        hub=ChangeHub(),
    )


def _quotas(settings: ApiSettings) -> Quotas:
    return Quotas(
        queue_size=settings.queue_size,
        queue_share=settings.queue_share,
        address_share=settings.queue_share_per_address,
        stored_bytes=settings.max_stored_bytes,
        queued_seconds=settings.max_queued_duration,
        address_stored_bytes=settings.max_stored_bytes_per_address,
        address_queued_seconds=settings.max_queued_duration_per_address,
    )


def make_actions(core: Core) -> Actions:
    """Create the objects behind the RPCs."""
    settings, servers = core.settings, core.servers
    database, objects = servers.database, servers.objects
    buckets = {
        "bucket_audio": settings.s3_bucket_audio,
        "bucket_results": settings.s3_bucket_results,
    }
    starter = JobStarter(database, core.admission, core.wake_ups)
    canceller = JobCanceller(database, servers.stream, core.wake_ups)
    clips = ClipStore(database, objects, core.threads, **buckets)
    writer = LedgerWriter(database, core.ledger)
    deleter = Deleter(database, objects, servers.speakers, canceller, writer, **buckets)
    limits = UploadLimits(
        max_file_size=settings.max_file_size,
        rate=LeastRate.of(settings),
        places=PlaceLimits.of(settings),
    )
    examiner = Examiner(
        objects,
        core.threads,
        bucket=settings.s3_bucket_audio,
        seconds=settings.probe_timeout_seconds,
        max_duration=settings.max_duration,
    )
    return Actions(
        uploader=Uploader(
            database,
            objects,
            starter,
            core.admission,
            examiner,
            bucket=settings.s3_bucket_audio,
            limits=limits,
            voice_memory=settings.voice_memory,
        ),
        starter=starter,
        canceller=canceller,
        deleter=deleter,
        writer=writer,
        workspaces=WorkspaceEraser(database, servers.stream, deleter, writer),
        clips=clips,
        names=SpeakerNames(database, servers.speakers, clips, core.wake_ups),
        suggestions=NameSuggestions(database, servers.speakers),
    )


def make_background(core: Core, actions: Actions) -> tuple[Background, tuple[Listener, ...]]:
    """Create the registry of background steps, and the subscriptions that feed them."""
    settings, servers, wake_ups = core.settings, core.servers, core.wake_ups
    database, stream, suggestions = servers.database, servers.stream, actions.suggestions
    announcer = QueueAnnouncer(database, core.monitor, core.publisher, wake_ups.queue)
    lost = _lost_tasks(core)
    signer = UrlSigner(settings, endpoint=settings.s3_worker_endpoint)
    overdue = OverdueStep(database, wake_ups, processing_timeout=settings.processing_timeout)
    uploads = StaleUploadStep(database, servers.objects, bucket=settings.s3_bucket_audio)
    recordings = RecordingStep(
        database,
        servers.objects,
        bucket=settings.s3_bucket_audio,
        retention=settings.retention,
    )
    retention = RetentionStep(database, actions.deleter, retention=settings.retention)
    warnings = ExpiryWarningStep(database, retention=settings.retention)
    background = Background(
        database,
        (
            Work(
                step=JobOutboxRelay(database, servers.client, stream),
                every=1.0,
                wake_up=wake_ups.outbox,
            ),
            Work(
                step=Dispatcher(database, core.workers, wake_ups, signer=signer),
                every=1.0,
                wake_up=wake_ups.dispatch,
            ),
            Work(step=_merges(core, suggestions), every=1.0, wake_up=wake_ups.settle),
            Work(step=core.recorder, every=1.0, wake_up=wake_ups.progress),
            Work(step=ResultStep(database, stream, core.delivery, wake_ups), every=0.0),
            Work(step=ProfileFollower(database, stream), every=0.0),
            Work(step=overdue, every=5.0),
            Work(step=lost, every=5.0),
            Work(step=ClipStep(database, actions.clips), every=5.0, wake_up=wake_ups.clips),
            Work(step=NamesStep(database, suggestions, wake_ups.outbox), every=5.0),
            Work(step=DecisionsStep(database, actions.names), every=5.0),
            Work(step=DeletionStep(database, actions.deleter), every=5.0),
            Work(step=uploads, every=10.0),
            Work(step=recordings, every=10.0),
            Work(step=warnings, every=60.0),
            Work(step=retention, every=60.0),
            Work(step=LedgerStep(database, actions.writer), every=5.0),
            Work(step=make_replay(core, actions), every=30.0),
        ),
        (
            Loop(name="queue", take=announcer.step, every=10.0, wake_up=wake_ups.queue),
            Loop(name="dead-tasks", take=partial(forget_dead_tasks, database), every=3600.0),
        ),
    )
    listeners = (
        core.workers.listen,
        core.recorder.listen,
        core.hub.listen,
        lost.listen,
        announcer.listen,
    )
    return background, listeners


def make_transcription_servicer(core: Core, actions: Actions) -> TranscriptionServicer:
    """Create the servicer of TranscriptionService."""
    return TranscriptionServicer(
        TranscriptionDependencies(
            database=core.servers.database,
            uploader=actions.uploader,
            starter=actions.starter,
            deleter=actions.deleter,
            names=actions.names,
            clips=actions.clips,
            monitor=core.monitor,
            hub=core.hub,
            preferences=core.servers.preferences,
            retention=core.settings.retention,
            workspaces=actions.workspaces,
            priorities=core.priorities,
            recordings=RecordingReader(core.servers.objects, bucket=core.settings.s3_bucket_audio),
        )
    )


def make_queue_servicer(core: Core, actions: Actions) -> QueueServicer:
    """Create the servicer of QueueService."""
    return QueueServicer(
        core.servers.database,
        core.monitor,
        actions.canceller,
        core.wake_ups,
        core.priorities,
        quotas=core.admission.quotas,
    )


def make_admin_servicer(core: Core, actions: Actions) -> AdminServicer:
    """Create the servicer of AdminService."""
    return AdminServicer(
        AdminDependencies(
            administrators=core.administrators,
            database=core.servers.database,
            deleter=actions.deleter,
            workspaces=actions.workspaces,
            speakers=core.servers.speakers,
            retention=core.settings.retention,
        )
    )


def make_replay(core: Core, actions: Actions) -> ReplayStep:
    """Create the step that repeats erasures after a restore."""
    return ReplayStep(
        core.servers.database,
        core.ledger,
        actions.deleter,
        actions.workspaces,
        core.servers.speakers,
    )


def _merges(core: Core, suggestions: NameSuggestions) -> MergeStep:
    return MergeStep(
        core.servers.database,
        core.servers.objects,
        suggestions,
        core.wake_ups,
        core.threads,
        bucket_results=core.settings.s3_bucket_results,
    )


def _lost_tasks(core: Core) -> LostTaskStep:
    return LostTaskStep(
        core.servers.database,
        core.servers.stream,
        core.servers.objects,
        core.workers,
        core.wake_ups,
        delivery=core.delivery,
        bucket_results=core.settings.s3_bucket_results,
    )
