"""What the api process consists of, put together around its connections."""

import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

from nats.aio.client import Client
from nats.js import JetStreamContext

from common.auth import CachedAuthenticator
from common.bus import Delivery
from common.events import EventPublisher
from common.identity import ServiceSigner
from common.objects import ObjectStore
from common.postgres import Database
from transcriber.api.preferences import SessionPreferences
from transcriber.api.queue_servicer import QueueServicer
from transcriber.api.transcription_servicer import TranscriptionParts, TranscriptionServicer
from transcriber.api.watch import ChangeHub
from transcriber.names.assignment import SpeakerNames
from transcriber.names.clips import ClipStore
from transcriber.names.profile_follower import ProfileFollower
from transcriber.names.speakers_client import SpeakersClient
from transcriber.outbox.relay import OutboxRelay
from transcriber.queue.announcer import QueueAnnouncer
from transcriber.queue.cancellation import JobCanceller
from transcriber.queue.dispatcher import Dispatcher
from transcriber.queue.job_start import JobStarter
from transcriber.queue.progress import ProgressRecorder
from transcriber.queue.queue_status import QueueView
from transcriber.queue.reconciler import Reconciler
from transcriber.queue.results import ResultsConsumer
from transcriber.queue.workers import Fleet
from transcriber.recordings.cleanup import Housekeeper
from transcriber.recordings.deletion import Deleter
from transcriber.recordings.upload import Uploader, UploadLimits
from transcriber.settings import ApiSettings
from transcriber.store.outbox import SOURCE
from transcriber.transcripts.completion import Completer
from transcriber.wakeups import Bell, Bells


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
class Core:
    """What everything else shares."""

    settings: ApiSettings
    servers: Servers
    threads: ThreadPoolExecutor
    bells: Bells
    fleet: Fleet
    view: QueueView
    recorder: ProgressRecorder
    publisher: EventPublisher
    hub: ChangeHub

    @property
    def delivery(self) -> Delivery:
        """How tasks are delivered."""
        return delivery(self.settings)


@dataclass(frozen=True, kw_only=True)
class Actions:
    """What callers can have done."""

    uploader: Uploader
    starter: JobStarter
    canceller: JobCanceller
    deleter: Deleter
    clips: ClipStore
    names: SpeakerNames


@dataclass(frozen=True, kw_only=True)
class BackgroundWork:
    """A step that is taken when its bell rings, and regularly (seconds)."""

    name: str
    step: Callable[[], Awaitable[None]]
    bell: Bell
    every: float


@dataclass(frozen=True, kw_only=True)
class Background:
    """What goes on beside the calls."""

    work: tuple[BackgroundWork, ...]
    listeners: tuple[Callable[[Client], Awaitable[None]], ...]


def delivery(settings: ApiSettings) -> Delivery:
    """How tasks are delivered."""
    return Delivery(
        ack_wait_seconds=settings.task_ack_wait_seconds, max_deliver=settings.task_max_deliver
    )


def make_core(settings: ApiSettings, servers: Servers, threads: ThreadPoolExecutor) -> Core:
    """Puts together what everything else shares; recordings are looked into on the threads."""
    bells = Bells()

    def at_work(task_id: str, worker_id: str) -> None:
        # The recorder needs the view, the view the fleet, and the fleet this.
        recorder.note_heartbeat(task_id, worker_id)

    fleet = Fleet(freed=bells.dispatch, at_work=at_work)
    view = QueueView(servers.database, fleet)
    publisher = EventPublisher(servers.client, servers.stream, source=SOURCE)
    recorder = ProgressRecorder(servers.database, view, publisher, bells)
    return Core(
        settings=settings,
        servers=servers,
        threads=threads,
        bells=bells,
        fleet=fleet,
        view=view,
        recorder=recorder,
        publisher=publisher,
        hub=ChangeHub(),
    )


