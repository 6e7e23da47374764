"""The query by which workers are scaled, on the tables as the transcriber makes them."""

from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest

from scripts import check_chart

JOB = (
    "INSERT INTO jobs (job_id, transcription_id, session_id, status, priority, current_step)"
    " VALUES (%s, %s, 'session_scale', 'queued', 5, 'waiting')"
)
TRANSCRIPTION = (
    "INSERT INTO transcriptions (session_id, filename, size_bytes, duration, format, codec,"
    " sample_rate, channels, source_key, language_requested, phrases, speaker_count,"
    " min_speakers, max_speakers, status) VALUES ('session_scale', 'a.wav', 1, 1, 'wav', 'pcm',"
    " 16000, 1, 'scale/source', '', '{}', 0, 0, 0, 'processing') RETURNING id"
)
TASK = (
    "INSERT INTO tasks (task_id, job_id, transcription_id, stage, part, state, options, result_key)"
    " VALUES (%s, %s, %s, %s, %s, %s, '{}', 'key')"
)
STATES = ("waiting", "released", "running", "done", "failed", "cancelled")


def queries() -> dict[str, str]:
    """The query of every worker's autoscaler."""
    scaling = {"autoscaling": {"kind": "keda", "min": 0, "max": 3}}
    values = {"services": {"transcriber-worker": scaling, "diarizer": scaling}}
    return {
        found["metadata"]["name"]: found["spec"]["triggers"][0]["metadata"]["query"]
        for found in check_chart.render(values)
        if found["kind"] == "ScaledObject"
    }


@pytest.mark.usefixtures("migrated")
def test_queue_counts_what_waits_and_what_is_worked_on(postgres_url: Callable[[str], str]) -> None:
    found = queries()
    with psycopg.connect(postgres_url("transcriber")) as connection:

        def counted(worker: str) -> int:
            row = connection.execute(found[f"demo-{worker}"].encode()).fetchone()
            assert row is not None
            return int(row[0])

        before = {worker: counted(worker) for worker in ("transcriber-worker", "diarizer")}
        row = connection.execute(TRANSCRIPTION).fetchone()
        assert row is not None
        job = f"job_{uuid4().hex}"
        connection.execute(JOB, [job, row[0]])
        for part, state in enumerate(STATES):
            connection.execute(TASK, [uuid4(), job, row[0], "transcribe", part, state])
        connection.execute(TASK, [uuid4(), job, row[0], "diarize", 0, "waiting"])
        connection.execute(TASK, [uuid4(), job, row[0], "merge", 0, "waiting"])
        assert counted("transcriber-worker") - before["transcriber-worker"] == 3
        assert counted("diarizer") - before["diarizer"] == 1
        connection.rollback()
