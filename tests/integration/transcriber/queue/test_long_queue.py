"""Snapshots of a long queue are kept for the answers that follow."""

import pytest

from common.background.wakeups import WakeUp
from common.postgres import Connection, Database
from transcriber.queue import queue_status
from transcriber.queue.queue_status import QueueMonitor
from transcriber.queue.workers import WorkerRegistry
from transcriber.store.jobs import Jobs

_TRANSCRIPTION = """
INSERT INTO transcriptions (
    id, session_id, workspace_id, filename, size_bytes, duration, format, codec, sample_rate,
    channels, source_key, language_requested, phrases, speaker_count, min_speakers, max_speakers,
    status)
VALUES (%s, %s, %s, 'a.wav', 1, 60, 'wav', 'pcm', 16000, 1, 'key', '', '{}', 0, 0, 0, 'processing')
"""
_JOB = """
INSERT INTO jobs (
    job_id, transcription_id, session_id, workspace_id, status, priority, current_step)
VALUES (%s, %s, %s, %s, 'queued', 5, '')
"""


@pytest.fixture
def monitor(database: Database) -> QueueMonitor:
    return QueueMonitor(database, WorkerRegistry(freed=WakeUp(), on_task=lambda _report: None))


async def add(connection: Connection, *numbers: int, owner: str = "a") -> None:
    """Add waiting jobs in a transaction that is rolled back."""
    for number in numbers:
        await connection.execute(_TRANSCRIPTION.encode(), (number, owner, owner))
        await connection.execute(_JOB.encode(), (f"job-{number}", number, owner, owner))


async def test_snapshot_of_a_long_queue_is_kept(
    database: Database, monitor: QueueMonitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_status, "LONG_QUEUE", 2)
    async with database.transaction() as connection:
        await add(connection, 1, 2)
        assert set((await monitor.shown(connection)).positions) == {"job-1", "job-2"}
        await add(connection, 3)
        assert "job-3" not in (await monitor.shown(connection)).positions
        # An answer about a job has its place.
        assert (await monitor.shown(connection, "job-3")).positions["job-3"] == 3
        assert "job-3" in (await monitor.shown(connection)).positions
        await connection.rollback()


async def test_later_and_moved_jobs_get_places_in_the_kept_snapshot(
    database: Database, monitor: QueueMonitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_status, "LONG_QUEUE", 2)
    async with database.transaction() as connection:
        await add(connection, 1, 2, 3)
        before = await monitor.shown(connection)
        monkeypatch.setattr(monitor, "snapshot", None)
        await add(connection, 4, owner="b")
        shown = await monitor.shown(connection, "job-4", "job-9")
        assert shown.positions == {"job-1": 1, "job-2": 2, "job-3": 3, "job-4": 2}
        assert (shown.places["a"].position, shown.places["b"].position) == (1, 2)
        assert (before.queued, shown.queued) == (3, 4)

        await Jobs(connection).set_priority("job-3", 9)
        moved = await monitor.shown(connection, "job-3", moved=True)
        assert moved.positions["job-3"] == 1
        assert moved.queued == 4
        await connection.rollback()


async def test_the_forecast_of_a_later_job_is_that_of_its_place(
    database: Database, monitor: QueueMonitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_status, "LONG_QUEUE", 2)
    monkeypatch.setattr(queue_status, "measured_factor", lambda _recent, _running: 0.5)
    async with database.transaction() as connection:
        await add(connection, 1, 2, 3)
        await monitor.shown(connection)
        await add(connection, 4, owner="b")
        await add(connection, 5)
        shown = await monitor.shown(connection, "job-4", "job-5")
        await connection.rollback()
    # It takes the place of the second job, which begins after one of a minute.
    assert (shown.forecast.begin["job-4"], shown.forecast.end["job-4"]) == (30.0, 60.0)
    assert (shown.forecast.begin["job-5"], shown.forecast.end["job-5"]) == (90.0, 120.0)
    assert shown.places["b"].wait == 30.0


async def test_short_queue_is_always_current(database: Database, monitor: QueueMonitor) -> None:
    async with database.transaction() as connection:
        for number in (1, 2, 3):
            await add(connection, number)
            assert (await monitor.shown(connection)).queued == number
        await connection.rollback()


async def test_places_are_fixed_in_the_order_of_release(database: Database) -> None:
    async with database.transaction() as connection:
        await add(connection, 1, 2, 3, 4)
        jobs = Jobs(connection)
        await jobs.released(["job-3"])
        await jobs.released(["job-4", "job-3", "job-1", "job-4"])
        live = (await jobs.live()).jobs
        await connection.rollback()
    released = sorted((job.release, job.job_id) for job in live if job.release is not None)
    assert [job_id for _, job_id in released] == ["job-3", "job-4", "job-1"]
