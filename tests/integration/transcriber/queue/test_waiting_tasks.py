"""Tasks that wait for their worker to end a direct call of somebody."""

from typing import Any

from common import bus
from common.postgres import Database
from common.times import duration, seconds
from securetranscribe.v1 import queue_pb2
from tests.integration.transcriber.conftest import Caller
from tests.integration.transcriber.fakes import until
from transcriber.store.jobs import Jobs

_TASK = "SELECT task_id::text FROM tasks WHERE job_id = %s AND stage = 'transcribe'"
_RELEASED = f"{_TASK} AND state = 'released'"
_SEEN = f"{_TASK} AND heartbeat_at IS NOT NULL"
_FORGET_HEARTBEAT = """
UPDATE tasks SET heartbeat_at = NULL WHERE job_id = %s AND stage = 'transcribe'
"""
_QUEUED_SECONDS = "SELECT queued_seconds FROM tasks WHERE job_id = %s AND stage = 'transcribe'"
_RELEASED_LONG_AGO = """
UPDATE tasks SET released_at = now() - interval '100 seconds' WHERE job_id = %s
"""
_STARTED_LONG_AGO = """
UPDATE jobs SET status = 'processing', started_at = now() - interval '100 seconds'
WHERE job_id = %s
"""


class Worker:
    """Heartbeats of a worker."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def beat(self, task_id: str = "", *, queued: bool = False, waited: float = 0.0) -> None:
        beat = queue_pb2.WorkerHeartbeat(
            worker_id="w", stage=queue_pb2.STAGE_TRANSCRIBE, task_id=task_id, queued=queued
        )
        beat.queued_duration.CopyFrom(duration(waited))
        await self._client.publish(bus.worker_subject("transcribe", "w"), beat.SerializeToString())


async def released(caller: Caller, database: Database, worker: Worker) -> tuple[str, str]:
    """Return the ids of a started job and of its task that was released to the worker."""
    await worker.beat()
    job = await caller.start(await caller.upload_id())

    async def found() -> Any:
        return await database.fetch_one(_RELEASED, (job.job_id,))

    row = await until(found)
    return job.job_id, row["task_id"]


async def test_waiting_task_does_not_start_its_job(
    caller: Caller, client: Any, database: Database
) -> None:
    worker = Worker(client)
    job_id, task_id = await released(caller, database, worker)

    async def seen() -> Any:
        await worker.beat(task_id, queued=True, waited=40.0)
        return await database.fetch_one(_SEEN, (job_id,))

    await until(seen)
    job = await caller.job(job_id)
    assert job.status == queue_pb2.JOB_STATUS_QUEUED
    assert not job.HasField("start_time")

    async def started() -> bool:
        await worker.beat(task_id, waited=40.0)
        return (await caller.job(job_id)).status == queue_pb2.JOB_STATUS_PROCESSING

    await until(started)
    # The wait was over before the job started.
    row = await database.fetch_one(_QUEUED_SECONDS, (job_id,))
    assert row is not None
    assert row["queued_seconds"] == 0.0
    assert seconds((await caller.job(job_id)).processing_duration) < 30


async def test_wait_of_a_later_stage_is_not_processing(
    caller: Caller, client: Any, database: Database
) -> None:
    worker = Worker(client)
    job_id, task_id = await released(caller, database, worker)
    # The other stage has started the job.
    await database.execute(_STARTED_LONG_AGO, (job_id,))
    await database.execute(_RELEASED_LONG_AGO, (job_id,))

    async def stored(waited: float, *, queued: bool) -> None:
        async def noted() -> bool:
            await worker.beat(task_id, queued=queued, waited=waited)
            row = await database.fetch_one(_QUEUED_SECONDS, (job_id,))
            return row is not None and row["queued_seconds"] == waited

        await until(noted)

    await stored(40.0, queued=True)
    await stored(50.0, queued=False)
    async with database.transaction() as connection:
        assert await Jobs(connection).overdue(90.0, 10) == []
        assert await Jobs(connection).overdue(30.0, 10) == [job_id]


async def test_heartbeats_of_running_tasks_are_stored_and_change_no_job(
    caller: Caller, client: Any, database: Database
) -> None:
    worker = Worker(client)
    job_id, task_id = await released(caller, database, worker)

    async def running() -> Any:
        await worker.beat(task_id)
        return await database.fetch_one(f"{_TASK} AND state = 'running'", (job_id,))

    await until(running)
    before = await caller.job(job_id)
    await database.execute(_FORGET_HEARTBEAT, (job_id,))

    async def seen() -> Any:
        await worker.beat(task_id)
        return await database.fetch_one(_SEEN, (job_id,))

    await until(seen)
    after = await caller.job(job_id)
    assert (after.status, after.progress_percent) == (before.status, before.progress_percent)
