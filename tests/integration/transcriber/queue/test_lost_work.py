"""Dead workers, lost tasks and lost results. Each job ends all the same, and only once."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from common import bus
from common.background.times_ahead import bring_back
from common.background.wakeups import WakeUp
from common.objects import ObjectStore
from common.postgres import Database
from common.tasks.task import TaskCancelledError, TaskControl
from securetranscribe.v1 import queue_pb2, transcription_pb2
from tests.integration.transcriber.conftest import DELIVERY, Api, ApiFactory, Caller
from tests.integration.transcriber.fakes import (
    TWO_PASSAGES,
    TWO_SPEAKERS,
    WorkerFactory,
    gives,
    until,
)
from tests.integration.transcriber.streams import (
    events_of,
    exhaust,
    published,
    release,
    take,
)
from transcriber.queue.reconciler import LostTaskStep, Thresholds
from transcriber.queue.workers import WorkerRegistry
from transcriber.store.dead_letters import DeadLetters
from transcriber.store.times_ahead import times_ahead
from transcriber.wakeups import WakeUps

COMPLETED = transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
FAILED = transcription_pb2.TRANSCRIPTION_STATUS_FAILED
TEXT = "Good morning. Hello to you."
_HANDED_OUT_AGAIN = """
SELECT 1 AS one FROM tasks WHERE stage = 'transcribe' AND (state = 'waiting' OR releases = 2)
"""


@pytest.fixture
async def running(apis: ApiFactory) -> AsyncIterator[Api]:
    """Run an api for one test."""
    async with apis.run() as api:
        yield api


@pytest.fixture
def reconciler(database: Database, objects: ObjectStore, client: Any) -> LostTaskStep:
    """Return a reconciler without waiting times."""
    return LostTaskStep(
        database,
        client.jetstream(),
        objects,
        WorkerRegistry(freed=WakeUp(), on_task=lambda _sign: None),
        WakeUps(),
        delivery=DELIVERY,
        bucket_results="results",
        thresholds=Thresholds(recent=0.0, missing=0.0, stuck=3600.0),
    )


async def reconcile_until(reconciler: LostTaskStep, database: Database, question: str) -> None:
    """Reconcile until `question` finds a row.

    Repeated because the api's own reconciler may hold the items, and no more often than needed
    because this one would take tasks being handed out again for lost.
    """

    async def is_so() -> Any:
        await reconciler.step()
        return await database.fetch_one(question)

    await until(is_so)


async def completes(caller: Caller, worker_factory: WorkerFactory, transcription_id: int) -> Any:
    """Complete a job with workers of both stages, check the transcript and return it."""
    async with worker_factory.both():
        found = await caller.ended(transcription_id)
    assert (found.status, found.full_text) == (COMPLETED, TEXT)
    return found


async def test_worker_that_dies_is_replaced(
    running: Api, worker_factory: WorkerFactory, database: Database, client: Any
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
    found = await completes(caller, worker_factory, transcription_id)
    assert found.progress_percent >= reached
    await published(database)
    assert len(await events_of(client, "job_completed")) == 1
    assert [item.task_id for item in worker_factory.done].count(task.task_id) == 1


async def test_task_that_kills_workers_fails_job_and_is_kept(
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
    async with database.transaction() as connection:
        (listed,) = await DeadLetters(connection).listed()
    assert (listed.step, listed.item, listed.attempts) == ("dead-tasks", kept.task_id, 3)
    assert listed.error == f"Workers died at the task transcribe of {kept.job_id}."


async def test_diarization_that_kills_workers_leaves_transcript(
    running: Api, worker_factory: WorkerFactory, database: Database, client: Any
) -> None:
    caller = running.caller()
    transcription_id = await release(caller, database)
    await exhaust(client, "diarize")
    async with worker_factory.worker("transcribe", gives(TWO_PASSAGES)):
        found = await caller.ended(transcription_id)
    assert found.status == COMPLETED
    assert "died 3 times" in found.warnings[0]


async def test_dead_task_is_found_after_missed_advisory(
    apis: ApiFactory, database: Database, client: Any, reconciler: LostTaskStep
) -> None:
    async with apis.run() as api:
        transcription_id = await release(api.caller(), database)
    await exhaust(client, "transcribe")
    # The other task must be settled, so that it is not the pending one.
    diarize = await take(client, "diarize")
    await diarize.ack_sync()
    async with apis.run() as api:
        await reconcile_until(reconciler, database, "SELECT 1 AS one FROM dead_tasks")
        found = await api.caller().ended(transcription_id)
    assert found.status == FAILED


async def test_result_without_announcement_is_found(
    running: Api,
    worker_factory: WorkerFactory,
    database: Database,
    objects: ObjectStore,
    client: Any,
    reconciler: LostTaskStep,
) -> None:
    caller = running.caller()
    transcription_id = await release(caller, database)
    message = await take(client, "transcribe")
    task = queue_pb2.Task.FromString(message.data)
    await objects.put("results", task.result_key, TWO_PASSAGES.SerializeToString())
    await message.ack_sync()
    await reconcile_until(reconciler, database, "SELECT 1 AS one FROM tasks WHERE state = 'done'")
    async with worker_factory.worker("diarize", gives(TWO_SPEAKERS)):
        found = await caller.ended(transcription_id)
    assert (found.status, found.full_text) == (COMPLETED, TEXT)


async def test_task_missing_from_stream_is_handed_out_again(
    running: Api,
    worker_factory: WorkerFactory,
    database: Database,
    client: Any,
    reconciler: LostTaskStep,
) -> None:
    caller = running.caller()
    transcription_id = await release(caller, database)
    message = await take(client, "transcribe")
    await message.ack_sync()
    await reconcile_until(reconciler, database, _HANDED_OUT_AGAIN)
    await completes(caller, worker_factory, transcription_id)
    row = await database.fetch_one("SELECT releases FROM tasks WHERE stage = 'transcribe'")
    assert row == {"releases": 2}


async def test_task_lost_while_the_clock_was_ahead_is_handed_out_again(
    running: Api,
    worker_factory: WorkerFactory,
    database: Database,
    client: Any,
    reconciler: LostTaskStep,
) -> None:
    caller = running.caller()
    transcription_id = await release(caller, database)
    message = await take(client, "transcribe")
    await message.ack_sync()
    await database.execute("UPDATE tasks SET released_at = now() + interval '1 day'")
    for _ in range(3):
        await reconciler.step()
    assert await database.fetch_one(_HANDED_OUT_AGAIN) is None
    await bring_back(database, times_ahead(1800.0))
    await reconcile_until(reconciler, database, _HANDED_OUT_AGAIN)
    await completes(caller, worker_factory, transcription_id)


async def test_job_completes_after_nats_loses_all_data(
    running: Api,
    worker_factory: WorkerFactory,
    database: Database,
    client: Any,
    reconciler: LostTaskStep,
) -> None:
    caller = running.caller()
    transcription_id = await release(caller, database)
    for name in (bus.TASKS_STREAM, bus.RESULTS_STREAM, bus.EVENTS_STREAM):
        await client.jetstream().delete_stream(name)
    await reconcile_until(
        reconciler,
        database,
        "SELECT 1 AS one FROM tasks WHERE stage <> 'merge' AND (state = 'waiting' OR releases > 1) "
        "HAVING count(*) = 2",
    )
    await completes(caller, worker_factory, transcription_id)


async def test_lost_result_is_repeated(
    running: Api, worker_factory: WorkerFactory, database: Database, objects: ObjectStore
) -> None:
    caller = running.caller()
    transcription_id = await caller.upload_id(auto_start=True)
    async with worker_factory.worker("transcribe", gives(TWO_PASSAGES)):

        async def recognized() -> Any:
            return await database.fetch_one(
                "SELECT 1 AS one FROM tasks WHERE stage = 'transcribe' AND state = 'done'"
            )

        await until(recognized)
    await objects.delete_prefix("results", "")
    await completes(caller, worker_factory, transcription_id)


async def test_task_returned_twice_is_handed_out_once(
    running: Api, worker_factory: WorkerFactory, database: Database, client: Any
) -> None:
    caller = running.caller()
    transcription_id = await release(caller, database)
    message = await take(client, "transcribe")
    task = queue_pb2.Task.FromString(message.data)
    assert task.release == 1
    stream = client.jetstream()
    result = queue_pb2.TaskResult(
        task_id=task.task_id, job_id=task.job_id, worker_id="a", returned=True, release=1
    )
    again = "SELECT 1 AS one FROM tasks WHERE releases = 2 AND stream_sequence IS NOT NULL"

    async def heard() -> bool:
        return (await stream.stream_info(bus.RESULTS_STREAM)).state.messages == 0  # type: ignore[no-any-return]

    async def handed_out_again() -> Any:
        return await database.fetch_one(again)

    await stream.publish(bus.results_subject("transcribe"), result.SerializeToString())
    await message.ack_sync()
    await until(handed_out_again)
    # Delivered again, because the acknowledgment of the first delivery was lost.
    await stream.publish(bus.results_subject("transcribe"), result.SerializeToString())
    await until(heard)
    row = await database.fetch_one("SELECT state, releases FROM tasks WHERE stage = 'transcribe'")
    assert row == {"state": "released", "releases": 2}
    second = queue_pb2.Task.FromString((await take(client, "transcribe")).data)
    assert (second.task_id, second.release) == (task.task_id, 2)
    await completes(caller, worker_factory, transcription_id)


async def test_stopped_workers_do_not_count_as_failed_deliveries(
    apis: ApiFactory, worker_factory: WorkerFactory, client: Any
) -> None:
    begun = asyncio.Queue[str]()
    loop = asyncio.get_running_loop()

    def endless(task: queue_pb2.Task, control: TaskControl) -> bytes:
        loop.call_soon_threadsafe(begun.put_nowait, task.task_id)
        while not control.cancelled():
            time.sleep(0.02)
        raise TaskCancelledError

    async with apis.run() as api, worker_factory.worker("diarize", gives(TWO_SPEAKERS)):
        caller = api.caller()
        transcription_id = await caller.upload_id(auto_start=True)
        seen = set()
        for _ in range(DELIVERY.max_deliver + 1):
            async with worker_factory.worker("transcribe", endless, grace_seconds=0.1):
                seen.add(await asyncio.wait_for(begun.get(), 20))
        async with worker_factory.worker("transcribe", gives(TWO_PASSAGES)):
            found = await caller.ended(transcription_id)
    assert found.status == COMPLETED
    assert len(seen) == 1
    assert not found.warnings
