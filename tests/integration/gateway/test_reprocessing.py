"""Endpoints for reprocessing and conflicts."""

import httpx2
import pytest

from securetranscribe.v1 import queue_pb2, reprocessing_pb2, transcription_pb2
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import complete

CONFLICT = {
    "id": 5,
    "kind": "words",
    "was": "Smyth",
    "mine": "Smith",
    "machine": "Smithy",
    "start": 1.5,
    "end": 2.0,
    "placed": True,
    "words": ["4.100002"],
    "source_revision": 2,
    "machine_revision": 4,
    "own": True,
    "resolved": None,
    "resolved_at": None,
}


async def test_recording_is_queued_again(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    answer = await client.post(
        f"/api/transcription/{number}/reprocess",
        json={
            "language": "de-DE",
            "channels": "separate",
            "min_speakers": 2,
            "stages": ["diarize"],
            "priority": 3,
            "request_id": "once",
        },
    )
    assert answer.status_code == 202
    assert answer.json()["data"] == {
        "job_id": "job_again",
        "transcription_id": number,
        "status": "queued",
        "source": "playback",
    }
    request = peers.reprocessing.requests[-1]
    assert request.language == "de"
    assert request.channels == transcription_pb2.CHANNEL_MODE_SEPARATE
    assert request.diarization.min_speaker_count == 2
    assert list(request.stages) == [queue_pb2.STAGE_DIARIZE]
    assert (request.priority, request.request_id) == (3, "once")


@pytest.mark.parametrize("name", ["num_speakers", "speakers"])
async def test_number_of_speakers_may_be_found_out_again(
    client: httpx2.AsyncClient, peers: Peers, name: str
) -> None:
    number = await complete(client, peers)
    for wanted in (2, 0):
        answer = await client.post(f"/api/transcription/{number}/reprocess", json={name: wanted})
        assert answer.status_code == 202
        request = peers.reprocessing.requests[-1]
        assert request.HasField("diarization")
        assert request.diarization.speaker_count == wanted


async def test_options_are_optional(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    answer = await client.post(f"/api/transcription/{number}/reprocess")
    assert answer.status_code == 202
    request = peers.reprocessing.requests[-1]
    assert not request.HasField("language")
    assert not request.HasField("diarization")
    assert not request.stages
    refused = await client.post(f"/api/transcription/{number}/reprocess", json={"speakers": 51})
    assert refused.status_code == 400


async def test_conflicts_are_listed_and_resolved(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    listed = await client.get(f"/api/transcription/{number}/conflicts?open_only=true&limit=10")
    assert listed.json()["data"] == {
        "transcription_id": number,
        "conflicts": [CONFLICT],
        "total": 1,
        "open": 1,
        "limit": 10,
        "offset": 0,
    }
    answer = await client.post(
        f"/api/transcription/{number}/conflicts/5/resolve",
        json={"use": "mine", "after": "4.100001"},
    )
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"7"'
    resolved = answer.json()["data"]
    assert (resolved["revision"], resolved["conflict"]["resolved"]) == (7, "mine")
    assert resolved["conflict"]["resolved_at"].startswith("2023-11-14")
    page, request = peers.reprocessing.requests[-2:]
    assert (page.open_only, page.limit) == (True, 10)
    assert request.use == reprocessing_pb2.CONFLICT_SIDE_MINE
    assert (request.conflict_id, request.after_word_id) == (5, "4.100001")
    wrong = await client.post(
        f"/api/transcription/{number}/conflicts/5/resolve", json={"use": "both"}
    )
    assert wrong.status_code == 400
