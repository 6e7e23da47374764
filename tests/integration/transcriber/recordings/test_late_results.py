"""Results of workers that may arrive after a deletion."""

import pytest

from common.postgres import Database
from transcriber.store.tasks import Tasks

_TRANSCRIPTION = """
INSERT INTO transcriptions (id, session_id, filename, size_bytes, duration, format, codec,
    sample_rate, channels, source_key, language_requested, phrases, speaker_count, min_speakers,
    max_speakers, status)
VALUES (1, 's', 'a.wav', 1, 60, 'wav', 'pcm', 8000, 1, 'key', '', '{}', 0, 0, 0, 'failed')
"""
_JOB = """
INSERT INTO jobs (job_id, transcription_id, session_id, status, priority, current_step)
VALUES ('j', 1, 's', 'failed', 5, '')
"""
_TASK = """
INSERT INTO tasks (task_id, job_id, transcription_id, stage, state, options, result_key, releases,
                   ended_at)
VALUES (gen_random_uuid(), 'j', 1, 'transcribe', %s, '{}', 'key', %s,
        now() - make_interval(mins => %s))
"""


@pytest.mark.parametrize(
    ("state", "releases", "minutes", "late"),
    [
        ("running", 1, 0, True),  # Workers of a failed job go on.
        ("released", 1, 0, True),
        ("cancelled", 1, 5, True),  # Its worker may not have heard of it yet.
        ("cancelled", 1, 120, False),
        ("cancelled", 0, 5, False),  # No worker ever had it.
        ("done", 1, 0, False),
        ("failed", 1, 0, False),
    ],
)
async def test_workers_may_still_write(
    database: Database, state: str, releases: int, minutes: int, late: bool
) -> None:
    for statement in (_TRANSCRIPTION, _JOB):
        await database.execute(statement)
    await database.execute(_TASK, (state, releases, minutes))
    async with database.transaction() as connection:
        assert await Tasks(connection).may_still_write(1) is late
