"""Fixtures: an api process on real servers, callers and workers."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
import grpc.aio
import pytest

from common import bus
from common.admin import ADMIN_HEADER
from common.bus import Delivery
from common.client_stream import ClientStream
from common.encryption.key_holders import DeploymentKeys
from common.encryption.object_cipher import ObjectCipher
from common.errors import NotFoundError
from common.grpc_client import unwrap
from common.objects import ObjectStore
from common.postgres import Database
from common.runtime import Supervisor
from common.settings import ObjectSettings
from securetranscribe.v1 import (
    queue_pb2,
    queue_pb2_grpc,
    transcription_pb2,
    transcription_pb2_grpc,
)
from tests.integration.emptying import empty
from tests.integration.serving import healthy, migrated
from tests.integration.transcriber.fakes import Peers, WorkerFactory, chunked, running_peers, wav
from tests.limits import UNLIMITED_FIELDS
from tests.ports import free_port
from transcriber import app
from transcriber.encryption.key_ring import KeyRing
from transcriber.settings import ApiSettings

SECRET = "a secret for tests that is long enough"
ENCRYPTION_KEY = base64.b64encode(bytes(range(32))).decode()
ADMIN_TOKEN = "a token of administrators, long enough"
DELIVERY = Delivery(ack_wait_seconds=2, max_deliver=3)
TABLES = (
    "uploads",
    "early_parts",
    "transcriptions",
    "surveys",
    "jobs",
    "tasks",
    "dead_tasks",
    "outbox",
    "segments",
    "edited_segments",
    "transcript_speakers",
    "transcript_notes",
    "transcript_batches",
    "deletions",
    "erasures",
    "item_attempts",
    "tags",
    "folders",
    "vocabulary_terms",
    "vocabulary_corrections",
    "vocabulary_dismissals",
    "workspace_keys",
    "workspace_settings",
    "data_keys",
    "link_failures",
)
Answer = TypeVar("Answer")


class _Keys(KeyRing):
    """Keys of all transcriptions. Objects that tests write for others are plain."""

    def __init__(self, database: Database) -> None:
        super().__init__(
            database,
            DeploymentKeys.parse(ENCRYPTION_KEY),
            bucket_audio="audio",
            encrypting=True,
        )

    async def reading(self, bucket: str, key: str) -> ObjectCipher | None:
        with contextlib.suppress(NotFoundError):
            return await super().reading(bucket, key)
        return None

    async def writing(self, bucket: str, key: str) -> ObjectCipher | None:
        with contextlib.suppress(NotFoundError):
            return await super().writing(bucket, key)
        return None


@pytest.fixture(scope="session")
async def peers() -> AsyncIterator[Peers]:
    """Run fakes of the other services."""
    async with running_peers() as running:
        yield running


@pytest.fixture(scope="session")
async def database(postgres_url: Callable[[str], str]) -> AsyncIterator[Database]:
    """Open the transcriber's database."""
    async with migrated(postgres_url("transcriber"), "transcriber") as database:
        yield database


@pytest.fixture(scope="session")
async def objects(s3: ObjectSettings, database: Database) -> AsyncIterator[ObjectStore]:
    """Open the object store, with the keys of the apis."""
    store = ObjectStore(s3, keys=_Keys(database))
    yield store
    store.close()


@pytest.fixture(scope="session")
async def client(nats_url: str) -> AsyncIterator[Any]:
    """Connect to NATS."""
    client = await bus.connect(nats_url, name="tests")
    yield client
    await bus.close(client)


async def _purge_streams(client: Any) -> None:
    stream = client.jetstream(timeout=30)
    await bus.ensure_streams(stream, DELIVERY)
    for name in (bus.TASKS_STREAM, bus.RESULTS_STREAM, bus.EVENTS_STREAM):
        await stream.purge_stream(name)


@pytest.fixture(autouse=True)
async def clean(database: Database, objects: ObjectStore, client: Any, peers: Peers) -> None:
    """Remove everything left by earlier tests."""
    await empty(database, *TABLES)
    for bucket in ("audio", "results"):
        await objects.delete_prefix(bucket, "")
    await _purge_streams(client)
    peers.speakers.reset()
    peers.sessions.preferences.clear()
    peers.sessions.ended.clear()


