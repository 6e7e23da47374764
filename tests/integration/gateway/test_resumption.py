"""Ended sessions that are taken up again, over REST and gRPC."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import httpx2
import pytest
from nats.aio.client import Client

from common import bus, events
from common.identity import hash_token
from common.postgres import Database
from securetranscribe.v1 import session_pb2, session_pb2_grpc
from tests.integration.gateway.conftest import MakeGateway, Running
from tests.integration.gateway.test_sessions import CURRENT, bearer, create
from tests.nats_clients import flushed

RESUME = "/api/sessions/resume"
REPLACED = "x-session-replaced"
PREVIOUS = "previous_session_token"


async def end(database: Database, session_id: str, *, days: int = 1) -> None:
    """Let a session end by time, some days ago."""
    changed = await database.execute(
        "UPDATE sessions SET expires_at = now() - make_interval(days => %s) WHERE session_id = %s",
        (days, session_id),
    )
    assert changed == 1


async def workspace_of(database: Database, session_id: str) -> str:
    row = await database.fetch_one(
        "SELECT workspace_id FROM sessions WHERE session_id = %s", (session_id,)
    )
    assert row is not None
    return str(row["workspace_id"])


async def test_a_bearer_token_takes_up_its_session(
    running: Running, database: Database, nats: Client
) -> None:
    async with running.client() as one, running.client() as other:
        made = await create(one, user_identifier="anna")
        await end(database, made["session_id"])
        subject = bus.event_subject(made["session_id"], "session", "*", "revoked")
        subscription = await nats.subscribe(subject)
        await flushed(nats)

        answer = await other.post(RESUME, headers=bearer(made["session_token"]))

        assert answer.status_code == 201, answer.text
        resumed = answer.json()["data"]
        assert resumed.keys() == {*made, "kept_until"}
        assert resumed["session_id"] != made["session_id"]
        workspace = await workspace_of(database, resumed["session_id"])
        assert workspace == await workspace_of(database, made["session_id"])
        # Services that know the old token forget it.
        message = await subscription.next_msg(10)
        revoked = events.parse(message).session_revoked
        assert revoked.token_sha256 == hash_token(made["session_token"])
        current = await other.get(CURRENT)
        assert current.json()["data"]["session_id"] == resumed["session_id"]
        assert current.json()["data"]["user_identifier"] == "anna"


async def test_a_lost_answer_is_given_again_until_the_new_token_is_used(
    running: Running, database: Database
) -> None:
    async with running.client() as lost, running.client() as client:
        made = await create(lost)
        await end(database, made["session_id"])
        headers = bearer(made["session_token"])
        resumed = (await lost.post(RESUME, headers=headers)).json()["data"]
        # Nobody used the new session in its hour either.
        await end(database, resumed["session_id"])

        again = await client.post(RESUME, headers=headers)

        assert again.status_code == 201, again.text
        repeated = again.json()["data"]
        assert repeated["session_id"] == resumed["session_id"]
        assert repeated["session_token"] == resumed["session_token"]
        assert repeated["expires_at"] >= resumed["expires_at"]
        workspace = await workspace_of(database, repeated["session_id"])
        assert workspace == await workspace_of(database, made["session_id"])
        assert (await client.get(CURRENT)).json()["data"]["session_id"] == resumed["session_id"]
        assert (await client.post(RESUME, headers=headers)).status_code == 401


async def test_a_stale_cookie_is_announced_and_can_be_resumed(
    running: Running, database: Database
) -> None:
    async with running.client() as client:
        made = await create(client)
        assert REPLACED not in (await client.get(CURRENT)).headers
        await end(database, made["session_id"])

        replaced = await client.get(CURRENT)

        assert replaced.headers[REPLACED] == "true"
        assert replaced.json()["data"]["session_id"] != made["session_id"]
        cookies = replaced.headers.get_list("set-cookie")
        kept = next(cookie for cookie in cookies if cookie.startswith(PREVIOUS))
        assert "HttpOnly" in kept
        assert "SameSite=lax" in kept
        assert REPLACED not in (await client.get(CURRENT)).headers

        resumed = (await client.post(RESUME)).json()["data"]

        assert await workspace_of(database, resumed["session_id"]) == made["session_id"]
        assert PREVIOUS not in client.cookies
        current = (await client.get(CURRENT)).json()["data"]
        assert current["session_id"] == resumed["session_id"]


async def test_the_cookie_of_an_ended_session_resumes_it(
    running: Running, database: Database
) -> None:
    async with running.client() as client:
        made = await create(client)
        await end(database, made["session_id"])
        answer = await client.post(RESUME)
        assert answer.status_code == 201
        assert answer.json()["data"]["session_token"] != made["session_token"]


async def test_creating_a_session_keeps_the_token_of_a_stale_cookie(
    running: Running, database: Database
) -> None:
    async with running.client() as client:
        made = await create(client)
        await end(database, made["session_id"])
        answer = await client.post("/api/sessions/create")
        assert answer.headers[REPLACED] == "true"
        assert (await client.post(RESUME)).status_code == 201


async def test_an_unknown_cookie_is_announced_and_not_kept(running: Running) -> None:
    async with running.client(cookies={"session_token": "A" * 43}) as client:
        answer = await client.get(CURRENT)
        assert answer.headers[REPLACED] == "true"
        assert not [one for one in answer.headers.get_list("set-cookie") if PREVIOUS in one]


async def test_invalidated_erased_and_living_sessions_are_not_resumed(
    running: Running, database: Database
) -> None:
    async with running.client() as client, running.client() as other:
        invalidated = await create(client)
        await client.delete(CURRENT)
        await end(database, invalidated["session_id"])
        late = await create(client)
        await end(database, late["session_id"], days=31)
        living = await create(client)
        statuses = {
            name: (await other.post(RESUME, headers=bearer(one["session_token"]))).status_code
            for name, one in {"invalidated": invalidated, "late": late, "living": living}.items()
        }
        assert statuses == {"invalidated": 401, "late": 401, "living": 409}
        assert (await other.post(RESUME)).status_code == 401


async def test_foreign_pages_cannot_resume_a_session(running: Running, database: Database) -> None:
    async with running.client() as client:
        made = await create(client)
        await end(database, made["session_id"])
        answer = await client.post(RESUME, headers={"Origin": "https://elsewhere.example"})
        assert answer.status_code == 403
        assert (await client.post(RESUME)).status_code == 201


async def test_answers_carry_the_end_of_the_grace_period(make_gateway: MakeGateway) -> None:
    async with make_gateway(session_grace="2h") as running, running.client() as client:
        data = (await client.get(CURRENT)).json()["data"]
        assert data["kept_until"] is not None
        assert data["kept_until"] > data["expires_at"]
        changed = await client.put(CURRENT, json={"user_identifier": "anna"})
        assert changed.json()["data"]["kept_until"] is not None
    async with make_gateway(session_grace="never") as running, running.client() as client:
        assert (await client.get(CURRENT)).json()["data"]["kept_until"] is None


async def test_native_clients_resume_a_session(running: Running, database: Database) -> None:
    async with grpc.aio.insecure_channel(running.grpc_address) as channel:
        service: Any = session_pb2_grpc.SessionServiceStub(channel)
        made = await service.CreateSession(session_pb2.CreateSessionRequest())
        assert made.session.keep_until_time.seconds > made.session.expire_time.seconds
        metadata = (("authorization", f"Bearer {made.session_token}"),)
        request = session_pb2.ResumeSessionRequest()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await service.ResumeSession(request, metadata=metadata)
        assert caught.value.code() is grpc.StatusCode.ALREADY_EXISTS
        await end(database, made.session.session_id)

        resumed = await service.ResumeSession(request, metadata=metadata)

        again = await service.ResumeSession(request, metadata=metadata)
        assert again.session_token == resumed.session_token
        known = await service.AuthenticateSession(
            session_pb2.AuthenticateSessionRequest(session_token=resumed.session_token)
        )
        assert known.session_id == resumed.session.session_id
        assert known.workspace_id == made.session.session_id
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await service.ResumeSession(request, metadata=metadata)
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await service.ResumeSession(request)
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_two_concurrent_calls_resume_one_session(
    running: Running, database: Database
) -> None:
    async with running.client() as one, running.client() as other:
        made = await create(one)
        await end(database, made["session_id"])
        headers = bearer(made["session_token"])
        answers: list[httpx2.Response] = await asyncio.gather(
            *(client.post(RESUME, headers=headers) for client in (one, other))
        )
        assert [answer.status_code for answer in answers] == [201, 201]
        first, second = (answer.json()["data"] for answer in answers)
        assert first == second


async def test_logging_out_forgets_the_earlier_session(
    running: Running, database: Database
) -> None:
    async with running.client() as client:
        made = await create(client)
        await end(database, made["session_id"])
        await client.get(CURRENT)
        assert PREVIOUS in client.cookies
        assert (await client.delete(CURRENT)).status_code == 200
        assert PREVIOUS not in client.cookies
        assert (await client.post(RESUME)).status_code == 401
