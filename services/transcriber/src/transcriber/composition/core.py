"""Connections and shared objects of the api process."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus
from common.admin import Administrators
from common.bus import Delivery
from common.connections import Connections, connect
from common.encryption.key_holders import KeyHolder
from common.erasure_ledger import ErasureLedger
from common.events import EventPublisher
from common.grpc_client import channel
from common.maintenance import ItemsOfService, ItemSource
from common.objects import ObjectStore
from common.postgres import Database, migrate
from common.runtime import eventually
from common.signed_objects import UrlSigner
from common.signing import CallSigner
from transcriber.api.preferences import SessionPreferences
from transcriber.api.priorities import PriorityRule
from transcriber.api.session_ends import SessionEnds
from transcriber.api.speech_models import SpeechModels
from transcriber.api.watch import ChangeHub
from transcriber.encryption.key_ring import KeyRing
from transcriber.encryption.start import check_keys
from transcriber.live.recognizer import LiveRecognizer
from transcriber.live.voice_client import VoiceClient
from transcriber.names.speakers_client import SpeakersClient
from transcriber.queue.admission import Admission, Quotas
from transcriber.queue.progress import ProgressRecorder
from transcriber.queue.queue_status import QueueMonitor
from transcriber.queue.task_issue import TaskIssuer
from transcriber.queue.workers import WorkerRegistry
from transcriber.search.embedder_client import Embedder, EmbedderClient
from transcriber.settings import ApiSettings
from transcriber.sharing.access import TranscriptionAccess
from transcriber.store.outbox import SOURCE
from transcriber.store.tasks import ProgressReport
from transcriber.transcripts.word_times import Aligner, AlignerClient
from transcriber.wakeups import WakeUps


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Connections of the process."""

    connections: Connections
    database: Database
    objects: ObjectStore
    speakers: SpeakersClient
    preferences: SessionPreferences
    aligner: Aligner
    recognizer: LiveRecognizer
    voices: VoiceClient
    embedder: Embedder | None = None
    sessions: SessionEnds
    #: Ciphers of objects, and the holder of the deployment's key, if there is one.
    keys: KeyRing
    holder: KeyHolder | None = None
    #: Items that other services have set aside, by name of the service.
    items: Mapping[str, ItemSource] = field(default_factory=dict)

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
    """Shared objects of the process."""

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
    access: TranscriptionAccess

    @property
    def delivery(self) -> Delivery:
        """Return how tasks are delivered."""
        return delivery(self.settings)

    @property
    def ledger(self) -> ErasureLedger:
        """Return the ledger of erasures."""
        return ErasureLedger(self.servers.objects, bucket=self.settings.s3_bucket_results)

    @property
    def issuer(self) -> TaskIssuer:
        """Return the maker of messages of tasks."""
        settings = self.settings
        return TaskIssuer(
            UrlSigner(settings, endpoint=settings.s3_worker_endpoint),
            self.servers.keys,
            bucket_audio=settings.s3_bucket_audio,
            bucket_results=settings.s3_bucket_results,
            secret_key=settings.secret_key.get_secret_value(),
            playback=settings.playback_copy,
        )

    @property
    def administrators(self) -> Administrators:
        """Return who may administer."""
        return Administrators(self.settings.admin_token.get_secret_value())

    @property
    def priorities(self) -> PriorityRule:
        """Return who may ask for which priority."""
        return PriorityRule(self.administrators)

    @property
    def models(self) -> SpeechModels:
        """Return the models that can be requested."""
        return SpeechModels(self.workers)


async def connect_servers(settings: ApiSettings, stack: AsyncExitStack) -> Servers:
    """Connect to all servers, waiting for those still starting."""
    database = Database(settings)
    await database.open()
    stack.push_async_callback(database.close)
    await migrate(database, "transcriber")
    holder = settings.key_holder
    await eventually(partial(check_keys, database, holder))
    keys = KeyRing(
        database,
        holder,
        bucket_audio=settings.s3_bucket_audio,
        encrypting=settings.encryption,
    )
    objects = ObjectStore(settings, keys=keys)
    stack.callback(objects.close)
    for bucket in (settings.s3_bucket_audio, settings.s3_bucket_results):
        await eventually(partial(objects.check, bucket))
    connections = await connect(settings, stack, service=SOURCE, client_name="transcriber-api")
    await eventually(partial(bus.ensure_streams, connections.stream, delivery(settings)))
    speakers = await stack.enter_async_context(
        connections.channel(settings.speakers_grpc, "speakers")
    )
    speech = await stack.enter_async_context(
        connections.channel(settings.speech_grpc, "transcriber-worker")
    )
    # A traced channel does not support writing a stream message by message.
    streams = await stack.enter_async_context(channel(settings, settings.speech_grpc, traced=False))
    diarizer = await stack.enter_async_context(
        connections.channel(settings.diarizer_grpc, "diarizer")
    )
    gateway = await stack.enter_async_context(connections.channel(settings.gateway_grpc, "gateway"))
    return Servers(
        connections=connections,
        database=database,
        objects=objects,
        holder=holder,
        keys=keys,
        speakers=SpeakersClient(speakers),
        preferences=SessionPreferences(connections.gateway),
        sessions=SessionEnds(gateway),
        items={"speakers": ItemsOfService(speakers), "gateway": ItemsOfService(gateway)},
        aligner=AlignerClient(speech),
        recognizer=LiveRecognizer(
            streams, CallSigner(settings.secret_key.get_secret_value(), SOURCE)
        ),
        voices=VoiceClient(diarizer),
        embedder=await _embedder(settings, connections, stack),
    )


async def _embedder(
    settings: ApiSettings, connections: Connections, stack: AsyncExitStack
) -> Embedder | None:
    """Return the client of the embedder, None if the search by meaning is turned off."""
    if not settings.semantic_search:
        return None
    channel = connections.channel(settings.embedder_grpc, "transcriber-embedder")
    return EmbedderClient(await stack.enter_async_context(channel))


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
        access=TranscriptionAccess(servers.database),
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