def make_actions(core: Core) -> Actions:
    """Puts together what callers can have done."""
    settings, servers = core.settings, core.servers
    database, objects = servers.database, servers.objects
    buckets = {
        "bucket_audio": settings.s3_bucket_audio,
        "bucket_results": settings.s3_bucket_results,
    }
    starter = JobStarter(database, core.view, core.bells, queue_size=settings.queue_size)
    canceller = JobCanceller(database, servers.stream, core.bells)
    clips = ClipStore(database, objects, core.threads, **buckets)
    limits = UploadLimits(
        max_file_size=settings.max_file_size,
        idle_seconds=settings.upload_idle_seconds,
        probe_seconds=settings.probe_timeout_seconds,
    )
    return Actions(
        uploader=Uploader(
            database,
            objects,
            starter,
            core.threads,
            bucket=settings.s3_bucket_audio,
            limits=limits,
        ),
        starter=starter,
        canceller=canceller,
        deleter=Deleter(database, objects, servers.speakers, canceller, **buckets),
        clips=clips,
        names=SpeakerNames(database, servers.speakers, clips, core.bells),
    )


def make_background(core: Core, actions: Actions) -> Background:
    """Puts together what goes on beside the calls."""
    settings, servers, bells = core.settings, core.servers, core.bells
    database, stream = servers.database, servers.stream
    relay = OutboxRelay(database, servers.client, stream)
    dispatcher = Dispatcher(database, core.fleet, bells)
    consumer = ResultsConsumer(database, stream, core.delivery, bells)
    announcer = QueueAnnouncer(database, core.view, core.publisher, bells.queue)
    reconciler = _reconciler(core)
    housekeeper = Housekeeper(
        database,
        servers.objects,
        bucket_audio=settings.s3_bucket_audio,
        cleanup_delay=settings.cleanup_delay,
    )
    follower = ProfileFollower(database, stream)
    names = actions.names
    return Background(
        work=(
            _work("outbox", relay.step, bells.outbox, 1.0),
            _work("dispatcher", dispatcher.step, bells.dispatch, 1.0),
            _work("completer", _completer(core, names).step, bells.settle, 1.0),
            _work("progress", core.recorder.step, bells.progress, 1.0),
            _work("results", consumer.step, Bell(), 0.0),
            _work("profiles", follower.step, Bell(), 0.0),
            _work("queue", announcer.step, bells.queue, 10.0),
            _work("reconciler", reconciler.step, Bell(), 5.0),
            _work("clips", actions.clips.step, bells.clips, 5.0),
            _work("names", names.recognise_due, Bell(), 5.0),
            _work("decisions", names.tell_due, Bell(), 5.0),
            _work("deletions", actions.deleter.step, Bell(), 5.0),
            _work("housekeeping", housekeeper.step, Bell(), 10.0),
        ),
        listeners=(
            core.fleet.listen,
            core.recorder.listen,
            core.hub.listen,
            reconciler.listen,
            announcer.listen,
        ),
    )


def make_transcription_servicer(core: Core, actions: Actions) -> TranscriptionServicer:
    """TranscriptionService."""
    return TranscriptionServicer(
        TranscriptionParts(
            database=core.servers.database,
            uploader=actions.uploader,
            starter=actions.starter,
            deleter=actions.deleter,
            names=actions.names,
            clips=actions.clips,
            view=core.view,
            hub=core.hub,
            preferences=core.servers.preferences,
        )
    )


def make_queue_servicer(core: Core, actions: Actions) -> QueueServicer:
    """QueueService."""
    return QueueServicer(
        core.servers.database,
        core.view,
        actions.canceller,
        core.bells,
        capacity=core.settings.queue_size,
    )


def _completer(core: Core, names: SpeakerNames) -> Completer:
    return Completer(
        core.servers.database,
        core.servers.objects,
        names,
        core.bells,
        core.threads,
        owner=f"{socket.gethostname()}-{uuid4().hex[:8]}",
        bucket_results=core.settings.s3_bucket_results,
    )


def _reconciler(core: Core) -> Reconciler:
    return Reconciler(
        core.servers.database,
        core.servers.stream,
        core.servers.objects,
        core.fleet,
        core.bells,
        delivery=core.delivery,
        bucket_results=core.settings.s3_bucket_results,
        processing_timeout=core.settings.processing_timeout,
    )


def _work(
    name: str, step: Callable[[], Awaitable[None]], bell: Bell, every: float
) -> BackgroundWork:
    return BackgroundWork(name=name, step=step, bell=bell, every=every)