@pytest.fixture
def worker_factory(nats_url: str) -> WorkerFactory:
    """Return a factory of workers."""
    return WorkerFactory(nats_url=nats_url, delivery=DELIVERY, secret=SECRET)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Client of one session."""

    transcriptions: Any
    queue: Any
    metadata: tuple[tuple[str, str], ...]

    async def upload(
        self,
        data: bytes | None = None,
        *,
        filename: str = "talk.wav",
        **config: Any,
    ) -> transcription_pb2.UploadTranscriptionResponse:
        """Upload a file, by default four seconds of a tone."""
        chunks = chunked(wav(4.0) if data is None else data)
        return await self.upload_chunks(chunks, filename=filename, **config)

    async def upload_chunks(
        self, chunks: Iterable[bytes], **config: Any
    ) -> transcription_pb2.UploadTranscriptionResponse:
        """Upload chunks as they are."""
        config.setdefault("auto_start", False)
        config.setdefault("language", "en")

        request = transcription_pb2.UploadTranscriptionRequest
        call = self.transcriptions.UploadTranscription(metadata=self.metadata)
        stream: ClientStream[Any, transcription_pb2.UploadTranscriptionResponse] = ClientStream(
            call
        )
        await stream.write(request(config=transcription_pb2.UploadConfig(**config)))
        for chunk in chunks:
            if not await stream.write(request(chunk=chunk)):
                break
        return await stream.answer()

    async def upload_id(self, data: bytes | None = None, **config: Any) -> int:
        """Upload a file and return the id of its transcription."""
        answer = await self.upload(data, **config)
        return int(answer.transcription.transcription_id)

    async def start(self, transcription_id: int, **request: Any) -> queue_pb2.Job:
        """Start a job."""
        message = transcription_pb2.StartTranscriptionRequest(
            transcription_id=transcription_id, **request
        )
        call = self.transcriptions.StartTranscription(message, metadata=self.metadata)
        job: queue_pb2.Job = (await unwrap(call)).job
        return job

    async def get(
        self, transcription_id: int, *, full: bool = False
    ) -> transcription_pb2.Transcription:
        """Return a transcription."""
        message = transcription_pb2.GetTranscriptionRequest(
            transcription_id=transcription_id,
            view=transcription_pb2.TRANSCRIPTION_VIEW_FULL
            if full
            else transcription_pb2.TRANSCRIPTION_VIEW_BASIC,
        )
        call = self.transcriptions.GetTranscription(message, metadata=self.metadata)
        found: transcription_pb2.Transcription = (await unwrap(call)).transcription
        return found

    async def job(self, job_id: str) -> queue_pb2.Job:
        """Return a job."""
        call = self.queue.GetJob(queue_pb2.GetJobRequest(job_id=job_id), metadata=self.metadata)
        job: queue_pb2.Job = (await unwrap(call)).job
        return job

    async def cancel(self, job_id: str) -> queue_pb2.Job:
        """Cancel a job."""
        message = queue_pb2.CancelJobRequest(job_id=job_id)
        call = self.queue.CancelJob(message, metadata=self.metadata)
        job: queue_pb2.Job = (await unwrap(call)).job
        return job

    async def delete(self, transcription_id: int) -> None:
        """Delete a transcription."""
        message = transcription_pb2.DeleteTranscriptionRequest(transcription_id=transcription_id)
        await unwrap(self.transcriptions.DeleteTranscription(message, metadata=self.metadata))

    async def assign(
        self, transcription_id: int, names: dict[str, str]
    ) -> transcription_pb2.AssignSpeakersResponse:
        """Assign names to speakers."""
        message = transcription_pb2.AssignSpeakersRequest(
            transcription_id=transcription_id, names=names
        )
        return await unwrap(self.transcriptions.AssignSpeakers(message, metadata=self.metadata))

    async def queue_status(self) -> queue_pb2.QueueStatus:
        """Return the status of the queue."""
        message = queue_pb2.GetQueueStatusRequest()
        call = self.queue.GetQueueStatus(message, metadata=self.metadata)
        status: queue_pb2.QueueStatus = (await unwrap(call)).status
        return status

    async def ended(self, transcription_id: int, *, seconds: float = 60) -> Any:
        """Wait until a transcription's job has ended and return the full transcription."""
        async with asyncio.timeout(seconds):
            while True:
                found = await self.get(transcription_id, full=True)
                if found.job_id:
                    job = await self.job(found.job_id)
                    if job.status not in (
                        queue_pb2.JOB_STATUS_QUEUED,
                        queue_pb2.JOB_STATUS_PROCESSING,
                    ):
                        return await self.get(transcription_id, full=True)
                await asyncio.sleep(0.1)


