"""Outages of the services behind the gateway."""

import asyncio

import grpc
import grpc.aio
import pytest

from common.errors import UnavailableError
from common.events import EventPublisher
from securetranscribe.v1 import session_pb2, session_pb2_grpc
from tests.integration.gateway.conftest import SECRET, MakeGateway, until
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_uploads import file, send
from tests.ports import free_port

CALLS = [
    ("GET", "/api/sessions/current", None),
    ("GET", "/api/queue/status", None),
    ("GET", "/api/transcription/list", None),
    ("GET", "/api/transcription/status/1", None),
    ("POST", "/api/transcription/start/1", None),
    ("POST", "/api/transcription/export/1?export_format=pdf", None),
    ("GET", "/api/speakers", None),
    ("POST", "/api/speakers", {"name": "John"}),
    ("DELETE", "/api/queue/jobs/job_1", None),
]


def nobody() -> dict[str, str]:
    """Return addresses without a listener."""
    return {
        f"{name}_grpc": f"127.0.0.1:{free_port()}"
        for name in ("transcriber", "speakers", "exporter")
    }


async def test_calls_to_unavailable_peers_return_503(make_gateway: MakeGateway) -> None:
    async with make_gateway(**nobody()) as alone, alone.client() as client:
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/health/ready")).status_code == 200
        answers = await asyncio.gather(
            *(
                client.request(method, path, **({} if body is None else {"json": body}))
                for method, path, body in CALLS
            ),
            send(client, file()),
        )
        for answer in answers:
            assert answer.status_code == 503, answer.request.url
            # Not DEADLINE_EXCEEDED, because the call must fail at once.
            assert answer.json()["error"]["code"] == "SERVICE_UNAVAILABLE"
            assert answer.headers["retry-after"] == "5"
        # Endpoints without a peer still work.
        assert (await client.post("/api/sessions/create")).status_code == 201
        changed = await client.put("/api/sessions/current", json={"user_identifier": "x"})
        assert changed.status_code == 200


async def test_peers_started_later_are_found(make_gateway: MakeGateway) -> None:
    port = free_port()
    addresses = {**nobody(), "transcriber_grpc": f"127.0.0.1:{port}"}
    async with make_gateway(**addresses) as alone, alone.client() as client:
        assert (await client.get("/api/queue/status")).status_code == 503
        late = Peers(SECRET, {"transcriber": port})

        async def found() -> bool:
            status: int = (await client.get("/api/queue/status")).status_code
            return status == 200

        await late.start()
        try:
            await until(found, seconds=60)
        finally:
            await late.stop()


async def test_native_clients_receive_unavailable(make_gateway: MakeGateway) -> None:
    async with (
        make_gateway(**nobody()) as alone,
        grpc.aio.insecure_channel(alone.grpc_address) as channel,
    ):
        service = session_pb2_grpc.SessionServiceStub(channel)
        made = await service.CreateSession(session_pb2.CreateSessionRequest())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await service.GetCurrentSession(
                session_pb2.GetCurrentSessionRequest(),
                metadata=(("authorization", f"Bearer {made.session_token}"),),
            )
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_revocation_holds_without_nats(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(self: EventPublisher, event: object) -> None:
        raise UnavailableError("NATS does not answer.")

    monkeypatch.setattr(EventPublisher, "publish", away)
    async with make_gateway() as running, running.client() as client:
        made = (await client.post("/api/sessions/create")).json()["data"]
        assert (await client.delete("/api/sessions/current")).status_code == 200
        headers = {"Authorization": f"Bearer {made['session_token']}"}
        assert (await client.get("/api/sessions/current", headers=headers)).status_code == 401


async def test_internal_details_are_not_disclosed(make_gateway: MakeGateway, peers: Peers) -> None:
    peers.transcriber.failure = RuntimeError("password=hunter2 at /srv/secret.py")
    try:
        async with make_gateway() as running, running.client() as client:
            answer = await client.get("/api/queue/status")
    finally:
        peers.transcriber.failure = None
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "INTERNAL_ERROR"
    assert "hunter2" not in answer.text
