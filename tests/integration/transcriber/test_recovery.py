"""Whatever is lost, killed or done twice: no recording is lost, none merged twice, all jobs end."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import nats.errors
import pytest
from nats.aio.msg import Msg

from common import bus, events
from common.objects import ObjectStore
from common.postgres import Database, execute, fetch_all
from common.tasks.task import TaskCancelledError, TaskControl
from securetranscribe.v1 import event_pb2, queue_pb2, transcription_pb2
from tests.integration.transcriber.conftest import DELIVERY, Api, ApiFactory, Caller, healthy
from tests.integration.transcriber.fakes import (
    TWO_PASSAGES,
    TWO_SPEAKERS,
    Workshop,
    gives,
    until,
    wav,
)
from transcriber.background.bells import Bell, Bells
from transcriber.background.fleet import Fleet
from transcriber.background.housekeeping import Housekeeper
from transcriber.background.outbox_relay import OutboxRelay
from transcriber.background.reconciler import Patience, Reconciler
from transcriber.starting import StartRequest, queue_job
from transcriber.store.transcriptions import Transcriptions

COMPLETED = transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
FAILED = transcription_pb2.TRANSCRIPTION_STATUS_FAILED
TEXT = "Good morning. Hello to you."


@pytest.fixture
async def running(apis: ApiFactory) -> AsyncIterator[Api]:
    """One api for one test."""
    async with apis.run() as api:
        yield api


@pytest.fixture
def hasty(database: Database, objects: ObjectStore, client: Any) -> Reconciler:
    """A reconciler that believes at once that something is wrong."""
    return Reconciler(
        database,
        client.jetstream(),
        objects,
        Fleet(freed=Bell(), at_work=lambda _task, _worker: None),
        Bells(),
        delivery=DELIVERY,
        bucket_results="results",
        processing_timeout=3600,
        patience=Patience(young=0.0, missing=0.0, forgotten=3600.0),
    )


async def take(client: Any, stage: str, *, seconds: float = 10) -> Msg:
    """Takes a task as a worker would; nothing more happens to it."""
    consumer = await client.jetstream().pull_subscribe_bind(durable=stage, stream=bus.TASKS_STREAM)
    (message,) = await consumer.fetch(1, timeout=seconds)
    await consumer.unsubscribe()
    return message  # type: ignore[no-any-return]


async def exhaust(client: Any, stage: str) -> None:
    """Takes a task so often without finishing it that it is not delivered again."""
    for _ in range(DELIVERY.max_deliver):
        await take(client, stage)
    with pytest.raises(nats.errors.TimeoutError):
        await take(client, stage, seconds=3)


async def events_of(client: Any, kind: str) -> list[event_pb2.Event]:
    """Events of a kind that the stream keeps."""
    stream = client.jetstream()
    info = await stream.stream_info(bus.EVENTS_STREAM)
    found = []
    for sequence in range(info.state.first_seq, info.state.last_seq + 1):
        with contextlib.suppress(Exception):
            raw = await stream.get_msg(bus.EVENTS_STREAM, sequence)
            event = event_pb2.Event.FromString(raw.data)
            if event.WhichOneof("data") == kind:
                found.append(event)
    return found


async def published(database: Database) -> None:
    """Waits until nothing is left to publish."""

    async def empty() -> bool:
        return await database.fetch_one("SELECT 1 AS one FROM outbox") is None

    await until(empty)


async def release(caller: Caller, database: Database) -> int:
    """Uploads and starts; returns the transcription once its tasks are in the stream."""
    transcription_id = await caller.upload_id(auto_start=True)

    async def in_stream() -> bool:
        rows = await database.fetch_all("SELECT stream_sequence FROM tasks WHERE stage <> 'merge'")
        return len(rows) == 2 and all(row["stream_sequence"] is not None for row in rows)

    await until(in_stream)
    return transcription_id


async def test_a_worker_that_dies_at_a_task_is_replaced(
    running: Api, workshop: Workshop, database: Database, client: Any
) -> None:
    caller = running.caller()
    transcription_id = await release(caller, database)
    message = await take(client, "transcribe")
    task = queue_pb2.Task.FromString(message.data)
    progress = queue_pb2.TaskProgress(
        task_id=task.task_id, job_id=task.job_id, fraction=0.9, step="Almost", worker_id="doomed"
    )
    await client.publish(bus.progress_subject(task.task_id), progress.SerializeToString())

    async def seen() -> bool:
        return (await caller.get(transcription_id)).progress_percent > 40

    await until(seen)
    reached = (await caller.get(transcription_id)).progress_percent
    async with workshop.both():
        found = await caller.ended(transcription_id)
    assert (found.status, found.full_text) == (COMPLETED, TEXT)
    assert found.progress_percent >= reached
    assert len(await events_of(client, "job_completed")) == 1
    assert [item.task_id for item in workshop.done].count(task.task_id) == 1


async def test_a_task_at_which_workers_always_die_fails_the_job_and_is_kept_aside(
    running: Api, database: Database, client: Any
) -> None:
    caller = running.caller()
    transcription_id = await release(caller, database)
    await exhaust(client, "transcribe")
    found = await caller.ended(transcription_id)
    assert found.status == FAILED
    assert "died 3 times" in found.failure.message
    row = await database.fetch_one("SELECT stage, deliveries, payload FROM dead_tasks")
    assert row is not None
    assert (row["stage"], row["deliveries"]) == ("transcribe", 3)
    kept = queue_pb2.Task.FromString(row["payload"])
    assert kept.transcription_id == transcription_id


async def test_a_diarization_at_which_workers_always_die_leaves_the_transcript(
    running: Api, workshop: Workshop, database: Database, client: Any
) -> None:
    caller = running.caller()
    transcription_id = await release(caller, database)
    await exhaust(client, "diarize")
    async with workshop.worker("transcribe", gives(TWO_PASSAGES)):
        found = await caller.ended(transcription_id)
    assert found.status == COMPLETED
    assert "died 3 times" in found.warnings[0]


async def test_a_dead_task_is_found_although_nobody_was_there_to_hear_of_it(
    apis: ApiFactory, database: Database, client: Any, hasty: Reconciler
) -> None:
    async with apis.run() as api:
        await release(api.caller(), database)
    await exhaust(client, "transcribe")
    # The other task has to be settled, else it might be the one that is in someone's hands.
    diarize = await take(client, "diarize")
    await diarize.ack_sync()
    async with apis.run() as api:
        await hasty.step()
        caller = api.caller()
        found = await caller.ended(1)
    assert found.status == FAILED
    assert await database.fetch_one("SELECT 1 AS one FROM dead_tasks") is not None


async def test_a_result_that_nobody_announced_is_found(
    running: Api,
    workshop: Workshop,
    database: Database,
    objects: ObjectStore,
    client: Any,
    hasty: Reconciler,
) -> None:
    caller = running.caller()
    transcription_id = await release(caller, database)
    message = await take(client, "transcribe")
    task = queue_pb2.Task.FromString(message.data)
    await objects.put("results", task.result_key, TWO_PASSAGES.SerializeToString())
    await message.ack_sync()
    await hasty.step()
    await hasty.step()
    async with workshop.worker("diarize", gives(TWO_SPEAKERS)):
        found = await caller.ended(transcription_id)
    assert (found.status, found.full_text) == (COMPLETED, TEXT)


async def test_a_task_that_vanished_is_handed_out_again(
    running: Api, workshop: Workshop, database: Database, client: Any, hasty: Reconciler
) -> None:
    caller = running.caller()
    transcription_id = await release(caller, database)
    message = await take(client, "transcribe")
    await message.ack_sync()
    await hasty.step()
    await hasty.step()
    async with workshop.both():
        found = await caller.ended(transcription_id)
    assert (found.status, found.full_text) == (COMPLETED, TEXT)
    row = await database.fetch_one("SELECT releases FROM tasks WHERE stage = 'transcribe'")
    assert row == {"releases": 2}


async def test_nats_may_lose_all_its_data(
    running: Api, workshop: Workshop, database: Database, client: Any, hasty: Reconciler
) -> None:
    caller = running.caller()
    transcription_id = await release(caller, database)
    for name in (bus.TASKS_STREAM, bus.RESULTS_STREAM, bus.EVENTS_STREAM):
        await client.jetstream().delete_stream(name)
    await hasty.step()
    await hasty.step()
    async with workshop.both():
        found = await caller.ended(transcription_id, seconds=45)
    assert (found.status, found.full_text) == (COMPLETED, TEXT)


async def test_a_result_that_is_lost_is_made_again(
    running: Api, workshop: Workshop, database: Database, objects: ObjectStore
) -> None:
    caller = running.caller()
    transcription_id = await caller.upload_id(auto_start=True)
    async with workshop.worker("transcribe", gives(TWO_PASSAGES)):

        async def recognised() -> Any:
            return await database.fetch_one(
                "SELECT 1 AS one FROM tasks WHERE stage = 'transcribe' AND state = 'done'"
            )

        await until(recognised)
    await objects.delete_prefix("results", "")
    async with workshop.both():
        found = await caller.ended(transcription_id)
    assert (found.status, found.full_text) == (COMPLETED, TEXT)


async def test_a_merge_whose_process_died_is_taken_over(
    apis: ApiFactory, workshop: Workshop, database: Database, client: Any
) -> None:
    async with apis.run() as api, workshop.both():
        caller = api.caller()
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
        await caller.start(transcription_id, stages=[queue_pb2.STAGE_MERGE])
        await caller.ended(transcription_id)
    # As if the process had died in the middle of the second merge.
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


async def test_what_a_transaction_decided_is_published_by_the_next_process(
    apis: ApiFactory, workshop: Workshop, database: Database, client: Any
) -> None:
    async with apis.run() as api:
        transcription_id = await api.caller().upload_id()
        await published(database)
    async with database.transaction() as connection:
        transcription = await Transcriptions(connection).lock(transcription_id)
        assert transcription is not None
        await queue_job(connection, transcription, StartRequest(priority=5))
    # The process died here: committed, and nothing published.
    assert await events_of(client, "job_queued") == []
    async with apis.run() as api, workshop.both():
        found = await api.caller().ended(transcription_id)
    assert found.status == COMPLETED
    assert len(await events_of(client, "job_queued")) == 1


class _Dying:
    """A stream whose connection breaks after some messages."""

    def __init__(self, stream: Any, after: int) -> None:
        self._stream = stream
        self._left = after

    async def publish(self, *arguments: Any, **named: Any) -> Any:
        if not self._left:
            raise ConnectionError("gone")
        self._left -= 1
        return await self._stream.publish(*arguments, **named)


async def test_publishing_again_after_a_crash_doubles_nothing(
    apis: ApiFactory, database: Database, client: Any
) -> None:
    async with apis.run() as api:
        transcription_id = await api.caller().upload_id()
        await published(database)
    async with database.transaction() as connection:
        transcription = await Transcriptions(connection).lock(transcription_id)
        assert transcription is not None
        await queue_job(connection, transcription, StartRequest(priority=5))
    stream = client.jetstream()
    await database.execute(
        "INSERT INTO outbox (kind, subject, headers, payload) SELECT kind, subject, "
        "jsonb_set(headers, '{Nats-Msg-Id}', '\"other\"'), payload FROM outbox"
    )
    with pytest.raises(ConnectionError):
        await OutboxRelay(database, client, _Dying(stream, 1)).step()  # type: ignore[arg-type]
    assert len(await events_of(client, "job_queued")) == 1
    await OutboxRelay(database, client, stream).step()
    assert len(await events_of(client, "job_queued")) == 2
    assert await database.fetch_one("SELECT 1 AS one FROM outbox") is None


_OUT = "UPDATE tasks SET state = 'released' WHERE stage <> 'merge' RETURNING task_id"
_TO_PUBLISH = """
INSERT INTO outbox (kind, subject, headers, payload, task_id)
SELECT 'kept', 'securetranscribe.tasks.v1.' || stage, '{}', '', task_id
FROM tasks WHERE stage <> 'merge' ORDER BY task_id = %s
"""
_TOUCH = "UPDATE tasks SET worker_id = '' WHERE task_id = %s"
_PLACED = "SELECT task_id FROM tasks WHERE stream_sequence IS NOT NULL"


async def test_tasks_can_change_while_they_are_being_published(
    apis: ApiFactory, database: Database, client: Any
) -> None:
    async with apis.run() as api:
        transcription_id = await api.caller().upload_id()
        await published(database)
    async with database.transaction() as connection:
        transcription = await Transcriptions(connection).lock(transcription_id)
        assert transcription is not None
        await queue_job(connection, transcription, StartRequest(priority=5))
    first, second = (row["task_id"] for row in await database.fetch_all(_OUT))
    await database.execute(_TO_PUBLISH, (second,))
    async with database.transaction() as connection:
        await fetch_all(connection, "SELECT job_id FROM jobs FOR NO KEY UPDATE")
        await execute(connection, _TOUCH, (second,))
        relaying = asyncio.create_task(OutboxRelay(database, client, client.jetstream()).step())
        await published(database)
        await asyncio.sleep(0.3)
        await execute(connection, _TOUCH, (first,))
    await relaying
    assert len(await database.fetch_all(_PLACED)) == 2


async def test_workers_may_be_stopped_more_often_than_a_task_may_fail(
    apis: ApiFactory, workshop: Workshop, client: Any
) -> None:
    begun = asyncio.Queue[str]()
    loop = asyncio.get_running_loop()

    def endless(task: queue_pb2.Task, control: TaskControl) -> bytes:
        loop.call_soon_threadsafe(begun.put_nowait, task.task_id)
        while not control.cancelled():
            time.sleep(0.02)
        raise TaskCancelledError

    async with apis.run() as api, workshop.worker("diarize", gives(TWO_SPEAKERS)):
        caller = api.caller()
        transcription_id = await caller.upload_id(auto_start=True)
        seen = set()
        for _ in range(DELIVERY.max_deliver + 1):
            async with workshop.worker("transcribe", endless, grace_seconds=0.1):
                seen.add(await asyncio.wait_for(begun.get(), 20))
        async with workshop.worker("transcribe", gives(TWO_PASSAGES)):
            found = await caller.ended(transcription_id)
    assert found.status == COMPLETED
    assert len(seen) == 1
    assert not found.warnings


async def test_replicas_share_the_work_and_do_everything_once(
    apis: ApiFactory, workshop: Workshop, client: Any
) -> None:
    async with apis.run() as first, apis.run() as second, workshop.both():
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
    for kind in ("transcription_created", "job_queued", "job_started", "job_completed"):
        assert len(await events_of(client, kind)) == 4, kind
    assert len(workshop.done) == 8


async def test_the_api_may_be_killed_at_any_moment(
    apis: ApiFactory, workshop: Workshop, database: Database, objects: ObjectStore, client: Any
) -> None:
    settings = apis.settings()
    address = f"127.0.0.1:{settings.grpc_port}"
    heard: list[event_pb2.Event] = []

    async def hear(message: Msg) -> None:
        heard.append(events.parse(message))

    subscription = await client.subscribe(bus.event_subject("*", "job", "*", "completed"), cb=hear)
    async with _process(settings, address) as (process, channel):
        caller = Api(channel=channel).caller()
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
    async with workshop.both(), _process(settings, address) as (_, channel):
        caller = Api(channel=channel).caller()
        found = [await caller.ended(number) for number in ids]
        assert [item.full_text for item in found] == [TEXT, TEXT]
        await Housekeeper(
            database, objects, bucket_audio="audio", cleanup_delay=3600, stale_seconds=0
        ).step()
        assert sorted(await objects.keys("audio")) == [f"{number}/source" for number in ids]

        async def told() -> bool:
            return len(heard) >= 2

        await until(told)
    await subscription.unsubscribe()
    assert len({event.job_completed.job_id for event in heard}) == len(heard) == 2


async def test_the_tables_can_be_made_beforehand(apis: ApiFactory) -> None:
    url = apis.settings().database_url.get_secret_value()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "transcriber", "migrate", env={**os.environ, "DATABASE_URL": url}
    )
    assert await process.wait() == 0


@contextlib.asynccontextmanager
async def _process(
    settings: Any, address: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, grpc.aio.Channel]]:
    """The api as a process of its own."""
    variables = {
        name.upper(): str(getattr(value, "get_secret_value", lambda value=value: value)())
        for name, value in settings.model_dump().items()
        if value is not None
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "transcriber", "api", env={**os.environ, **variables}
    )
    waiting = asyncio.create_task(process.wait())
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            await healthy(channel, waiting)
            yield process, channel
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await waiting