@dataclass(frozen=True, kw_only=True)
class Api:
    """Running api process."""

    channel: grpc.aio.Channel
    address: str

    def caller(self, name: str = "a", *, admin_token: str = "") -> Caller:
        """Return a client of a session, perhaps with the token of an administrator."""
        metadata = (("authorization", f"Bearer token-{name}"),)
        return Caller(
            transcriptions=transcription_pb2_grpc.TranscriptionServiceStub(self.channel),
            queue=queue_pb2_grpc.QueueServiceStub(self.channel),
            metadata=(*metadata, (ADMIN_HEADER, admin_token)) if admin_token else metadata,
        )

    def administrator(self, name: str = "a") -> Caller:
        """Return a client of an administrator's session."""
        return self.caller(name, admin_token=ADMIN_TOKEN)


@dataclass(frozen=True, kw_only=True)
class ApiFactory:
    """Starts api processes."""

    variables: dict[str, Any]

    def settings(self, **overrides: Any) -> ApiSettings:
        """Return settings with a free port."""
        own = {**UNLIMITED_FIELDS, **self.variables, "grpc_port": free_port()}
        return ApiSettings(**{**own, **overrides})

    @contextlib.asynccontextmanager
    async def run(self, **overrides: Any) -> AsyncIterator[Api]:
        """Run an api inside the test's process until the end of the block."""
        settings = self.settings(**overrides)
        supervisor = Supervisor()
        serving = asyncio.create_task(app.serve(settings, supervisor))
        async with grpc.aio.insecure_channel(f"127.0.0.1:{settings.grpc_port}") as channel:
            try:
                await healthy(channel, serving.done)
                yield Api(channel=channel, address=f"127.0.0.1:{settings.grpc_port}")
            finally:
                supervisor.stop()
                await serving
        assert not supervisor.failed


@pytest.fixture(scope="session")
def apis(
    postgres_url: Callable[[str], str],
    service_nats_url: Callable[[str], str],
    s3: ObjectSettings,
    peers: Peers,
) -> ApiFactory:
    """Return a factory of api processes on the servers of this run."""
    return ApiFactory(
        variables={
            "secret_key": SECRET,
            "admin_token": ADMIN_TOKEN,
            "database_url": postgres_url("transcriber"),
            "nats_url": service_nats_url("transcriber"),
            "s3_endpoint": s3.s3_endpoint,
            "s3_access_key": s3.s3_access_key.get_secret_value(),
            "s3_secret_key": s3.s3_secret_key.get_secret_value(),
            "gateway_grpc": peers.address,
            "speakers_grpc": peers.address,
            "speech_grpc": peers.address,
            "task_ack_wait_seconds": DELIVERY.ack_wait_seconds,
            "task_max_deliver": DELIVERY.max_deliver,
            "shutdown_grace_seconds": 2,
            "encryption": True,
            "encryption_key": ENCRYPTION_KEY,
        }
    )


@pytest.fixture(scope="module")
async def emptied(database: Database, objects: ObjectStore, client: Any) -> None:
    """Remove what an api of a module would use at its start, which is before `clean`.

    Keys of another deployment keep it from starting. Events, results and the ledger of erasures
    would still be handled during its first test.
    """
    await empty(database, *TABLES)
    await objects.delete_prefix("results", "ledger/")
    await _purge_streams(client)


@pytest.fixture(scope="module")
async def api(apis: ApiFactory, emptied: None) -> AsyncIterator[Api]:
    """Run one api process with the default settings. Others may run as replicas."""
    # Calls that a test left open are not waited for.
    async with apis.run(shutdown_grace_seconds=0.2) as running:
        yield running


@pytest.fixture
def caller(api: Api) -> Caller:
    """Return a client of session a."""
    return api.caller("a")
