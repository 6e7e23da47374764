"""Queue endpoints."""

import httpx2
import pytest

from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import upload


async def start(client: httpx2.AsyncClient) -> str:
    number = await upload(client, start=True)
    status = await client.get(f"/api/transcription/status/{number}")
    return status.json()["data"]["job_id"]  # type: ignore[no-any-return]


async def test_documented_status(client: httpx2.AsyncClient, peers: Peers) -> None:
    idle = (await client.get("/api/queue/status")).json()["data"]
    assert idle["user_queue_position"] == 0
    await start(client)
    data = (await client.get("/api/queue/status")).json()["data"]
    assert data["queued_jobs"] >= 1
    assert data["total_jobs"] >= data["queued_jobs"]
    assert data["active_jobs"] == data["processing_jobs"] == 0
    assert (data["max_workers"], data["is_running"]) == (3, True)
    assert data["user_queue_position"] > 0
    assert data["estimated_wait_time"] == 12.5
    assert data["average_processing_time"] == 180.5
    assert data["success_rate"] == 92.0
    assert isinstance(data["completed_jobs"], int)


async def test_get_job(client: httpx2.AsyncClient) -> None:
    job_id = await start(client)
    data = (await client.get(f"/api/queue/jobs/{job_id}")).json()["data"]
    assert (data["job_id"], data["status"], data["priority"]) == (job_id, "queued", 5)
    assert data["file_info"] == {
        "file_size": 2563,
        "file_duration": 120.5,
        "file_path": "/uploads/audio.mp3",
    }
    assert data["queue_position"] > 0
    assert (data["started_at"], data["processing_time"]) == (None, None)
    assert data["transcription_id"] > 0


@pytest.mark.parametrize("job_id", ["job_abc123", "x", "..", "job_1;drop"])
async def test_unknown_jobs(client: httpx2.AsyncClient, job_id: str) -> None:
    for method in ("GET", "DELETE"):
        answer = await client.request(method, f"/api/queue/jobs/{job_id}")
        assert answer.status_code in (404, 405)


async def test_list_jobs(client: httpx2.AsyncClient) -> None:
    first, second = await start(client), await start(client)
    data = (await client.get("/api/queue/jobs")).json()["data"]
    assert [job["job_id"] for job in data["jobs"]] == [second, first]
    assert (data["total"], data["limit"], data["offset"]) == (2, 50, 0)
    assert data["status_filter"] is None
    params = {"status_filter": "queued", "limit": "1", "offset": "1"}
    page = (await client.get("/api/queue/jobs", params=params)).json()["data"]
    assert [job["job_id"] for job in page["jobs"]] == [first]
    assert page["status_filter"] == "queued"


async def test_priority_of_a_waiting_job(client: httpx2.AsyncClient) -> None:
    path = f"/api/queue/jobs/{await start(client)}"
    answer = await client.put(path, json={"priority": 2})
    assert (answer.status_code, answer.json()["data"]["priority"]) == (200, 2)
    assert (await client.get(path)).json()["data"]["priority"] == 2
    for wrong in ({"priority": 0}, {"priority": 11}, {}):
        refused = await client.put(path, json=wrong)
        assert refused.json()["error"]["details"]["field"] == "priority"
    await client.delete(path)
    assert (await client.put(path, json={"priority": 2})).status_code == 409


async def test_cancel_job(client: httpx2.AsyncClient) -> None:
    job_id = await start(client)
    answer = await client.delete(f"/api/queue/jobs/{job_id}")
    assert answer.json()["data"] == {"message": "Job cancelled successfully", "job_id": job_id}
    job = (await client.get(f"/api/queue/jobs/{job_id}")).json()["data"]
    assert job["status"] == "cancelled"
    again = await client.delete(f"/api/queue/jobs/{job_id}")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "CONFLICT")
    number = job["transcription_id"]
    status = (await client.get(f"/api/transcription/status/{number}")).json()["data"]
    assert status["status"] == "pending"
