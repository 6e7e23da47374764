"""Jobs over their time limit, and those that only wait."""

import pytest

from common.background.wakeups import WakeUp
from common.postgres import Database
from securetranscribe.v1 import queue_pb2
from tests.clocks import Clocks
from transcriber.queue.overdue import OverdueStep
from transcriber.queue.workers import WorkerRegistry
from transcriber.wakeups import WakeUps

LIMIT = 3600.0
_TRANSCRIPTION = """
INSERT INTO transcriptions (id, session_id, filename, size_bytes, duration, format, codec,
    sample_rate, channels, source_key, language_requested, phrases, speaker_count, min_speakers,
    max_speakers, status, job_id)
VALUES (1, 's', 'a.wav', 1, 60, 'wav', 'pcm', 8000, 1, 'key', '', '{}', 0, 0, 0, 'processing', 'j')
"""
_JOB = """
INSERT INTO jobs (job_id, transcription_id, session_id, status, priority, current_step, started_at)
VALUES ('j', 1, 's', 'processing', 5, '', now() - interval '5 hours')
"""
#: Recognition has ended long ago.
_TASKS = """
INSERT INTO tasks (task_id, job_id, transcription_id, stage, state, options, result_key,
                   released_at, ended_at)
VALUES (gen_random_uuid(), 'j', 1, 'transcribe', 'done', '{}', 'key',
        now() - interval '5 hours', now() - interval '4 hours'),
       (gen_random_uuid(), 'j', 1, 'diarize', %s, '{}', 'key',
        CASE WHEN %s > 0 THEN now() - make_interval(mins => %s) END, NULL),
       (gen_random_uuid(), 'j', 1, 'merge', 'waiting', '{}', 'key', NULL, NULL)
"""
_STATE = "SELECT state FROM tasks WHERE stage = 'diarize'"


def registry_at() -> tuple[WorkerRegistry, list[float]]:
    """Return a registry with a clock to advance."""
    now = [1000.0]
    return WorkerRegistry(freed=WakeUp(), on_task=lambda _: None, clock=lambda: now[0]), now


@pytest.mark.parametrize(
    ("state", "minutes", "workers", "ended"),
    [
        ("running", 70, 1, "failed"),  # It runs for too long.
        ("running", 50, 1, "running"),  # It was handed out not so long ago.
        ("waiting", 0, 1, "waiting"),  # Others keep the worker busy.
        ("waiting", 0, 0, "failed"),  # Nobody will ever take it.
    ],
)
async def test_only_work_counts_for_the_limit(
    database: Database, state: str, minutes: int, workers: int, ended: str
) -> None:
    for statement in (_TRANSCRIPTION, _JOB):
        await database.execute(statement)
    await database.execute(_TASKS, (state, minutes, minutes))
    registry, now = registry_at()
    now[0] += LIMIT + 1
    for number in range(workers):
        registry.note(
            queue_pb2.WorkerHeartbeat(worker_id=f"w{number}", stage=queue_pb2.STAGE_DIARIZE)
        )
    now[0] += LIMIT - 1  # Workers may be away for a while.
    step = OverdueStep(database, registry, WakeUps(), processing_timeout=LIMIT)
    async with database.transaction() as connection:
        due = await step.due(connection, 10)
    for job_id in due:
        await step.handle(job_id)
    row = await database.fetch_one(_STATE)
    assert row is not None
    assert row["state"] == ended


async def test_a_new_process_ends_nothing_that_waits(database: Database) -> None:
    """It has not heard of any worker yet."""
    for statement in (_TRANSCRIPTION, _JOB):
        await database.execute(statement)
    await database.execute(_TASKS, ("waiting", 0, 0))
    registry, _ = registry_at()
    step = OverdueStep(database, registry, WakeUps(), processing_timeout=LIMIT)
    await step.step()
    row = await database.fetch_one(_STATE)
    assert row is not None
    assert row["state"] == "waiting"


async def test_a_job_is_not_overdue_because_the_computer_slept(database: Database) -> None:
    clocks, (registry, _) = Clocks(), registry_at()
    step = OverdueStep(database, registry, WakeUps(), processing_timeout=LIMIT, clock=clocks.watch)
    await step.step()
    for statement in (_TRANSCRIPTION, _JOB):
        await database.execute(statement)
    await database.execute(_TASKS, ("running", 70, 70))
    clocks.jump(5 * 3600.0)
    await step.step()
    assert await database.fetch_one(_STATE) == {"state": "running"}
    clocks.go_on(LIMIT)
    await step.step()
    assert await database.fetch_one(_STATE) == {"state": "failed"}


async def test_waiting_jobs_do_not_hide_one_that_hangs(database: Database) -> None:
    for statement in (_TRANSCRIPTION, _JOB):
        await database.execute(statement)
    await database.execute(_TASKS, ("waiting", 0, 0))
    # A younger job of which a task runs for too long.
    for statement in (_TRANSCRIPTION, _JOB):
        await database.execute(
            statement.replace("(1, 's'", "(2, 's'")
            .replace("('j', 1", "('k', 2")
            .replace("'processing', 'j')", "'processing', 'k')")
            .replace("5 hours", "3 hours")
        )
    await database.execute(_TASKS.replace("'j', 1", "'k', 2"), ("running", 70, 70))
    registry, _ = registry_at()
    step = OverdueStep(database, registry, WakeUps(), processing_timeout=LIMIT)
    await step.step()
    rows = await database.fetch_all(
        "SELECT job_id, state FROM tasks WHERE stage = 'diarize' ORDER BY job_id"
    )
    assert [row["state"] for row in rows] == ["waiting", "failed"]
