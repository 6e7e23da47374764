"""Queue: order, status and announcements."""

import random
import time
from collections.abc import Sequence
from typing import Any

import pytest

from common import bus, events
from common.errors import NotFoundError, StateError, ValidationError
from common.grpc_client import unwrap
from common.postgres import Database
from common.times import seconds
from securetranscribe.v1 import event_pb2, queue_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Api, Caller
from tests.integration.transcriber.fakes import WorkerFactory, until, wav
from tests.nats_clients import flushed
from transcriber.domain.jobs import Stage
from transcriber.domain.queue_order import QueueOrder, WaitingJob
from transcriber.queue.announcer import INTERVAL_SECONDS
from transcriber.store.jobs import Jobs
from transcriber.store.tasks import Tasks

_TRANSCRIPTION = """
INSERT INTO transcriptions (id, session_id, filename, size_bytes, duration, format, codec,
    sample_rate, channels, source_key, language_requested, phrases, speaker_count, min_speakers,
    max_speakers, status)
VALUES (%s, %s, 'a.wav', 1, 60, 'wav', 'pcm', 8000, 1, 'key', '', '{}', 0, 0, 0, 'processing')
"""
_JOB = """
INSERT INTO jobs (job_id, transcription_id, session_id, status, priority, current_step,
                  release_number)
VALUES (%s, %s, %s, %s, %s, '', %s)
"""
_TASK = """
INSERT INTO tasks (task_id, job_id, transcription_id, stage, state, options, result_key)
VALUES (gen_random_uuid(), %s, %s, 'diarize', %s, '{}', 'key')
"""
_RELEASED = "SELECT 1 AS one FROM jobs WHERE job_id = %s AND release_number IS NOT NULL"


async def positions(caller: Caller, job_ids: Sequence[str]) -> list[int]:
    return [(await caller.job(job_id)).queue_position for job_id in job_ids]


async def started(caller: Caller, **request: Any) -> str:
    job = await caller.start(await caller.upload_id(), **request)
    return str(job.job_id)


async def ahead(caller: Caller, database: Database, **request: Any) -> str:
    """Start a job and return it once it is released, with a fixed place."""
    job_id = await started(caller, **request)

    async def released() -> Any:
        return await database.fetch_one(_RELEASED, (job_id,))

    await until(released)
    return job_id


@pytest.mark.parametrize("seed", range(12))
async def test_sql_order_equals_python_order(database: Database, seed: int) -> None:
    draw = random.Random(seed)
    releases = list(range(100))
    draw.shuffle(releases)
    waiting: list[WaitingJob] = []
    running: dict[str, int] = {}
    async with database.transaction() as connection:
        # Rolled back at the end, so that nothing else sees these jobs.
        for number in range(1, draw.randint(5, 25)):
            session = draw.choice("abc")
            priority = draw.randint(1, 10) if draw.random() < 0.5 else 5
            processing = draw.random() < 0.2
            release = releases.pop() if processing or draw.random() < 0.2 else None
            job_id = f"job-{number}"
            await connection.execute(_TRANSCRIPTION.encode(), (number, session))
            state = "processing" if processing else "queued"
            await connection.execute(
                _JOB.encode(), (job_id, number, session, state, priority, release)
            )
            task = "running" if processing else "waiting" if release is None else "released"
            await connection.execute(_TASK.encode(), (job_id, number, task))
            if processing:
                running[session] = running.get(session, 0) + 1
                continue
            waiting.append(
                WaitingJob(number=number, workspace_id=session, priority=priority, release=release)
            )
        found = await Tasks(connection).next_waiting(Stage.DIARIZE, 100)
        await connection.rollback()
    ordered = QueueOrder(waiting, running).jobs
    wanted = [f"job-{job.number}" for job in ordered if job.release is None]
    assert [task.job_id for task in found] == wanted


_PART = """
INSERT INTO tasks (task_id, job_id, transcription_id, stage, part, state, options, result_key)
VALUES (gen_random_uuid(), %s, %s, 'diarize', %s, %s, '{}', 'key')
"""


