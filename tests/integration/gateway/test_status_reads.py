"""Repeated reads of a status, of which unchanged ones are not transferred again."""

import httpx2
import pytest

from gateway.api.transcription_models import StatusData
from gateway.web.envelope import Success
from tests.integration.gateway.conftest import Running
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import complete, upload


def address(number: int) -> str:
    return f"/api/transcription/status/{number}"


async def test_unchanged_status_is_read_once(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    answered, asked = len(peers.transcriber.known_versions), len(peers.statuses.questions)
    first = await client.get(address(number))
    second = await client.get(address(number))

    assert second.json()["data"] == first.json()["data"]
    assert second.headers["etag"] == first.headers["etag"]
    assert peers.transcriber.known_versions[answered:] == [""]
    assert peers.statuses.questions[asked:] == [[number]]
    assert set(second.headers) == set(first.headers)
    for answer in (first, second):
        rendered = Success[StatusData].model_validate_json(answer.content).model_dump_json()
        assert answer.content == rendered.encode()
        assert answer.headers["content-type"] == "application/json"


async def test_other_callers_are_answered_by_the_transcriber(
    client: httpx2.AsyncClient, peers: Peers, running: Running
) -> None:
    number = await complete(client, peers)
    await client.get(address(number))
    asked = len(peers.statuses.questions)
    async with running.client() as stranger:
        for _ in range(2):
            assert (await stranger.get(address(number))).status_code == 404
    assert len(peers.statuses.questions) == asked


async def test_repeated_reads_count_for_the_rate_limit(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    number = await complete(client, peers)
    left = [
        int((await client.get(address(number))).headers["x-ratelimit-remaining"]) for _ in range(3)
    ]
    assert left == [left[0], left[0] - 1, left[0] - 2]


async def test_ended_session_reads_no_status_again(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    number = await complete(client, peers)
    for _ in range(2):
        await client.get(address(number))
    await client.delete("/api/sessions/current")
    answer = await client.get(address(number))
    assert answer.status_code in {401, 404}
    assert answer.headers["x-request-id"]


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


async def test_words_are_part_of_segments_on_request(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    number = await complete(client, peers)
    segment = peers.transcriber.transcriptions[number].segments[0]
    segment.words.add(text="Hello", probability=0.9, speaker_labels=["Speaker_1", "Speaker_2"])
    segment.words.add(text="you", edited=True, speaker_labels=["Speaker_2"])
    segment.words[0].end.FromMilliseconds(400)
    peers.transcriber.transcriptions[number].speakers[1].name = "Ann"

    plain = await client.get(address(number))
    words = await client.get(f"{address(number)}?words=true")
    assert words.status_code == 200, words.text
    first, second = words.json()["data"]["segments"]
    assert first["words"] == [
        {"text": "Hello", "start": 0.0, "end": 0.4, "confidence": 0.9,
         "speakers": ["Speaker_1", "Ann"]},
        {"text": "you", "start": 0.0, "end": 0.0, "confidence": None, "speakers": ["Ann"]},
    ]  # fmt: skip
    assert second["words"] == []
    assert [one["words"] for one in plain.json()["data"]["segments"]] == [None, None]
    assert {**first, "words": None} == plain.json()["data"]["segments"][0]

    tag = words.headers["etag"]
    assert tag != plain.headers["etag"]
    again = await client.get(f"{address(number)}?words=true", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


async def test_words_need_the_transcript(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    refused = await client.get(f"{address(number)}?words=true&transcript=false")
    assert refused.json()["error"]["details"] == {"field": "words"}


async def test_status_without_transcript_has_no_words(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    number = await upload(client)
    answer = await client.get(f"{address(number)}?words=true")
    assert (answer.status_code, answer.json()["data"]["segments"]) == (200, [])
