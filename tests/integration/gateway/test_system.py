"""Endpoints for administrators."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.integration.gateway.conftest import MakeGateway, Running, until
from tests.integration.gateway.fake_admin import ADMIN_TOKEN
from tests.integration.gateway.peers import Peers
from tests.ports import free_port

ADMINISTRATOR = {"X-Admin-Token": ADMIN_TOKEN}
ITEM = {"service": "transcriber", "step": "clips", "item": "41"}
CALLS: list[tuple[str, str, Any]] = [
    ("GET", "/api/admin/system", None),
    ("GET", "/api/admin/storage", None),
    ("GET", "/api/v1/admin/set-aside", None),
    ("GET", "/api/admin/workspaces", None),
    ("POST", "/api/admin/set-aside/retry", ITEM),
]


@pytest.fixture
async def admin(running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    async with running.client(headers=ADMINISTRATOR) as client:
        yield client


async def test_workspaces_are_listed_with_figures(
    admin: httpx2.AsyncClient, running: Running, peers: Peers
) -> None:
    async with running.client() as visitor:
        made = (await visitor.post("/api/sessions/create", json={})).json()["data"]
    answer = await admin.get("/api/admin/workspaces", params={"per_page": 100})
    assert answer.status_code == 200, answer.text
    # The newest ones are first.
    found = {one["workspace_id"]: one for one in answer.json()["data"]["workspaces"]}
    listed = found[made["session_id"]]
    assert (listed["lasting"], listed["name"], listed["members"]) == (False, None, 0)
    assert (listed["transcriptions"], listed["recording_bytes"], listed["jobs"]) == (3, 1000, 1)
    assert listed["recording_duration"] == 90.0
    assert listed["last_upload_at"]
    assert answer.json()["pagination"]["total"] >= 1
    assert made["session_id"] in peers.admin.owners[-1]
    beyond = await admin.get("/api/admin/workspaces", params={"page": 100_000})
    assert beyond.json()["data"]["workspaces"] == []


async def test_system_state(admin: httpx2.AsyncClient) -> None:
    data: Any = None

    async def all_serve() -> bool:
        # On a busy machine, a service may answer too late to be counted.
        nonlocal data
        answer = await admin.get("/api/admin/system")
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        return {one["state"] for one in data["services"]} == {"serving"}

    await until(all_serve)
    services = {one["name"]: (one["state"], one["version"]) for one in data["services"]}
    assert services.keys() == {"gateway", "transcriber", "speakers", "exporter"}
    assert services["gateway"][1]
    for name in ("transcriber", "speakers", "exporter"):
        assert services[name][1] == f"1.2.3-{name}"
    assert data["workers"] == [
        {
            "worker_id": "worker-1",
            "stage": "transcribe",
            "state": "busy",
            "device": "cpu",
            "heartbeat_age": 1.0,
            "task_age": 20.0,
            "progress_percentage": 50.0,
            "sound_duration": 600.0,
        }
    ]
    assert data["stages"] == [{"stage": "transcribe", "waiting": 2, "running": 1, "workers": 1}]
    assert data["queue"] == {
        "queued_jobs": 2,
        "processing_jobs": 1,
        "queue_size": 50,
        "oldest_wait": 90.0,
        "average_processing_time": None,
    }
    assert [(one["completed"], one["failed"]) for one in data["throughput"]] == [(3, 1)]


async def test_storage(admin: httpx2.AsyncClient) -> None:
    data = (await admin.get("/api/admin/storage")).json()["data"]
    assert data["recordings"] == {"count": 2, "bytes": 1000}
    assert data["disk"] == {"free_bytes": 10, "total_bytes": 100, "reserve_bytes": 5}
    assert data["oldest_upload"] is None
    assert [(one["within"], one["recordings"]) for one in data["forecasts"]] == [(86_400.0, 1)]
    assert data["retention"]["processed_recording"] == 3600
    assert data["retention"]["transcription"] is None


async def test_items_set_aside(admin: httpx2.AsyncClient, peers: Peers) -> None:
    data = (await admin.get("/api/admin/set-aside")).json()["data"]
    (item,) = data["items"]
    assert {name: item[name] for name in ITEM} == ITEM
    assert (item["attempts"], item["reason"], item["retryable"]) == (5, "MemoryError", True)
    assert data["silent_services"] == ["speakers"]

    peers.admin.retried.clear()
    answer = await admin.post("/api/admin/set-aside/retry", json=ITEM)
    assert answer.json()["data"] == {"retried": 1}
    answer = await admin.post(
        "/api/admin/set-aside/retry", json={"service": "speakers", "step": "outbox"}
    )
    assert answer.status_code == 200
    assert [(one.service, one.step, one.item) for one in peers.admin.retried] == [
        ("transcriber", "clips", "41"),
        ("speakers", "outbox", ""),
    ]
    answer = await admin.post("/api/admin/set-aside/retry", json={**ITEM, "item": "gone"})
    assert answer.status_code == 404
    answer = await admin.post("/api/admin/set-aside/retry", json={"service": "transcriber"})
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (400, "step")


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_ordinary_sessions_are_refused(
    client: httpx2.AsyncClient, peers: Peers, method: str, path: str, body: Any
) -> None:
    before = peers.admin.asked
    answer = await client.request(method, path, json=body)
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert error["code"] == "AUTHORIZATION_ERROR"
    assert "X-Admin-Token" in error["message"]
    assert "ADMIN_TOKEN" in error["message"]
    assert peers.admin.asked == before


@pytest.mark.parametrize("token", ["wrong", ADMIN_TOKEN[:-1], "\u00e9\u00e9"])
@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_wrong_tokens_are_refused(
    client: httpx2.AsyncClient, method: str, path: str, body: Any, token: str
) -> None:
    headers = {"X-Admin-Token": token.encode("latin-1")}
    answer = await client.request(method, path, json=body, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 403
    assert token not in answer.text


async def test_guesses_are_limited_and_never_logged(
    make_gateway: MakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    guess = "a guess that nobody may read in a log"
    async with make_gateway(rate_limit_session="3/minute") as one, one.client() as client:
        # Refused requests set no cookie, and new sessions have the same limit.
        assert (await client.get("/api/sessions/current")).status_code == 200
        for _ in range(3):
            answer = await client.get("/api/admin/system", headers={"X-Admin-Token": guess})
            assert answer.status_code == 403
        answer = await client.get("/api/admin/storage", headers=ADMINISTRATOR)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1
        # Whoever sends no token is told what to do as before.
        assert (await client.get("/api/admin/storage")).status_code == 403
    written = capsys.readouterr()
    for secret in (guess, ADMIN_TOKEN):
        assert secret not in written.out + written.err


async def test_right_tokens_do_not_count_as_guesses(make_gateway: MakeGateway) -> None:
    async with (
        make_gateway(rate_limit_session="2/minute") as one,
        one.client(headers=ADMINISTRATOR) as client,
    ):
        for _ in range(4):
            assert (await client.get("/api/admin/set-aside")).status_code == 200


async def test_silent_services_are_named(make_gateway: MakeGateway) -> None:
    async with (
        make_gateway(exporter_grpc=f"127.0.0.1:{free_port()}") as one,
        one.client(headers=ADMINISTRATOR) as client,
    ):
        data = (await client.get("/api/admin/system")).json()["data"]
    exporter = next(service for service in data["services"] if service["name"] == "exporter")
    assert exporter == {"name": "exporter", "state": "silent", "version": None}
