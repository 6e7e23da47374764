"""Playback over REST: ranges of the sound, and peaks of the waveform."""

import struct

import httpx2
import pytest

from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import complete, upload


@pytest.fixture
async def path(client: httpx2.AsyncClient, peers: Peers) -> str:
    """Return the path of a completed transcription."""
    return f"/api/transcription/{await complete(client, peers)}"


async def test_whole_sound_is_streamed_in_pieces(
    client: httpx2.AsyncClient, peers: Peers, path: str
) -> None:
    answer = await client.get(f"{path}/playback")
    assert answer.status_code == 200
    assert answer.content == peers.playback.sound
    assert answer.headers["content-type"] == "audio/webm"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(peers.playback.sound))
    assert answer.headers["cache-control"] == "private, no-store"
    mebibyte = 1024 * 1024
    size = len(peers.playback.sound)
    assert peers.playback.reads[-3:] == [
        (0, mebibyte),
        (mebibyte, mebibyte),
        (2 * mebibyte, size - 2 * mebibyte),
    ]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-1", 0, 1), ("bytes=1000-", 1000, None), ("bytes=-7", -7, None)],
)
async def test_ranges_are_answered(
    client: httpx2.AsyncClient, peers: Peers, path: str, asked: str, first: int, last: int | None
) -> None:
    sound = peers.playback.sound
    answer = await client.get(f"{path}/playback", headers={"Range": asked})
    expected = sound[first:] if last is None else sound[first : last + 1]
    assert answer.status_code == 206
    assert answer.content == expected
    begin = len(sound) + first if first < 0 else first
    end = begin + len(expected) - 1
    assert answer.headers["content-range"] == f"bytes {begin}-{end}/{len(sound)}"
    assert answer.headers["content-length"] == str(len(expected))


async def test_outdated_if_range_answers_with_the_whole(
    client: httpx2.AsyncClient, peers: Peers, path: str
) -> None:
    tag = (await client.head(f"{path}/playback")).headers["etag"]
    current = await client.get(f"{path}/playback", headers={"Range": "bytes=5-9", "If-Range": tag})
    assert current.status_code == 206
    outdated = await client.get(
        f"{path}/playback", headers={"Range": "bytes=5-9", "If-Range": '"old"'}
    )
    assert outdated.status_code == 200
    assert len(outdated.content) == len(peers.playback.sound)


async def test_range_behind_the_end_is_refused(
    client: httpx2.AsyncClient, peers: Peers, path: str
) -> None:
    size = len(peers.playback.sound)
    answer = await client.get(f"{path}/playback", headers={"Range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{size}"


async def test_head_has_the_headers_and_reads_nothing(
    client: httpx2.AsyncClient, peers: Peers, path: str
) -> None:
    before = list(peers.playback.reads)
    answer = await client.head(f"{path}/playback", headers={"Range": "bytes=0-99"})
    assert (answer.status_code, answer.content) == (206, b"")
    assert answer.headers["content-length"] == "100"
    assert peers.playback.reads == before


async def test_peaks_are_numbers_or_a_data_file(client: httpx2.AsyncClient, path: str) -> None:
    query = {"zoom": "2", "from": "1", "to": "3"}
    data = (await client.get(f"{path}/peaks", params=query)).json()["data"]
    assert data["data"] == [-2, 2, -3, 3, -4, 4, -5, 5]
    assert (data["length"], data["start_time"], data["bits"], data["version"]) == (4, 1.0, 8, 2)
    assert (data["samples_per_pixel"], data["sample_rate"], data["channels"]) == (8000, 16000, 1)
    file = await client.get(f"{path}/peaks", params={**query, "format": "dat"})
    assert file.headers["content-type"] == "application/octet-stream"
    assert struct.unpack("<iIiiIi", file.content[:24]) == (2, 1, 16000, 8000, 4, 1)
    assert struct.unpack("8b", file.content[24:]) == (-2, 2, -3, 3, -4, 4, -5, 5)


async def test_too_many_peaks_for_json_are_refused(client: httpx2.AsyncClient, path: str) -> None:
    query = {"zoom": "200", "to": "600"}
    answer = await client.get(f"{path}/peaks", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == "format"
    file = await client.get(f"{path}/peaks", params={**query, "format": "dat"})
    assert len(file.content) == 24 + 2 * 600 * 200


@pytest.mark.parametrize("query", ["zoom=7", "from=-1", "to=x", "format=mp3"])
async def test_invalid_parameters_are_refused(
    client: httpx2.AsyncClient, path: str, query: str
) -> None:
    answer = await client.get(f"{path}/peaks?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("name", ["playback", "peaks"])
async def test_missing_copy_has_a_reason(client: httpx2.AsyncClient, name: str) -> None:
    number = await upload(client)
    answer = await client.get(f"/api/transcription/{number}/{name}")
    assert answer.status_code == 404
    assert answer.json()["error"]["details"]["reason"] == "NO_TRANSCRIPT"
    unknown = await client.get(f"/api/transcription/99999/{name}")
    assert unknown.status_code == 404
    assert "reason" not in unknown.json()["error"].get("details", {})
