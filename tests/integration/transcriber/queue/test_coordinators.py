"""Crashes and replicas of api processes. Nothing is lost or done twice."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import pytest
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError
from pydantic import SecretStr

from common import bus, events
from common.background.wakeups import WakeUp
from common.objects import ObjectStore
from common.postgres import Database, execute, fetch_all
from securetranscribe.v1 import event_pb2, queue_pb2, transcription_pb2
from tests.integration.serving import healthy
from tests.integration.transcriber.conftest import Api, ApiFactory
from tests.integration.transcriber.fakes import WorkerFactory, until, wav
from tests.integration.transcriber.streams import events_of, published
from tests.nats_clients import flushed
from transcriber.outbox.relay import JobOutboxRelay
from transcriber.queue.admission import Admission, Quotas
from transcriber.queue.job_start import StartRequest, queue_job
from transcriber.queue.queue_status import QueueMonitor
from transcriber.queue.task_planning import TaskPlanner
from transcriber.queue.workers import WorkerRegistry
from transcriber.recordings.cleanup import StaleUploadStep
from transcriber.store.transcriptions import Transcriptions

COMPLETED = transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
TEXT = "Good morning. Hello to you."


async def queued_by_one_that_died(apis: ApiFactory, database: Database) -> int:
    """Return a transcription whose job was queued by a process that died before publishing."""
    async with apis.run() as api:
        transcription_id = await api.caller().upload_id()
        await published(database)
    async with database.transaction() as connection:
        transcription = await Transcriptions(connection).lock(transcription_id)
        assert transcription is not None
        workers = WorkerRegistry(freed=WakeUp(), on_task=lambda _sign: None)
        admission = Admission(
            QueueMonitor(database, workers),
            Quotas(
                queue_size=1,
                queue_share=1.0,
                stored_bytes=1,
                queued_seconds=1e9,
                address_stored_bytes=1,
                address_queued_seconds=1e9,
            ),
        )
        request = StartRequest(priority=5)
        planner = TaskPlanner(workers)
        await queue_job(connection, admission, planner, transcription, request, owner=transcription)
    return transcription_id


async def test_merge_of_dead_process_is_taken_over(
    apis: ApiFactory, worker_factory: WorkerFactory, database: Database, client: Any
) -> None:
    async with apis.run() as api, worker_factory.both():
        caller = api.caller()
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
        await caller.start(transcription_id, stages=[queue_pb2.STAGE_MERGE])
        await caller.ended(transcription_id)
    # As if the process had died during the second merge.
    await database.execute(
        "UPDATE tasks SET state = 'running', worker_id = 'dead', releases = 1, "
        "heartbeat_at = now() - interval '1 hour' WHERE stage = 'merge' AND job_id = "
        "(SELECT job_id FROM transcriptions)"
    )
    await database.execute(
        "UPDATE jobs SET status = 'processing', completed_at = NULL "
        "WHERE job_id = (SELECT job_id FROM transcriptions)"
    )
    async with apis.run() as api:
        found = await api.caller().ended(transcription_id)
    assert (found.status, found.full_text) == (COMPLETED, TEXT)


async def test_outbox_of_dead_process_is_published_by_the_next(
    apis: ApiFactory, worker_factory: WorkerFactory, database: Database, client: Any
) -> None:
    transcription_id = await queued_by_one_that_died(apis, database)
    assert await events_of(client, "job_queued") == []
    async with apis.run() as api, worker_factory.both():
        found = await api.caller().ended(transcription_id)
    assert found.status == COMPLETED
    assert len(await events_of(client, "job_queued")) == 1


class _Dying:
    """Stream with a connection that breaks after some messages."""

    def __init__(self, stream: Any, after: int) -> None:
        self._stream = stream
        self._left = after

    async def publish(self, *arguments: Any, **named: Any) -> Any:
        if not self._left:
            raise ConnectionClosedError
        self._left -= 1
        return await self._stream.publish(*arguments, **named)


async def test_publishing_again_after_crash_makes_no_duplicates(
    apis: ApiFactory, database: Database, client: Any
) -> None:
    await queued_by_one_that_died(apis, database)
    stream = client.jetstream()
    await database.execute(
        "INSERT INTO outbox (kind, subject, headers, payload) SELECT kind, subject, "
        "jsonb_set(headers, '{Nats-Msg-Id}', '\"other\"'), payload FROM outbox"
    )
    with pytest.raises(ConnectionClosedError):
        await JobOutboxRelay(database, client, _Dying(stream, 1)).step()  # type: ignore[arg-type]
    assert len(await events_of(client, "job_queued")) == 1
    await JobOutboxRelay(database, client, stream).step()
    assert len(await events_of(client, "job_queued")) == 2
    assert await database.fetch_one("SELECT 1 AS one FROM outbox") is None


_OUT = "UPDATE tasks SET state = 'released' WHERE stage <> 'merge' RETURNING task_id"
_TO_PUBLISH = """
INSERT INTO outbox (kind, subject, headers, payload, task_id)
SELECT 'kept', 'securetranscribe.tasks.v1.' || stage,
       jsonb_build_object('Nats-Msg-Id', task_id || '.1'), '', task_id