async def test_parts_of_a_recording_leave_room_for_others(database: Database) -> None:
    """Parts count for the share of their workspace."""
    async with database.transaction() as connection:
        jobs: list[tuple[int, str, int | None, list[str]]] = [
            (1, "a", 1, ["running", "running", "waiting", "waiting"]),
            (2, "b", 2, ["waiting", "waiting"]),
            (3, "c", None, ["waiting", "waiting"]),
            (4, "c", None, ["waiting"]),
        ]
        for number, workspace, release, parts in jobs:
            await connection.execute(_TRANSCRIPTION.encode(), (number, workspace))
            status = "processing" if release else "queued"
            await connection.execute(
                _JOB.encode(), (f"job-{number}", number, workspace, status, 5, release)
            )
            for part, state in enumerate(parts):
                await connection.execute(_PART.encode(), (f"job-{number}", number, part, state))
        found = await Tasks(connection).next_waiting(Stage.DIARIZE, 100)
        await connection.rollback()
    assert [(task.job_id, task.part) for task in found] == [
        ("job-2", 0),
        ("job-3", 0),
        ("job-2", 1),  # Its workspace has one by now, and so has that of the next one.
        ("job-4", 0),  # It goes before the next part of its workspace's other recording.
        ("job-1", 2),  # Its workspace has two already.
        ("job-3", 1),
        ("job-1", 3),
    ]


async def test_a_long_recording_does_not_keep_all_workers(database: Database) -> None:
    """Taken one by one, its parts take turns with the next jobs of its workspace."""
    async with database.transaction() as connection:
        for number, parts in ((1, ["running", *["waiting"] * 5]), (2, ["waiting"])):
            await connection.execute(_TRANSCRIPTION.encode(), (number, "a"))
            await connection.execute(
                _JOB.encode(), (f"job-{number}", number, "a", "processing", 5, number)
            )
            for part, state in enumerate(parts):
                await connection.execute(_PART.encode(), (f"job-{number}", number, part, state))
        (taken,) = await Tasks(connection).next_waiting(Stage.DIARIZE, 1)
        await connection.rollback()
    assert taken.job_id == "job-2"


async def test_begun_job_does_not_go_before_those_of_others(database: Database) -> None:
    """The other stage has begun all jobs of a workspace. Another workspace still has its turn."""
    async with database.transaction() as connection:
        jobs = [(1, "a", "running"), (2, "a", "waiting"), (3, "a", "waiting"), (4, "b", "waiting")]
        for number, workspace, state in jobs:
            begun = workspace == "a"
            await connection.execute(_TRANSCRIPTION.encode(), (number, workspace))
            await connection.execute(
                _JOB.encode(),
                (
                    f"job-{number}",
                    number,
                    workspace,
                    "processing" if begun else "queued",
                    5,
                    number if begun else None,
                ),
            )
            await connection.execute(_TASK.encode(), (f"job-{number}", number, state))
        found = await Tasks(connection).next_waiting(Stage.DIARIZE, 100)
        await connection.rollback()
    assert [task.job_id for task in found] == ["job-4", "job-2", "job-3"]


async def test_positions_follow_priority_and_fair_share(api: Api, database: Database) -> None:
    caller, other = api.caller("a"), api.caller("b")
    first = await ahead(caller, database)
    second, third = await started(caller), await started(caller)
    theirs = await started(other)
    assert await positions(caller, [first, second, third]) == [1, 3, 4]
    assert await positions(other, [theirs]) == [2]
    request = queue_pb2.UpdateJobPriorityRequest(job_id=third, priority=10)
    metadata = api.administrator("a").metadata
    answer = await caller.queue.UpdateJobPriority(request, metadata=metadata)
    assert (answer.job.priority, answer.job.queue_position) == (10, 2)
    assert await positions(caller, [second]) == [4]
    await caller.cancel(third)
    assert await positions(caller, [second]) == [3]
    status = await other.queue_status()
    assert (status.caller_position, status.queued_jobs, status.cancelled_jobs) == (2, 3, 1)


async def test_priority_must_be_valid_and_job_queued(api: Api, caller: Caller) -> None:
    job_id = await started(caller)
    other = api.caller("b")

    async def update(who: Caller, **fields: Any) -> None:
        request = queue_pb2.UpdateJobPriorityRequest(**fields)
        await unwrap(who.queue.UpdateJobPriority(request, metadata=who.metadata))

    for wrong in (0, 11):
        with pytest.raises(ValidationError):
            await update(caller, job_id=job_id, priority=wrong)
    with pytest.raises(NotFoundError):
        await update(other, job_id=job_id, priority=3)
    await caller.cancel(job_id)
    with pytest.raises(StateError):
        await update(caller, job_id=job_id, priority=3)


async def test_tasks_are_handed_out_in_queue_order(
    api: Api, worker_factory: WorkerFactory, database: Database
) -> None:
    caller = api.administrator()
    low = await ahead(caller, database, priority=1)
    usual, high = await started(caller), await started(caller, priority=10)
    async with worker_factory.both():
        for job_id in (low, usual, high):
            await caller.ended((await caller.job(job_id)).transcription_id)
    order = [task.job_id for task in worker_factory.done if task.WhichOneof("work") == "transcribe"]
    assert order.index(high) < order.index(usual)


