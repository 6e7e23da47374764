"""Writes with an idempotency key are carried out once."""

import asyncio
import uuid
from typing import Any

import httpx2
import pytest

from common.background.times_ahead import bring_back
from common.errors import UnavailableError
from common.postgres import Database
from gateway.idempotency.store import (
    LEASE_SECONDS,
    LEASES,
    Answer,
    Attempt,
    IdempotentRequests,
    Refusal,
)
from tests.integration.gateway.conftest import MakeGateway, Running, until
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import complete

UPLOAD = "/api/transcription/upload"
WAV = b"RIFF and some sound"
SEAL = b"s" * 32
SRT = b"1\n00:00:00,000 --> 00:00:01,000\nHello.\n"
_ROWS = "SELECT * FROM idempotent_requests WHERE workspace_id = %(workspace)s"
_AGE = "UPDATE idempotent_requests SET expires_at = now() WHERE workspace_id = %(workspace)s"
_ABANDON = """
UPDATE idempotent_requests SET status = NULL, sealed_body = NULL, attempt = gen_random_uuid(),
    leased_until = now() + make_interval(secs => %(left)s)
WHERE workspace_id = %(workspace)s
"""

_LEASE_LEFT = """
SELECT extract(epoch FROM leased_until - now())::float AS seconds FROM idempotent_requests
WHERE workspace_id = %(workspace)s
"""

# Statements of the version before, for a key that has expired.
_OLD_CLAIM = """
UPDATE idempotent_requests SET status = NULL, headers = '[]', body = NULL, content = '',
    expires_at = now() + interval '1 day'
WHERE workspace_id = %(workspace)s
"""
_OLD_FINISH = """
UPDATE idempotent_requests SET status = 200, body = %(body)s::bytea, attempt = NULL
WHERE workspace_id = %(workspace)s
"""


def keyed(key: str = "") -> dict[str, str]:
    return {"Idempotency-Key": key or uuid.uuid4().hex}


async def workspace(client: httpx2.AsyncClient) -> str:
    answer = await client.get("/api/sessions/current")
    return str(answer.json()["data"]["session_id"])


def form(**fields: Any) -> dict[str, Any]:
    return {"files": {"file": ("a.wav", WAV)}, "data": fields}


