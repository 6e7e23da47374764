"""Transcription endpoints."""

from typing import Any

import httpx2
import pytest

from securetranscribe.v1 import diarization_pb2, transcription_pb2
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_uploads import field, file, send


async def upload(client: httpx2.AsyncClient, *, start: bool = False) -> int:
    answer = await send(
        client, field("language", "en"), field("auto_start", str(start).lower()), file()
    )
    return answer.json()["data"]["transcription_id"]  # type: ignore[no-any-return]


async def complete(client: httpx2.AsyncClient, peers: Peers) -> int:
    number = await upload(client, start=True)
    peers.transcriber.complete(number)
    return number


async def test_start(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await upload(client)
    answer = await client.post(f"/api/transcription/start/{number}", json={"language": "de-CH"})
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data.pop("job_id").startswith("job_")
    assert data == {
        "transcription_id": number,
        "status": "queued",
        "message": "Transcription started and added to queue",
    }
    assert peers.transcriber.starts[-1].language == "de"


@pytest.mark.parametrize("body", [None, {}, {"language": None}])
async def test_starting_without_a_language_keeps_that_of_the_upload(
    client: httpx2.AsyncClient, peers: Peers, body: Any
) -> None:
    number = await upload(client)
    arguments = {} if body is None else {"json": body}
    answer = await client.post(f"/api/transcription/start/{number}", **arguments)
    assert answer.status_code == 200
    assert not peers.transcriber.starts[-1].HasField("language")


async def test_starting_with_other_channels(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await upload(client)
    path = f"/api/transcription/start/{number}"
    answer = await client.post(path, json={"channels": "left"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "VALIDATION_ERROR")
    assert error["details"] == {"field": "channels", "value": "left"}
    assert "'auto', 'mix' or 'separate'" in error["message"]
    assert (await client.post(path, json={"channels": "mix"})).status_code == 200
    assert peers.transcriber.starts[-1].channels == transcription_pb2.CHANNEL_MODE_MIX


async def test_starting_without_channels_keeps_those_of_the_upload(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    number = await upload(client)
    assert (await client.post(f"/api/transcription/start/{number}")).status_code == 200
    assert peers.transcriber.starts[-1].channels == transcription_pb2.CHANNEL_MODE_UNSPECIFIED


@pytest.mark.parametrize(
    ("body", "config"),
    [
        ({}, None),
        ({"num_speakers": 2}, diarization_pb2.DiarizationConfig(speaker_count=2)),
        ({"num_speakers": 0}, diarization_pb2.DiarizationConfig()),
        (
            {"min_speakers": 2, "max_speakers": 4},
            diarization_pb2.DiarizationConfig(min_speaker_count=2, max_speaker_count=4),
        ),
    ],
)
async def test_starting_with_numbers_of_speakers(
    client: httpx2.AsyncClient,
    peers: Peers,
    body: dict[str, int],
    config: diarization_pb2.DiarizationConfig | None,
) -> None:
    number = await upload(client)
    answer = await client.post(f"/api/transcription/start/{number}", json=body)
    assert answer.status_code == 200
    request = peers.transcriber.starts[-1]
    assert (request.diarization if request.HasField("diarization") else None) == config


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"num_speakers": 51}, "num_speakers"),
        ({"num_speakers": 4, "max_speakers": 3}, "num_speakers"),
        ({"min_speakers": 3, "max_speakers": 2}, "min_speakers"),
    ],
)
async def test_starting_with_impossible_numbers_of_speakers(
    client: httpx2.AsyncClient, body: dict[str, int], named: str
) -> None:
    number = await upload(client)
    answer = await client.post(f"/api/transcription/start/{number}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == named


async def test_starting_twice(client: httpx2.AsyncClient) -> None:
    number = await upload(client, start=True)
    answer = await client.post(f"/api/transcription/start/{number}")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "CONFLICT"


async def test_documented_status(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    data = (await client.get(f"/api/transcription/status/{number}")).json()["data"]
    assert data["transcription_id"] == number
    assert (data["status"], data["progress_percentage"]) == ("completed", 100.0)
    assert data["current_step"] == "Completed"
    assert data["created_at"] == "2024-01-01T12:00:00Z"
    assert data["started_at"] == "2024-01-01T12:01:00Z"
    assert data["completed_at"] == "2024-01-01T12:03:30Z"
    assert data["processing_time"] == 150.5
    assert data["file_info"]["formatted_duration"] == "00:02:00"
    assert data["full_transcript"] == "Hello everyone, welcome."
    assert (data["language_detected"], data["confidence_score"]) == ("en", 0.95)
    assert (data["num_speakers"], data["speakers"]) == (2, ["Speaker_1", "Speaker_2"])
    assert data["segments"][1]["start_time"] == 5.2
    assert data["speaker_stats"]["Speaker_2"]["total_duration"] == 60.2
    assert (data["channels"]["requested"], data["channels"]["decided"]) == ("auto", "separate")
    assert [segment["channel"] for segment in data["segments"]] == [1, 2]
    assert data["speaker_stats"]["Speaker_2"]["channel"] == 2
    assert data["languages"] == [{"start": 0.0, "end": 10.4, "language": "en", "probability": 0.97}]


async def test_status_without_the_transcript(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    address = f"/api/transcription/status/{number}"
    whole = (await client.get(address)).json()["data"]
    brief = (await client.get(address, params={"transcript": "false"})).json()["data"]
    assert brief == whole | {"full_transcript": None, "segments": []}


async def test_assign_speakers(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    names = {"Speaker_1": "John Doe", "Speaker_2": " Jane Smith "}
    answer = await client.post(f"/api/transcription/speakers/assign/{number}", json=names)
    assert answer.status_code == 200
    assert answer.json()["data"] == {
        "transcription_id": number,
        "speakers_assigned": 2,
        "speakers": ["John Doe", "Jane Smith"],
        "revision": 3,
    }
    assert answer.headers["etag"] == '"3"'


@pytest.mark.parametrize(
    ("header", "status"), [('"3"', 200), ('"2"', 409), ("nothing", 400), ("0", 400)]
)
async def test_names_may_be_assigned_on_a_revision(
    client: httpx2.AsyncClient, peers: Peers, header: str, status: int
) -> None:
    number = await complete(client, peers)
    answer = await client.post(
        f"/api/transcription/speakers/assign/{number}",
        json={"Speaker_1": "John Doe"},
        headers={"If-Match": header},
    )
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("names", "field_name"),
    [
        ({}, "body"),
        ([], "body"),
        ({"Speaker_1": ""}, "Speaker_1"),
        ({"Speaker_1": "  "}, "Speaker_1"),
        ({"Speaker_1": "x" * 256}, "Speaker_1"),
        ({"Speaker_1": 3}, "Speaker_1"),
        ({"Speaker_1": "a\u0000"}, "Speaker_1"),
    ],
)
async def test_invalid_names_are_rejected(
    client: httpx2.AsyncClient, peers: Peers, names: Any, field_name: str
) -> None:
    number = await complete(client, peers)
    answer = await client.post(f"/api/transcription/speakers/assign/{number}", json=names)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert answer.json()["error"]["details"]["field"] == field_name


async def test_assigning_unknown_labels_or_before_completion(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    number = await complete(client, peers)
    path = "/api/transcription/speakers/assign"
    unknown = await client.post(f"{path}/{number}", json={"Speaker_9": "John"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (400, "SPEAKER_ERROR")
    pending = await upload(client)
    early = await client.post(f"{path}/{pending}", json={"Speaker_1": "John"})
    assert (early.status_code, early.json()["error"]["code"]) == (409, "CONFLICT")


async def test_list(client: httpx2.AsyncClient, peers: Peers) -> None:
    done = await complete(client, peers)
    waiting = await upload(client)
    data = (await client.get("/api/transcription/list")).json()["data"]
    assert (data["total"], data["limit"], data["offset"]) == (2, 50, 0)
    assert [item["id"] for item in data["transcriptions"]] == [waiting, done]
    assert data["transcriptions"][1] == {
        "id": done,
        "session_id": data["transcriptions"][0]["session_id"],
        "original_filename": "audio.mp3",
        "status": "completed",
        "progress_percentage": 100.0,
        "file_duration": 120.5,
        "formatted_duration": "00:02:00",
        "file_format": "mp3",
        "num_speakers": 2,
        "confidence_score": 0.95,
        "created_at": "2024-01-01T12:00:00Z",
        "completed_at": "2024-01-01T12:03:30Z",
        "title": "audio.mp3",
        "title_source": "file",
        "folder_id": None,
        "favorite": False,
        "tags": [],
    }
    page = (await client.get("/api/transcription/list?limit=1&offset=1")).json()["data"]
    assert [item["id"] for item in page["transcriptions"]] == [done]
    assert (page["total"], page["limit"], page["offset"]) == (2, 1, 1)
    empty = "status_filter=&cursor=&folder_id=&favorite=&min_duration=&max_duration="
    same = (await client.get(f"/api/transcription/list?{empty}&language=&speaker=")).json()
    assert [item["id"] for item in same["data"]["transcriptions"]] == [waiting, done]
    refused = await client.get(f"/api/transcription/list?cursor={'x' * 4097}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    filtered = await client.get("/api/transcription/list?status_filter=pending")
    assert [item["id"] for item in filtered.json()["data"]["transcriptions"]] == [waiting]


async def test_delete(client: httpx2.AsyncClient) -> None:
    number = await upload(client)
    answer = await client.delete(f"/api/transcription/{number}")
    assert answer.status_code == 200
    assert answer.json()["data"] == {
        "message": "Transcription deleted successfully",
        "transcription_id": number,
    }
    again = await client.delete(f"/api/transcription/{number}")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "NOT_FOUND")
