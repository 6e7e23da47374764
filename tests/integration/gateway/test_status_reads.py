"""Repeated reads of a status, of which unchanged ones are not transferred again."""

import httpx2
import pytest

from gateway.api.transcription_models import StatusData
from gateway.web.envelope import Success
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import complete, upload


def address(number: int) -> str:
    return f"/api/transcription/status/{number}"


async def test_unchanged_status_is_read_once(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    first = await client.get(address(number))
    second = await client.get(address(number))

    assert second.json()["data"] == first.json()["data"]
    assert second.headers["etag"] == first.headers["etag"]
    unknown, known = peers.transcriber.known_versions[-2:]
    assert unknown == ""
    assert known != ""
    for answer in (first, second):
        rendered = Success[StatusData].model_validate_json(answer.content).model_dump_json()
        assert answer.content == rendered.encode()
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("query", ["", "?transcript=false", "?transcript=1"])
async def test_client_with_the_current_status_gets_304(
    client: httpx2.AsyncClient, peers: Peers, query: str
) -> None:
    number = await complete(client, peers)
    path = address(number) + query
    tag = (await client.get(path)).headers["etag"]

    same = await client.get(path, headers={"If-None-Match": f'"other", {tag}'})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    peers.transcriber.transcriptions[number].title = "Another title"
    changed = await client.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.json()["data"]["title"] == "Another title"
    assert changed.headers["etag"] != tag


async def test_views_have_different_tags(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    whole = await client.get(address(number))
    brief = await client.get(address(number), params={"transcript": "false"})
    assert whole.headers["etag"] != brief.headers["etag"]
    assert brief.json()["data"]["segments"] == []


async def test_running_job_has_no_tag(client: httpx2.AsyncClient) -> None:
    number = await upload(client, start=True)
    answer = await client.get(address(number), headers={"If-None-Match": "*"})
    assert answer.status_code == 200
    assert "etag" not in answer.headers


async def test_nothing_is_read_from_the_cache_after_deletion(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    number = await complete(client, peers)
    tag = (await client.get(address(number))).headers["etag"]
    await client.delete(f"/api/transcription/{number}")
    for headers in ({}, {"If-None-Match": tag}):
        answer = await client.get(address(number), headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("number", ["0", "abc", "9" * 18, "9" * 19])
async def test_wrong_ids_are_explained(client: httpx2.AsyncClient, number: str) -> None:
    answer = await client.get(f"/api/transcription/status/{number}")
    assert answer.status_code == (404 if number == "9" * 18 else 400)
    assert answer.json()["success"] is False