FROM tasks WHERE stage <> 'merge' ORDER BY task_id = %s
"""
_TOUCH = "UPDATE tasks SET worker_id = '' WHERE task_id = %s"
_PLACED = "SELECT task_id FROM tasks WHERE stream_sequence IS NOT NULL"


async def test_tasks_can_change_while_being_published(
    apis: ApiFactory, database: Database, client: Any
) -> None:
    await queued_by_one_that_died(apis, database)
    first, second = (row["task_id"] for row in await database.fetch_all(_OUT))
    await database.execute(_TO_PUBLISH, (second,))
    async with database.transaction() as connection:
        await fetch_all(connection, "SELECT job_id FROM jobs FOR NO KEY UPDATE")
        await execute(connection, _TOUCH, (second,))
        relaying = asyncio.create_task(JobOutboxRelay(database, client, client.jetstream()).step())
        await published(database)
        await asyncio.sleep(0.3)
        await execute(connection, _TOUCH, (first,))
    await relaying
    assert len(await database.fetch_all(_PLACED)) == 2


async def test_replicas_share_work_and_do_everything_once(
    apis: ApiFactory, worker_factory: WorkerFactory, database: Database, client: Any
) -> None:
    async with apis.run() as first, apis.run() as second, worker_factory.both():
        one, two = first.caller("a"), second.caller("b")
        ids = await asyncio.gather(
            *(caller.upload_id(auto_start=True) for caller in (one, two, one, two))
        )
        watch = two.transcriptions.WatchTranscription(
            transcription_pb2.WatchTranscriptionRequest(transcription_id=ids[1]),
            metadata=two.metadata,
        )
        states = [answer.transcription.status async for answer in watch]
        found = [
            await caller.ended(number) for caller, number in zip((one, two) * 2, ids, strict=True)
        ]
    assert states[-1] == COMPLETED
    assert [item.status for item in found] == [COMPLETED] * 4
    await published(database)
    for kind in ("transcription_created", "job_queued", "job_started", "job_completed"):
        assert len(await events_of(client, kind)) == 4, kind
    assert len(worker_factory.done) == 8


async def test_nothing_is_lost_when_api_is_killed(
    apis: ApiFactory,
    worker_factory: WorkerFactory,
    database: Database,
    objects: ObjectStore,
    client: Any,
) -> None:
    settings = apis.settings()
    address = f"127.0.0.1:{settings.grpc_port}"
    heard: list[event_pb2.Event] = []

    async def hear(message: Msg) -> None:
        heard.append(events.parse(message))

    subscription = await client.subscribe(bus.event_subject("*", "job", "*", "completed"), cb=hear)
    await flushed(client)
    async with _process(settings, address) as (process, channel):
        caller = Api(channel=channel, address=address).caller()
        ids = [await caller.upload_id(auto_start=True) for _ in range(2)]
        half = caller.transcriptions.UploadTranscription(metadata=caller.metadata)
        config = transcription_pb2.UploadConfig(filename="a.wav", language="en", auto_start=True)
        await half.write(transcription_pb2.UploadTranscriptionRequest(config=config))
        await half.write(transcription_pb2.UploadTranscriptionRequest(chunk=wav(20.0)))

        async def begun() -> Any:
            return await database.fetch_one("SELECT 1 AS one FROM uploads")

        await until(begun)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        half.cancel()
    async with worker_factory.both(), _process(settings, address) as (_, channel):
        caller = Api(channel=channel, address=address).caller()
        found = [await caller.ended(number) for number in ids]
        assert [item.full_text for item in found] == [TEXT, TEXT]
        await StaleUploadStep(database, objects, bucket="audio", stale_seconds=0).step()
        assert sorted(await objects.keys("audio")) == [f"{number}/source" for number in ids]

        async def arrived() -> bool:
            return len(heard) >= 2

        await until(arrived)
    await subscription.unsubscribe()
    assert len({event.job_completed.job_id for event in heard}) == len(heard) == 2


async def test_migrate_command_creates_tables(apis: ApiFactory) -> None:
    url = apis.settings().database_url.get_secret_value()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "transcriber", "migrate", env={**os.environ, "DATABASE_URL": url}
    )
    assert await process.wait() == 0


def _variable(value: Any) -> str:
    """Return a setting as the value of its variable."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(value) if isinstance(value, tuple) else str(value)


@contextlib.asynccontextmanager
async def _process(
    settings: Any, address: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, grpc.aio.Channel]]:
    """Run the api as a separate process."""
    variables = {
        name.upper(): _variable(value)
        for name, value in settings.model_dump().items()
        if value is not None
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "transcriber", "api", env={**os.environ, **variables}
    )
    waiting = asyncio.create_task(process.wait())
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            await healthy(channel, waiting.done)
            yield process, channel
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await waiting