async def test_repeated_write_gets_the_first_answer(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    headers = keyed()
    body = {"name": f"Ann {uuid.uuid4().hex}"}
    first = await client.post("/api/speakers", json=body, headers=headers)
    again = await client.post("/api/v1/speakers", json=body, headers=headers)

    assert first.status_code == 201, first.text
    assert "idempotent-replayed" not in first.headers
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == "application/json"
    assert "x-ratelimit-limit" in again.headers
    assert [one.name for one in peers.speakers.speakers.values()].count(body["name"]) == 1


async def test_answers_are_readable_only_with_the_key(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """Nothing that is deleted later can be read in them."""
    name = f"Ann {uuid.uuid4().hex}"
    headers = keyed()
    assert (await client.post("/api/speakers", json={"name": name}, headers=headers)).is_success
    [row] = await database.fetch_all(_ROWS, {"workspace": await workspace(client)})
    assert row["body"] is None
    assert len(row["sealed_body"]) > len(name)
    assert name.encode() not in row["sealed_body"]
    assert name not in str(row)


async def test_answers_of_earlier_releases_are_sent_again(
    client: httpx2.AsyncClient, database: Database
) -> None:
    headers = keyed()
    body = {"name": f"Ann {uuid.uuid4().hex}"}
    first = await client.post("/api/speakers", json=body, headers=headers)
    await database.execute(
        "UPDATE idempotent_requests SET sealed_body = NULL, body = %(body)s "
        "WHERE workspace_id = %(workspace)s",
        {"body": first.content, "workspace": await workspace(client)},
    )
    again = await client.post("/api/speakers", json=body, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)


@pytest.mark.parametrize("body", [b"second", None])
async def test_older_replica_reuses_an_expired_key(database: Database, body: bytes | None) -> None:
    owner, requests = uuid.uuid4().hex, IdempotentRequests(database)
    attempt = await requests.claim(owner, "a", "same", seal=SEAL)
    assert isinstance(attempt, Attempt)
    await requests.finish(attempt, Answer(status=200, body=b"first"))

    await database.execute(_OLD_CLAIM, {"workspace": owner})
    await database.execute(_OLD_FINISH, {"workspace": owner, "body": body})
    again = await requests.claim(owner, "a", "same", seal=SEAL)
    assert isinstance(again, Answer)
    assert again.body == body


async def test_key_of_another_request_is_refused(client: httpx2.AsyncClient) -> None:
    headers = keyed(f'"{uuid.uuid4().hex}"')
    name = uuid.uuid4().hex
    assert (await client.post("/api/speakers", json={"name": name}, headers=headers)).is_success
    for answer in (
        await client.post("/api/speakers", json={"name": f"{name}x"}, headers=headers),
        await client.put("/api/sessions/current", json={}, headers=headers),
    ):
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"
        assert answer.json()["error"]["details"] == {"header": "Idempotency-Key"}


async def test_keys_are_those_of_one_workspace(running: Running) -> None:
    headers = keyed()
    for _ in range(2):
        async with running.client() as client:
            answer = await client.put("/api/sessions/current", json={}, headers=headers)
            assert "idempotent-replayed" not in answer.headers
            assert answer.status_code == 200, answer.text


async def test_malformed_keys_are_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.put("/api/sessions/current", json={}, headers=keyed("x" * 256))
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {"field": "Idempotency-Key"}


async def test_refusals_are_repeated_and_failures_of_ours_are_not(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    refused, failed, _ = keyed(), keyed(), await workspace(client)
    path = "/api/transcription/start/987654"
    first = await client.post(path, headers=refused)
    again = await client.post(path, headers=refused)
    assert (first.status_code, again.content) == (404, first.content)
    assert again.headers["idempotent-replayed"] == "true"

    peers.transcriber.failure = UnavailableError("Not now.")
    try:
        assert (await client.post(path, headers=failed)).status_code == 503
    finally:
        peers.transcriber.failure = None
    later = await client.post(path, headers=failed)
    assert (later.status_code, "idempotent-replayed" in later.headers) == (404, False)


async def test_start_has_the_same_key_in_calls_however_often_it_is_sent(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    headers = keyed()
    uploaded = await client.post(UPLOAD, **form(auto_start="false"))
    number = uploaded.json()["data"]["transcription_id"]
    peers.transcriber.failure = UnavailableError("Not now.")
    path = f"/api/transcription/start/{number}"
    try:
        assert (await client.post(path, headers=headers)).status_code == 503
    finally:
        peers.transcriber.failure = None
    assert (await client.post(path, headers=headers)).status_code == 200
    sent = peers.transcriber.starts[-1].request_id
    assert sent.startswith("key-")
    plain = await client.post(path)
    assert (plain.status_code, peers.transcriber.starts[-1].request_id) == (409, "")


async def test_request_in_progress_is_not_carried_out_again(
    client: httpx2.AsyncClient, database: Database
) -> None:
    headers, owner = keyed(), await workspace(client)
    change: dict[str, Any] = {"json": {"user_identifier": "Ann"}, "headers": headers}
    path = "/api/sessions/current"
    assert (await client.put(path, **change)).status_code == 200
    await database.execute(_ABANDON, {"workspace": owner, "left": 30})
    busy = await client.put(path, **change)
    assert (busy.status_code, busy.headers["retry-after"]) == (409, "2")
    assert busy.json()["error"]["code"] == "CONFLICT"
    # Its gateway has died.
    await database.execute(_ABANDON, {"workspace": owner, "left": -1})
    assert (await client.put(path, **change)).status_code == 200
    row = await database.fetch_one(_ROWS, {"workspace": owner})
    assert row is not None
    assert (row["status"], row["attempt"]) == (200, None)


async def test_lease_of_a_clock_that_was_ahead_is_shortened(
    client: httpx2.AsyncClient, database: Database
) -> None:
    owner = await workspace(client)
    await client.put("/api/sessions/current", json={}, headers=keyed())
    await database.execute(_ABANDON, {"workspace": owner, "left": 86_400})
    await bring_back(database, [LEASES])
    row = await database.fetch_one(_LEASE_LEFT, {"workspace": owner})
    assert row == {"seconds": pytest.approx(LEASE_SECONDS, abs=20)}


async def test_concurrent_requests_are_carried_out_once(
    make_gateway: MakeGateway, peers: Peers
) -> None:
    name = uuid.uuid4().hex
    async with make_gateway() as one, make_gateway() as other, one.client() as client:
        await client.get("/api/sessions/current")
        async with other.client(cookies=dict(client.cookies)) as second:
            headers = keyed()
            answers = await asyncio.gather(
                *(
                    each.post("/api/speakers", json={"name": name}, headers=headers)
                    for each in (client, second) * 4
                )
            )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum(answer.status_code == 201 for answer in answers) >= 1
    assert [one.name for one in peers.speakers.speakers.values()].count(name) == 1


async def test_keys_expire(client: httpx2.AsyncClient, database: Database) -> None:
    headers, owner = keyed(), await workspace(client)
    for body in ({"user_identifier": "Ann"}, {"user_identifier": "Bob"}):
        answer = await client.put("/api/sessions/current", json=body, headers=headers)
        assert (answer.status_code, "idempotent-replayed" in answer.headers) == (200, False)
        await database.execute(_AGE, {"workspace": owner})
    await IdempotentRequests(database).sweep()
    assert await database.fetch_one(_ROWS, {"workspace": owner}) is None


async def test_keys_are_erased_with_their_workspace(
    make_gateway: MakeGateway, database: Database
) -> None:
    async with make_gateway(session_sweep_seconds=0.2) as running, running.client() as client:
        owner = await workspace(client)
        await client.put("/api/sessions/current", json={}, headers=keyed())
        assert await database.fetch_one(_ROWS, {"workspace": owner}) is not None
        await client.delete("/api/sessions/current")

        async def erased() -> bool:
            return await database.fetch_one(_ROWS, {"workspace": owner}) is None

        await until(erased)


async def test_upload_is_stored_once(client: httpx2.AsyncClient, peers: Peers) -> None:
    headers = keyed()
    before = len(peers.transcriber.uploads)
    first = await client.post(UPLOAD, **form(language="en"), headers=headers)
    again = await client.post(UPLOAD, **form(language="en"), headers=headers)
    assert first.status_code == 201, first.text
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert len(peers.transcriber.uploads) == before + 1

    other_file = {**form(language="en"), "files": {"file": ("a.wav", WAV + b"\0\0")}}
    other_name = {**form(language="en"), "files": {"file": ("b.wav", WAV)}}
    for other in (form(language="de"), other_file, other_name):
        answer = await client.post(UPLOAD, **other, headers=headers)
        assert (answer.status_code, len(peers.transcriber.uploads)) == (422, before + 1)
    malformed = await client.post(UPLOAD, **form(langage="en"), headers=headers)
    assert malformed.status_code == 400


async def test_repeated_upload_of_a_deleted_recording_stores_nothing(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    headers = keyed()
    first = await client.post(UPLOAD, **form(auto_start="false"), headers=headers)
    number = first.json()["data"]["transcription_id"]
    assert (await client.delete(f"/api/transcription/{number}")).is_success
    before = len(peers.transcriber.uploads)
    again = await client.post(UPLOAD, **form(auto_start="false"), headers=headers)
    assert (again.content, len(peers.transcriber.uploads)) == (first.content, before)


async def test_upload_interrupted_after_it_was_stored_finds_its_recording(
    client: httpx2.AsyncClient, peers: Peers, database: Database
) -> None:
    headers, owner = keyed(), await workspace(client)
    first = await client.post(UPLOAD, **form(auto_start="false"), headers=headers)
    await database.execute(_ABANDON, {"workspace": owner, "left": -1})
    before = len(peers.transcriber.uploads)
    again = await client.post(UPLOAD, **form(auto_start="false"), headers=headers)
    assert again.json()["data"]["transcription_id"] == first.json()["data"]["transcription_id"]
    assert len(peers.transcriber.uploads) == before


async def test_refused_uploads_can_be_sent_again_with_another_file(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    headers = keyed()
    empty: dict[str, Any] = {"files": {"file": ("a.wav", b"")}}
    for _ in range(2):
        refused = await client.post(UPLOAD, **empty, headers=headers)
        assert (refused.status_code, "idempotent-replayed" in refused.headers) == (400, False)
    assert (await client.post(UPLOAD, **form(), headers=headers)).status_code == 201


@pytest.mark.parametrize("as_form", [True, False])
async def test_import_is_carried_out_once(
    client: httpx2.AsyncClient, peers: Peers, *, as_form: bool
) -> None:
    number, headers = await complete(client, peers), keyed()
    path = f"/api/transcription/{number}/import"

    async def imported(srt: bytes) -> httpx2.Response:
        if as_form:
            return await client.post(path, files={"file": ("a.srt", srt)}, headers=headers)
        text = {**headers, "Content-Type": "text/plain"}
        return await client.post(path, content=srt, headers=text)

    refused = await imported(b"bad")
    assert refused.status_code == 400, refused.text
    before = len(peers.imports.requests)
    first, again, other = await imported(SRT), await imported(SRT), await imported(SRT + SRT)
    assert first.status_code == 200, first.text
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert again.headers["idempotent-replayed"] == "true"
    assert other.status_code == 422, other.text
    assert [r.request_id[:4] for r in peers.imports.requests[before:]] == ["key-"]


async def test_recording_with_its_transcript_is_stored_once(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    headers = keyed()
    before = len(peers.transcriber.uploads)

    async def imported(wav: bytes = WAV, srt: bytes = SRT) -> httpx2.Response:
        files = {"audio": ("a.wav", wav), "transcript": ("a.srt", srt)}
        return await client.post("/api/imports", files=files, headers=headers)

    first, again = await imported(), await imported()
    assert first.status_code == 201, first.text
    assert (again.status_code, again.content) == (201, first.content)
    swapped = {"transcript": ("a.srt", SRT), "audio": ("a.wav", WAV)}
    reordered = await client.post("/api/imports", files=swapped, headers=headers)
    assert reordered.content == first.content
    for other in (await imported(wav=WAV + b"\0"), await imported(srt=SRT + SRT)):
        assert other.status_code == 422, other.text
    assert len(peers.transcriber.uploads) == before + 1


async def test_secrets_are_not_stored(make_gateway: MakeGateway, database: Database) -> None:
    """A repeated request is not carried out again, though its answer is gone."""
    async with make_gateway() as running, running.client() as client:
        owner = await workspace(client)
        resumed = await client.post("/api/sessions/create", headers=keyed())
        assert resumed.status_code == 201
        body = {"query": "Ann"}
        assert (await client.post("/api/speakers/search", json=body, headers=keyed())).is_success
        assert await database.fetch_one(_ROWS, {"workspace": owner}) is None


async def test_too_many_keys_are_refused(
    client: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.idempotency.usage.MOST_KEYS", 1)
    headers = keyed()
    for _ in range(2):
        assert (await client.put("/api/sessions/current", json={}, headers=headers)).is_success
    refused = await client.put("/api/sessions/current", json={}, headers=keyed())
    assert refused.status_code == 503
    assert "Too many idempotency keys" in refused.json()["error"]["message"]


async def test_limits_are_counted_again_after_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.idempotency.usage.MOST_KEYS", 2)
    monkeypatch.setattr("gateway.idempotency.usage._FULL_SECONDS", 3600.0)
    owner, one, other = uuid.uuid4().hex, IdempotentRequests(database), IdempotentRequests(database)
    for requests, key in ((one, "a"), (other, "b")):
        assert isinstance(await requests.claim(owner, key, "same", seal=SEAL), Attempt)
    # This replica has not counted the key of the other one yet.
    assert isinstance(await one.claim(owner, "c", "same", seal=SEAL), Attempt)
    assert await one.claim(owner, "d", "same", seal=SEAL) is Refusal.TOO_MANY
    assert await one.claim(owner, "a", "same", seal=SEAL) is Refusal.IN_PROGRESS
    await database.execute("DELETE FROM idempotent_requests WHERE workspace_id = %s", (owner,))
    assert await one.claim(owner, "d", "same", seal=SEAL) is Refusal.TOO_MANY
    monkeypatch.setattr("gateway.idempotency.usage._FULL_SECONDS", 0.0)
    assert isinstance(await one.claim(owner, "d", "same", seal=SEAL), Attempt)


async def test_answers_beyond_the_limit_are_not_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.idempotency.usage.MOST_BYTES", 10)
    owner, requests = uuid.uuid4().hex, IdempotentRequests(database)
    for key, body, kept in (("a", b"12345678", True), ("b", b"123", False), ("c", b"", True)):
        attempt = await requests.claim(owner, key, "same", seal=SEAL)
        assert isinstance(attempt, Attempt)
        await requests.finish(attempt, Answer(status=200, body=body))
        again = await requests.claim(owner, key, "same", seal=SEAL)
        assert isinstance(again, Answer)
        assert again.body == (body if kept else None)
    foreign = await requests.claim(owner, "a", "same", seal=b"t" * 32)
    assert isinstance(foreign, Answer)
    assert foreign.body is None
