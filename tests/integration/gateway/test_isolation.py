"""Isolation of sessions on every path with an id."""

from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import signing
from securetranscribe.v1 import session_pb2, session_pb2_grpc
from tests.integration.gateway.conftest import Running
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import complete, upload

PATHS = [
    ("POST", "/transcription/start/{transcription}"),
    ("GET", "/transcription/status/{transcription}"),
    ("POST", "/transcription/speakers/assign/{transcription}"),
    ("POST", "/transcription/export/{transcription}"),
    ("GET", "/transcription/export/{transcription}"),
    ("GET", "/transcription/{transcription}/summary"),
    ("GET", "/transcription/{transcription}/playback"),
    ("GET", "/transcription/{transcription}/peaks"),
    ("DELETE", "/transcription/{transcription}"),
    ("POST", "/transcription/{transcription}/reprocess"),
    ("GET", "/transcription/{transcription}/conflicts"),
    ("GET", "/queue/jobs/{job}"),
    ("PUT", "/queue/jobs/{job}"),
    ("DELETE", "/queue/jobs/{job}"),
]


@dataclass(frozen=True)
class Owned:
    """Resources of one session."""

    session_id: str
    pending: int
    running: int
    completed: int
    jobs: tuple[str, ...]


async def own(client: httpx2.AsyncClient, peers: Peers) -> Owned:
    session = (await client.get("/api/sessions/current")).json()["data"]["session_id"]
    pending, running = await upload(client), await upload(client, start=True)
    completed = await complete(client, peers)
    listed = (await client.get("/api/queue/jobs")).json()["data"]["jobs"]
    return Owned(session, pending, running, completed, tuple(job["job_id"] for job in listed))


def request_of(owned: Owned, path: str, which: str, number: int) -> str:
    transcription = getattr(owned, which)
    return path.format(transcription=transcription, job=owned.jobs[number % len(owned.jobs)])


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    call=st.sampled_from(PATHS),
    which=st.sampled_from(["pending", "running", "completed"]),
    number=st.integers(0, 5),
    prefix=st.sampled_from(["/api", "/api/v1"]),
    body=st.sampled_from([None, {}, {"language": "en"}]),
    by=st.sampled_from(["cookie", "bearer", "nothing"]),
)
async def test_a_session_cannot_access_the_resources_of_another(
    running: Running,
    peers: Peers,
    call: tuple[str, str],
    which: str,
    number: int,
    prefix: str,
    body: Any,
    by: str,
) -> None:
    method, path = call
    if "assign" in path:
        body = {"Speaker_1": "X"}
    elif method == "PUT":
        body = {"priority": 2}
    elif body and not ("start" in path or "reprocess" in path):
        body = {}
    async with running.client() as first, running.client() as second:
        owned = await own(first, peers)
        before = _state(peers, owned)
        headers = {}
        if by == "bearer":
            token = (await second.post("/api/sessions/create")).json()["data"]["session_token"]
            second.cookies.clear()
            headers = {"Authorization": f"Bearer {token}"}
        elif by == "cookie":
            await second.get("/api/sessions/current")
        answer = await second.request(
            method,
            prefix + request_of(owned, path, which, number),
            params={"export_format": "txt"} if "export" in path else {},
            headers=headers,
            **({} if body is None else {"json": body}),
        )
        assert answer.status_code == 404, answer.text
        assert answer.json()["error"]["code"] == "NOT_FOUND"
        assert owned.session_id not in answer.text
        assert _state(peers, owned) == before


async def test_lists_only_contain_own_resources(running: Running, peers: Peers) -> None:
    async with running.client() as first, running.client() as second:
        owned = await own(first, peers)
        transcriptions = (await second.get("/api/transcription/list")).json()["data"]
        jobs = (await second.get("/api/queue/jobs")).json()["data"]
        assert (transcriptions["total"], transcriptions["transcriptions"]) == (0, [])
        assert (jobs["total"], jobs["jobs"]) == (0, [])
        queue = (await second.get("/api/queue/status")).json()["data"]
        assert queue["user_queue_position"] == 0
        mine = (await first.get("/api/transcription/list")).json()["data"]
        assert {item["id"] for item in mine["transcriptions"]} == {
            owned.pending, owned.running, owned.completed,
        }  # fmt: skip


async def test_a_session_id_does_not_authenticate(running: Running) -> None:
    async with running.client() as client:
        session = (await client.get("/api/sessions/current")).json()["data"]["session_id"]
    async with running.client() as other:
        shown = await other.get(
            "/api/sessions/current", headers={"Authorization": f"Bearer {session}"}
        )
        assert shown.status_code == 401
        by_header = await other.get("/api/sessions/current", headers={"X-Session-ID": session})
        assert by_header.json()["data"]["session_id"] != session
    metadata = ((signing.SESSION_HEADER, session),)
    async with grpc.aio.insecure_channel(running.grpc_address) as channel:
        service = session_pb2_grpc.SessionServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await service.GetCurrentSession(
                session_pb2.GetCurrentSessionRequest(), metadata=metadata
            )
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def _state(peers: Peers, owned: Owned) -> list[bytes]:
    fake = peers.transcriber
    messages = [
        fake.transcriptions[number] for number in (owned.pending, owned.running, owned.completed)
    ] + [fake.jobs[job] for job in owned.jobs]
    return [message.SerializeToString(deterministic=True) for message in messages]
