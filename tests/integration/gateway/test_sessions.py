"""Session endpoints."""

import datetime as dt
import re

import httpx2
import pytest

from common import times
from common.postgres import Database
from securetranscribe.v1 import session_pb2
from tests.integration.gateway.conftest import MakeGateway, Running
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_session_store import Clock

CURRENT = "/api/sessions/current"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def create(client: httpx2.AsyncClient, **body: str) -> dict[str, str]:
    answer = await client.post("/api/sessions/create", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]  # type: ignore[no-any-return]


async def test_the_first_call_creates_a_session(client: httpx2.AsyncClient) -> None:
    first = await client.get(CURRENT)
    assert first.status_code == 200
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    again = await client.get(CURRENT)
    assert again.json()["data"]["session_id"] == first.json()["data"]["session_id"]
    assert "set-cookie" not in again.headers


async def test_documented_fields_of_the_current_session(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    peers.transcriber.statistics = session_pb2.SessionStatistics(
        queue_position=2,
        processing=True,
        completed_jobs=3,
        audio_duration=times.duration(250),
        processing_duration=times.duration(100),
        average_confidence=0.88,
    )
    try:
        data = (await client.get(CURRENT)).json()["data"]
    finally:
        peers.transcriber.statistics = session_pb2.SessionStatistics()
    assert re.fullmatch(r"session_[0-9a-f]{32}", data["session_id"])
    assert isinstance(data["id"], int)
    assert data["user_identifier"] is None
    assert (data["is_active"], data["is_valid"], data["is_authenticated"]) == (True, True, False)
    assert (data["queue_position"], data["is_processing"]) == (2, True)
    assert (data["total_files_processed"], data["average_confidence"]) == (3, 0.88)
    assert data["processing_efficiency"] == 2.5
    assert re.fullmatch(r"00:00:\d\d", data["formatted_session_age"])
    moments = [
        dt.datetime.strptime(data[name], "%Y-%m-%dT%H:%M:%S%z")
        for name in ("created_at", "last_accessed", "expires_at")
    ]
    assert moments[2] - moments[1] == dt.timedelta(hours=1)


async def test_a_token_authenticates_from_any_client(running: Running) -> None:
    async with running.client() as one, running.client() as other:
        made = await create(one, user_identifier="john.doe@example.com", ip_address="192.168.1.100")
        assert made.keys() == {
            "id", "session_id", "session_token", "created_at", "expires_at",
        }  # fmt: skip
        answer = await other.get(CURRENT, headers=bearer(made["session_token"]))
        assert answer.json()["data"]["session_id"] == made["session_id"]
        assert answer.json()["data"]["user_identifier"] == "john.doe@example.com"
        assert "set-cookie" not in answer.headers
        # The response has set the cookie of the new session.
        assert (await one.get(CURRENT)).json()["data"]["session_id"] == made["session_id"]


async def test_only_the_hash_of_the_token_is_stored(
    client: httpx2.AsyncClient, database: Database
) -> None:
    made = await create(client)
    row = await database.fetch_one(
        "SELECT s::text AS everything FROM sessions s WHERE session_id = %s",
        (made["session_id"],),
    )
    assert row is not None
    assert made["session_token"] not in row["everything"]


async def test_bearer_takes_precedence_over_the_cookie(running: Running) -> None:
    async with running.client() as one, running.client() as other:
        mine = await create(one)
        theirs = await create(other)
        answer = await one.get(CURRENT, headers=bearer(theirs["session_token"]))
        assert answer.json()["data"]["session_id"] == theirs["session_id"]
        assert mine["session_id"] != theirs["session_id"]


@pytest.mark.parametrize("token", ["nonsense", "A" * 43, "%00", "a b c"])
@pytest.mark.parametrize("path", [CURRENT, "/api/v1/queue/status", "/api/nowhere"])
async def test_an_invalid_bearer_is_rejected(
    client: httpx2.AsyncClient, token: str, path: str
) -> None:
    answer = await client.get(path, headers=bearer(token))
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "AUTHENTICATION_ERROR"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("token", ["nonsense", "A" * 43, '"quoted"'])
async def test_a_stale_cookie_gets_a_new_session(running: Running, token: str) -> None:
    async with running.client(cookies={"session_token": token}) as client:
        first = await client.get(CURRENT)
        assert first.status_code == 200
        assert "session_token=" in first.headers["set-cookie"]


async def test_update(client: httpx2.AsyncClient) -> None:
    answer = await client.put(
        CURRENT,
        json={
            "user_identifier": "john.doe@example.com",
            "preferences": {
                "default_language": "en-US",
                "auto_start_processing": True,
                "theme": {"dark": True},
            },
        },
    )
    assert answer.status_code == 200
    preferences = {
        "default_language": "en",
        "auto_start_processing": True,
        "theme": {"dark": True},
    }
    assert answer.json()["data"]["preferences"] == preferences
    data = (await client.get(CURRENT)).json()["data"]
    assert data["preferences"] == preferences
    assert data["user_identifier"] == "john.doe@example.com"
    assert data["is_authenticated"] is False
    cleared = await client.put(CURRENT, json={"user_identifier": None})
    assert cleared.json()["data"]["user_identifier"] is None
    assert cleared.json()["data"]["preferences"] == preferences


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user_identifier": "x" * 256}, "user_identifier"),
        ({"user_identifier": "x\u0000"}, "user_identifier"),
        ({"user_identifier": 3}, "user_identifier"),
        ({"preferences": {"default_language": "english"}}, "preferences.default_language"),
        ({"preferences": {"default_language": "xx"}}, "preferences.default_language"),
        ({"preferences": {"auto_start_processing": "yes"}}, "preferences.auto_start_processing"),
        ({"preferences": {"x": "\u0000"}}, "preferences"),
        ({"preferences": {"x": "y" * 20000}}, "preferences"),
        ({"preferences": []}, "preferences"),
    ],
)
async def test_invalid_updates_name_the_field(
    client: httpx2.AsyncClient, body: dict[str, object], field: str
) -> None:
    answer = await client.put(CURRENT, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == field


@pytest.mark.parametrize("text", ['{"preferences": {"x": NaN}}', '{"preferences": {"x": 1e999}}'])
async def test_non_finite_numbers_are_rejected(client: httpx2.AsyncClient, text: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.put(CURRENT, content=text, headers=headers)
    assert answer.status_code == 400


async def test_extend(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/sessions/extend", json={"hours": 2})
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["message"] == "Session extended by 2 hours"
    assert 7140 < data["time_until_expiry"] <= 7200
    shorter = await client.post("/api/sessions/extend", json={"hours": 1})
    assert shorter.json()["data"]["message"] == "Session extended by 1 hour"
    assert shorter.json()["data"]["expires_at"] == data["expires_at"]


@pytest.mark.parametrize("hours", [0, 25, -1, 1.5, "2", None, True])
async def test_extensions_outside_the_bounds_are_rejected(
    client: httpx2.AsyncClient, hours: object
) -> None:
    answer = await client.post("/api/sessions/extend", json={"hours": hours})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == "hours"


async def test_invalidate(running: Running) -> None:
    async with running.client() as client:
        made = await create(client)
        answer = await client.delete(CURRENT)
        assert answer.status_code == 200
        assert answer.json()["data"] == {"message": "Session invalidated successfully"}
        assert "Max-Age=0" in answer.headers["set-cookie"]
    async with running.client() as other:
        refused = await other.get(CURRENT, headers=bearer(made["session_token"]))
        assert refused.status_code == 401


async def test_sessions_expire_and_slide(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        make_gateway(session_ttl=20, session_touch_seconds=1) as short,
        short.client() as client,
    ):
        clock = Clock()
        monkeypatch.setattr(short.gateway._registry, "_clock", clock)
        made = await create(client)
        headers = bearer(made["session_token"])
        for _ in range(4):
            clock.now += dt.timedelta(seconds=19)
            assert (await client.get(CURRENT, headers=headers)).status_code == 200
        clock.now += dt.timedelta(seconds=20)
        assert (await client.get(CURRENT, headers=headers)).status_code == 401


async def test_last_accessed_is_this_request(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make_gateway(session_touch_seconds=60) as lazy, lazy.client() as client:
        clock = Clock()
        monkeypatch.setattr(lazy.gateway._registry, "_clock", clock)
        headers = bearer((await create(client))["session_token"])
        for call in (client.get, client.put, client.get):
            clock.now += dt.timedelta(seconds=2)
            body = {"json": {"user_identifier": "anna"}} if call == client.put else {}
            data = (await call(CURRENT, headers=headers, **body)).json()["data"]
            assert data["last_accessed"] == f"{clock.now:%Y-%m-%dT%H:%M:%SZ}"
            assert data["expires_at"] == f"{clock.now + dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"


async def test_cookies_are_secure_under_https(running: Running) -> None:
    async with running.client() as client:
        answer = await client.get(CURRENT, headers={"X-Forwarded-Proto": "https"})
        assert "Secure" in answer.headers["set-cookie"]


async def test_pages_of_other_origins_cannot_use_the_cookie(client: httpx2.AsyncClient) -> None:
    await client.get(CURRENT)
    foreign = {"Origin": "https://evil.example"}
    refused = await client.delete(CURRENT, headers=foreign)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "AUTHORIZATION_ERROR"
    own = {"Origin": str(client.base_url).rstrip("/")}
    assert (await client.delete(CURRENT, headers=own)).status_code == 200


@pytest.mark.parametrize(
    "foreign", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_pages_of_other_origins_cannot_write(
    running: Running, foreign: dict[str, str]
) -> None:
    async with running.client() as client:
        for method, path in (
            ("POST", "/api/sessions/create"),
            ("POST", "/api/speakers"),
            ("POST", "/api/transcription/upload"),
            ("POST", "/api/speakers/1/enroll"),
        ):
            refused = await client.request(method, path, headers=foreign)
            assert refused.status_code == 403
            assert "set-cookie" not in refused.headers
        token = (await client.post("/api/sessions/create")).json()["data"]["session_token"]
        bearer = {"Authorization": f"Bearer {token}"} | foreign
        assert (await client.put(CURRENT, json={}, headers=bearer)).status_code == 200


async def test_pages_of_other_origins_get_no_cookie(running: Running) -> None:
    async with running.client() as client:
        seen = await client.get(CURRENT, headers={"Sec-Fetch-Site": "cross-site"})
        assert seen.status_code == 200
        assert "set-cookie" not in seen.headers


async def test_failed_requests_set_no_cookie(running: Running) -> None:
    async with running.client() as client:
        missing = await client.get("/api/transcription/status/999999")
        assert missing.status_code == 404
        assert "set-cookie" not in missing.headers
