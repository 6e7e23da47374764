"""Endpoints of shares and links, sessions of links, and events of what others share."""

import json
from typing import Any

import grpc.aio
import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from common.errors import AuthorizationError
from common.events import EventPublisher
from common.grpc_client import unwrap
from common.postgres import Database
from securetranscribe.v1 import (
    event_pb2,
    session_pb2,
    session_pb2_grpc,
    sharing_pb2,
    sharing_pb2_grpc,
)
from tests.integration.gateway.accounts import (
    first_administrator,
    new_user,
    program,
    start_over,
)
from tests.integration.gateway.conftest import MakeGateway, Running
from tests.integration.gateway.fake_sharing import PASSWORD, TOKEN, shared_item
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_websocket import (
    address,
    bearer,
    connected,
    progress,
    publisher,  # noqa: F401 - a fixture
    receive,
    silent,
    token_of,
)

SHARES, LINKS = "/api/transcriptions/7/shares", "/api/transcriptions/7/links"


async def test_shares(client: httpx2.AsyncClient, peers: Peers) -> None:
    peers.sharing.shares.clear()
    made = await client.post(SHARES, json={"workspace_id": "session_b", "role": "commenter"})
    assert made.status_code == 201
    share = made.json()["data"]
    assert (share["workspace_id"], share["user_id"], share["name"], share["role"]) == (
        "session_b", None, None, "commenter",
    )  # fmt: skip
    listed = (await client.get(SHARES)).json()["data"]
    assert listed == [share]
    path = f"{SHARES}/{share['id']}"
    assert (await client.delete(path)).json()["data"]["transcription_id"] == 7
    assert (await client.delete(path)).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "user"),
        ({"user": "ann", "workspace_id": "session_b"}, "user"),
        ({"workspace_id": "session_b", "role": "manager"}, "role"),
    ],
)
async def test_invalid_shares(client: httpx2.AsyncClient, body: Any, field: str) -> None:
    answer = await client.post(SHARES, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == field


async def test_unknown_users(client: httpx2.AsyncClient) -> None:
    answer = await client.post(SHARES, json={"user": "nobody@example.org"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        404, "There is no such user.",
    )  # fmt: skip


async def test_links(client: httpx2.AsyncClient, peers: Peers) -> None:
    peers.sharing.links.clear()
    made = await client.post(
        LINKS, json={"name": "Printer", "expires_in_days": 0.5, "without_audio": True}
    )
    data = made.json()["data"]
    assert (made.status_code, data["token"], data["path"]) == (201, TOKEN, f"/shared#{TOKEN}")
    assert (data["state"], data["without_audio"], data["expires_at"]) == ("open", True, None)
    assert peers.sharing.created[-1].lifetime.ToSeconds() == 43_200
    default = await client.post(LINKS)
    assert default.status_code == 201
    assert peers.sharing.created[-1].lifetime.ToSeconds() == 7 * 86_400
    listed = (await client.get(LINKS)).json()["data"]
    assert [link["id"] for link in listed] == [data["id"], default.json()["data"]["id"]]
    assert "token" not in listed[0]
    assert (await client.delete(f"{LINKS}/{data['id']}")).status_code == 200
    revoked = (await client.get(LINKS)).json()["data"][0]
    assert (revoked["state"], revoked["revoked_at"] is None) == ("revoked", False)
    uses = (await client.get(f"{LINKS}/{data['id']}/uses", params={"limit": 2})).json()["data"]
    assert [use["outcome"] for use in uses] == ["too_many_attempts"] * 2
    for body in ({"expires_in_days": -1}, {"expires_in_days": 367}, {"name": "x" * 101}):
        assert (await client.post(LINKS, json=body)).status_code == 400


async def test_list_of_what_others_share(client: httpx2.AsyncClient, peers: Peers) -> None:
    peers.sharing.shared[:] = [shared_item(7)]
    answer = await client.get("/api/shared")
    peers.sharing.shared.clear()
    [item] = answer.json()["data"]
    assert (item["id"], item["role"], item["without_audio"], item["access_ends_at"]) == (
        7, "commenter", False, None,
    )  # fmt: skip


async def opened(running: Running, **options: Any) -> httpx2.Response:
    """Open the link without a session."""
    async with running.client() as client:
        return await client.post(
            "/api/shared/open", json={"token": TOKEN, "password": PASSWORD}, **options
        )


async def test_opened_links_have_a_session_of_their_own(running: Running) -> None:
    answer = await opened(running)
    data = answer.json()["data"]
    assert (answer.status_code, data["transcription_id"]) == (201, 7)
    assert f"session_token={data['session_token']}" in answer.headers["set-cookie"]
    # A session that somebody has already is not replaced.
    kept = await opened(running, headers={"Cookie": "session_token=mine"})
    assert "set-cookie" not in kept.headers
    async with running.client() as client:
        current = await client.get("/api/transcription/list", headers=bearer(data["session_token"]))
        assert current.status_code in (200, 403)
        for body in ({"token": TOKEN}, {"token": "x"}, {}, {"token": "x" * 65}):
            refused = await client.post("/api/shared/open", json=body)
            assert refused.status_code in (400, 403, 404)
            assert "set-cookie" not in refused.headers


async def test_native_clients_open_links(running: Running) -> None:
    async with grpc.aio.insecure_channel(running.grpc_address) as channel:
        stub: Any = sharing_pb2_grpc.LinkServiceStub(channel)
        answer = await unwrap(
            stub.OpenLink(sharing_pb2.OpenLinkRequest(token=TOKEN, password=PASSWORD))
        )
    assert answer.transcription_id == 7
    assert answer.expire_time.seconds > 0


async def test_watched_transcriptions_of_others(
    running: Running,
    publisher: EventPublisher,  # noqa: F811
) -> None:
    owner, owner_token = await token_of(running)
    _, token = await token_of(running)
    async with connected(running, owner_token), connected(running, token) as socket:
        await publisher.publish(progress(owner, "job_1", 1.0))
        assert await silent(socket)
        await socket.send(json.dumps({"type": "watch", "transcription_id": 99_999}))
        refused = await receive(socket)
        assert refused == {"type": "access_ended", "data": {"transcription_id": 99_999}}
        # Numbers that no transcription can have leave the connection open.
        for number in (2**63, -1, 0):
            await socket.send(json.dumps({"type": "watch", "transcription_id": number}))
            refused = await receive(socket)
            assert refused == {"type": "access_ended", "data": {"transcription_id": number}}


async def everything(socket: ClientConnection) -> None:
    """Receive until the connection is closed."""
    while True:
        await receive(socket)


async def test_revoked_links_close_their_sockets(
    running: Running,
    peers: Peers,
    publisher: EventPublisher,  # noqa: F811
) -> None:
    peers.sharing.shared[:] = [shared_item(1)]
    token = (await opened(running)).json()["data"]["session_token"]
    async with connect(address(running), additional_headers=bearer(token), proxy=None) as socket:
        # The socket watches once the transcriber has told what the link reaches.
        while await silent(socket):
            await publisher.publish(progress("session_somebody", "job_link", 7.0))
        peers.sharing.shared.clear()
        revoked = event_pb2.TranscriptionShared(transcription_id=1, revoked_link_id="link_1")
        await publisher.publish(
            event_pb2.Event(workspace_id="session_somebody", transcription_shared=revoked)
        )
        with pytest.raises(ConnectionClosed) as closed:
            await everything(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
    async with running.client() as client:
        assert (await client.get("/api/shared", headers=bearer(token))).status_code == 401


async def test_links_give_no_sessions_where_people_sign_in(
    make_gateway: MakeGateway, database: Database
) -> None:
    """A session without a user, a role and a link would pass for an open one."""
    await start_over(database)
    async with make_gateway(auth_mode="accounts") as running, running.client() as client:
        token = (await opened(running)).json()["data"]["session_token"]
        made = await client.post("/api/sessions/create", headers=bearer(token))
        assert (made.status_code, made.json()["error"]["code"]) == (403, "AUTHORIZATION_ERROR")
        async with grpc.aio.insecure_channel(running.grpc_address) as channel:
            stub: Any = session_pb2_grpc.SessionServiceStub(channel)
            with pytest.raises(AuthorizationError):
                await unwrap(
                    stub.CreateSession(
                        session_pb2.CreateSessionRequest(),
                        metadata=(("authorization", f"Bearer {token}"),),
                    )
                )
    assert await database.fetch_all("SELECT kind FROM sessions") == [{"kind": "link"}]
    await start_over(database)


async def test_callers_who_may_not_share_learn_no_names(
    make_gateway: MakeGateway, database: Database
) -> None:
    await start_over(database)
    async with (
        make_gateway(auth_mode="accounts") as running,
        first_administrator(running, database) as ada,
        program(running, ada, ["read"]) as reader,
    ):
        link = (await opened(running)).json()["data"]["session_token"]
        headers = reader.headers["authorization"], f"Bearer {link}"
        bodies = {"user": "Ada"}, {"user": "Nobody"}, {"workspace_id": ada.workspace_id}
        async with running.client() as client:
            for header in headers:
                answers = [
                    await client.post(SHARES, json=body, headers={"authorization": header})
                    for body in bodies
                ]
                assert [one.status_code for one in answers] == [403] * 3
                assert len({one.json()["error"]["message"] for one in answers}) == 1
    await start_over(database)


async def test_shares_with_deleted_users_are_forgotten(
    make_gateway: MakeGateway, database: Database, peers: Peers
) -> None:
    await start_over(database)
    async with (
        make_gateway(auth_mode="accounts") as running,
        first_administrator(running, database) as ada,
        new_user(running, ada, "Ann") as ann,
    ):
        shares = SHARES.removeprefix("/api")
        shared = await ada.ask("POST", shares, json={"user": "ann"})
        assert (shared["user_id"], shared["name"]) == (ann.user_id, "Ann")
        assert (
            await ada.refused(
                "POST", SHARES.removeprefix("/api"), json={"workspace_id": "session_x"}
            )
            == 404
        )
        await ada.ask("DELETE", f"/users/{ann.user_id}")
    assert peers.sharing.forgotten == [ann.user_id]
    await start_over(database)