async def test_queue_status_counts_jobs_and_workers(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    before = await caller.queue_status()
    assert (before.total_jobs, before.success_rate_percent) == (0, 100)
    assert before.running
    async with worker_factory.both():

        async def seen() -> bool:
            status = await caller.queue_status()
            return (status.transcribe_workers, status.diarize_workers) == (1, 1)

        await until(seen)
        await caller.ended(await caller.upload_id(auto_start=True))
    after = await caller.queue_status()
    assert (after.total_jobs, after.completed_jobs, after.failed_jobs) == (1, 1, 0)
    assert 0 < seconds(after.average_processing_duration) < 60
    assert after.HasField("estimated_wait")

    async def gone() -> bool:
        return (await caller.queue_status()).transcribe_workers == 0

    await until(gone)
    waiting = await started(caller)
    job = await caller.job(waiting)
    assert job.HasField("estimated_complete_time")
    assert job.HasField("estimated_wait")


async def test_jobs_are_listed_newest_first(api: Api, caller: Caller) -> None:
    ids = [await started(caller) for _ in range(3)]
    await started(api.caller("b"))
    await caller.cancel(ids[0])

    async def listed(**request: Any) -> tuple[list[str], int]:
        answer = await caller.queue.ListJobs(
            queue_pb2.ListJobsRequest(**request), metadata=caller.metadata
        )
        return [job.job_id for job in answer.jobs], answer.total

    assert await listed() == (ids[::-1], 3)
    assert await listed(limit=1, offset=1) == ([ids[1]], 3)
    assert await listed(status=queue_pb2.JOB_STATUS_CANCELLED) == ([ids[0]], 1)
    transcription_id = (await caller.job(ids[1])).transcription_id
    assert await listed(transcription_id=transcription_id) == ([ids[1]], 1)


async def test_transcriptions_are_listed_newest_first(api: Api, caller: Caller) -> None:
    ids = [await caller.upload_id() for _ in range(3)]
    await api.caller("b").upload_id()
    await caller.start(ids[1])

    async def listed(**request: Any) -> tuple[list[int], int]:
        answer = await caller.transcriptions.ListTranscriptions(
            transcription_pb2.ListTranscriptionsRequest(**request), metadata=caller.metadata
        )
        return [item.transcription_id for item in answer.transcriptions], answer.total

    assert await listed() == (ids[::-1], 3)
    assert await listed(limit=2, offset=2) == ([ids[0]], 3)
    processing = transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING
    assert await listed(status=processing) == ([ids[1]], 1)
    with pytest.raises(Exception, match="INVALID_ARGUMENT"):
        await listed(limit=1001)


async def test_changes_are_announced_with_places_of_all_sessions(
    api: Api, caller: Caller, client: Any
) -> None:
    heard: list[event_pb2.QueueChanged] = []

    async def hear(message: Any) -> None:
        heard.append(events.parse(message).queue_changed)

    subject = bus.event_subject("", "queue", "all", "changed")
    subscription = await client.subscribe(subject, cb=hear)
    await flushed(client)
    begun = time.monotonic()
    await started(caller)
    await started(api.caller("b"))

    async def arrived() -> bool:
        return bool(heard) and heard[-1].queued_jobs == 2

    await until(arrived)
    await subscription.unsubscribe()
    # One per second, and one more at either end.
    assert len(heard) <= (time.monotonic() - begun) / INTERVAL_SECONDS + 2
    assert {(place.session_id, place.position) for place in heard[-1].places} == {
        ("session_a", 1),
        ("session_b", 2),
    }


async def test_signals_count_each_in_the_forecast(
    caller: Caller, worker_factory: WorkerFactory, database: Database
) -> None:
    separate = transcription_pb2.CHANNEL_MODE_SEPARATE
    stereo = wav(4.0, tones=(220, 330))
    async with worker_factory.both():
        await caller.ended(await caller.upload_id(stereo, channels=separate, auto_start=True))
    async with database.transaction() as connection:
        ((_, sound),) = await Jobs(connection).recent()
    assert sound == pytest.approx(8.0, abs=0.1)
    mixed = await caller.upload(stereo, auto_start=True)
    split = await caller.upload(stereo, channels=separate, auto_start=True)
    last = await caller.upload(stereo, auto_start=True)

    async def wait(uploaded: transcription_pb2.UploadTranscriptionResponse) -> float:
        return seconds((await caller.job(uploaded.job.job_id)).estimated_wait)

    waits = [await wait(one) for one in (mixed, split, last)]
    # All of them wait, so that the moments differ by the sound in between alone.
    assert waits[2] - waits[1] == pytest.approx(2 * (waits[1] - waits[0]), rel=0.2)
