"""The documented JSON API of the queue, field by field."""

import time
from pathlib import Path

import pytest

from tests.e2e.contract import JOB, QUEUE, Api, integer, many, moment, shape, text, upload, wait
from tests.e2e.recordings import repeated
from tests.e2e.stack import JOB_SECONDS, Completed

pytestmark = pytest.mark.e2e

#: Workers check for cancellation after every window, which may take seconds on a busy machine. The
#: whole recording would take far longer.
GIVEN_UP_SECONDS = 60
#: Until started workers are counted and stopped ones are not.
HEARD_SECONDS = 60


def test_status(done: Api, completed: Completed) -> None:
    deadline = time.monotonic() + HEARD_SECONDS
    while (data := done.data("GET", "/queue/status"))["max_workers"] != 2:
        assert time.monotonic() < deadline, data
        time.sleep(0.5)
    assert QUEUE(data)
    assert data["completed_jobs"] >= 1
    assert data["total_jobs"] >= data["completed_jobs"]
    assert data["active_jobs"] == data["processing_jobs"]
    assert data["is_running"] is True
    assert data["average_processing_time"] > 0
    assert completed.job_id


def test_job(done: Api, completed: Completed) -> None:
    data = done.data("GET", f"/queue/jobs/{completed.job_id}")
    assert JOB(data)
    assert (data["status"], data["queue_position"]) == ("completed", 0)
    assert data["transcription_id"] == completed.transcription_id
    assert data["file_info"]["file_path"].startswith("/uploads/")
    assert data["processing_time"] > 0
    done.refused("DELETE", f"/queue/jobs/{completed.job_id}", 409, "CONFLICT")
    done.refused("GET", "/queue/jobs/job_abc123", 404, "NOT_FOUND")


def test_list(done: Api, completed: Completed) -> None:
    data = done.data("GET", "/queue/jobs", params={"status_filter": "completed", "limit": 10})
    assert shape(jobs=many(JOB), total=integer, limit=integer, offset=integer, status_filter=text)(
        data
    )
    assert (data["status_filter"], data["limit"]) == ("completed", 10)
    assert completed.job_id in [job["job_id"] for job in data["jobs"]]
    assert done.data("GET", "/queue/jobs")["status_filter"] is None


def test_waiting_job(api: Api, sample: Path) -> None:
    """With one worker of each kind, the second job waits for ten minutes of audio."""
    first = upload(api, repeated(sample, 20), "meeting.wav")
    second = upload(api, sample.read_bytes(), "sample.wav")
    paths = [f"/queue/jobs/{started['job_id']}" for started in (first, second)]
    deadline = time.monotonic() + JOB_SECONDS
    while (running := api.data("GET", paths[0]))["status"] == "queued":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert JOB(running)
    assert moment(running["started_at"])
    assert moment(running["estimated_completion"])
    assert running["processing_time"] > 0
    waiting = api.data("GET", paths[1])
    assert JOB(waiting)
    assert (waiting["status"], waiting["started_at"]) == ("queued", None)
    assert waiting["queue_position"] >= 1
    assert moment(waiting["estimated_completion"])
    status = api.data("GET", "/queue/status")
    assert status["user_queue_position"] == waiting["queue_position"]
    assert status["estimated_wait_time"] > 0
    assert (status["queued_jobs"] >= 1, status["processing_jobs"] >= 1) == (True, True)
    session = api.data("GET", "/sessions/current")
    assert session["queue_position"] == waiting["queue_position"]
    assert session["is_processing"] is True
    filtered = api.data("GET", "/queue/jobs", params={"status_filter": "queued"})
    assert [job["job_id"] for job in filtered["jobs"]] == [second["job_id"]]
    for path in paths:
        api.data("DELETE", path)


def test_cancel(api: Api, sample: Path) -> None:
    started = upload(api, sample.read_bytes(), "sample.wav")
    path = f"/queue/jobs/{started['job_id']}"
    data = api.data("DELETE", path)
    assert data == {"message": "Job cancelled successfully", "job_id": started["job_id"]}
    job = api.data("GET", path)
    assert JOB(job)
    assert job["status"] == "cancelled"
    state = api.data("GET", f"/transcription/status/{started['transcription_id']}")
    assert state["status"] == "pending"
    api.refused("DELETE", path, 409, "CONFLICT")


def test_cancelling_frees_the_workers(api: Api, sample: Path, clip: bytes) -> None:
    """Cancelling a recording of twenty minutes frees the workers for one of six seconds."""
    long = upload(api, repeated(sample, 40), "meeting.wav")
    path = f"/queue/jobs/{long['job_id']}"
    deadline = time.monotonic() + JOB_SECONDS
    while {stage["status"] for stage in api.data("GET", path)["stages"][:2]} != {"running"}:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    short = upload(api, clip)
    cancelled = time.monotonic()
    api.data("DELETE", path)
    while api.data("GET", f"/queue/jobs/{short['job_id']}")["status"] == "queued":
        assert time.monotonic() < cancelled + GIVEN_UP_SECONDS
        time.sleep(0.1)
    assert wait(api, short["transcription_id"])["status"] == "completed"
    assert api.data("GET", path)["status"] == "cancelled"
