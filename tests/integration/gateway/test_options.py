"""Options of jobs over REST reach the transcriber by every way to start one."""

import base64
from typing import Any

import httpx2
import pytest

from securetranscribe.v1 import queue_pb2
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import complete, upload
from tests.integration.gateway.test_uploads import SOUND, field, file, send

OPTIONS = {"diarize": False, "phrases": ["Ann Lee", "Bob"], "model": "whisper-base", "priority": 2}


@pytest.mark.parametrize("last", [False, True])
async def test_upload(client: httpx2.AsyncClient, peers: Peers, last: bool) -> None:
    fields = [
        field("diarize", "false"),
        field("phrases", "Ann Lee"),
        field("phrases", "Bob"),
        field("model", "whisper-base"),
        field("priority", "2"),
    ]
    parts = [file(), *fields] if last else [*fields, file()]
    answer = await send(client, *parts)
    number = answer.json()["data"]["transcription_id"]
    config = peers.transcriber.uploads[number].config
    assert (config.diarize, config.model, config.priority) == (False, "whisper-base", 2)
    assert list(config.phrases) == ["Ann Lee", "Bob"]


async def test_start(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await upload(client)
    path = f"/api/transcription/start/{number}"
    body = {**OPTIONS, "diarize": True, "stages": ["diarize"], "min_speakers": 2}
    assert (await client.post(path, json=body)).status_code == 200
    sent = peers.transcriber.starts[-1]
    assert (sent.diarize, list(sent.phrases.phrases)) == (True, ["Ann Lee", "Bob"])
    assert (sent.model, sent.priority) == ("whisper-base", 2)
    assert list(sent.stages) == [queue_pb2.STAGE_DIARIZE]
    assert sent.diarization.min_speaker_count == 2


async def test_options_that_are_left_out_stay(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await upload(client)
    assert (await client.post(f"/api/transcription/start/{number}")).status_code == 200
    sent = peers.transcriber.starts[-1]
    present = {field.name for field, _ in sent.ListFields()}
    assert present == {"transcription_id"}


async def test_reprocess(client: httpx2.AsyncClient, peers: Peers) -> None:
    path = f"/api/transcription/{await complete(client, peers)}/reprocess"
    assert (await client.post(path, json={**OPTIONS, "phrases": []})).status_code == 202
    sent = peers.reprocessing.requests[-1]
    assert (sent.diarize, sent.HasField("phrases"), len(sent.phrases.phrases)) == (False, True, 0)
    assert (sent.model, sent.priority) == ("whisper-base", 2)


async def test_names_of_the_compatible_api_are_the_default(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    number = await upload(client)
    path = f"/api/transcription/start/{number}"
    assert (await client.post(path, json={"model": "whisper-1"})).status_code == 200
    sent = peers.transcriber.starts[-1]
    assert (sent.HasField("model"), sent.model) == (True, "")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"phrases": ["x" * 101]}, "phrases.0"),
        ({"phrases": "Ann"}, "phrases"),
        ({"diarize": "no"}, "diarize"),
        ({"model": "x" * 101}, "model"),
        ({"stages": ["export"]}, "stages.0"),
    ],
)
async def test_wrong_options_are_named(client: httpx2.AsyncClient, body: Any, name: str) -> None:
    answer = await client.post("/api/transcription/start/1", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == name


#: Bodies with a priority of administrators, by operation.
HIGH: dict[tuple[str, str], Any] = {
    ("POST", "/api/transcription/upload"): {
        "files": {"file": ("a.mp3", SOUND)},
        "data": {"priority": "6"},
    },
    ("POST", "/api/transcription/start/{transcription_id}"): {"json": {"priority": 6}},
    ("POST", "/api/transcription/{transcription_id}/reprocess"): {"json": {"priority": 6}},
    ("POST", "/api/captures"): {"json": {"media_type": "audio/webm", "priority": 6}},
}


@pytest.mark.parametrize("operation", HIGH, ids=lambda operation: operation[1])
async def test_priorities_of_administrators_are_refused(
    client: httpx2.AsyncClient, peers: Peers, operation: tuple[str, str]
) -> None:
    method, path = operation
    calls = len(peers.transcriber.starts), len(peers.transcriber.uploads)
    url = path.replace("{transcription_id}", "1")
    answer = await client.request(method, url, **HIGH[operation])
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["details"]["field"] == "priority"
    assert (len(peers.transcriber.starts), len(peers.transcriber.uploads)) == calls


async def test_resumable_uploads_have_no_priorities_of_administrators(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    named = f"filename {base64.b64encode(b'a.mp3').decode()}"
    high = f"priority {base64.b64encode(b'6').decode()}"
    answer = await client.post(
        "/api/uploads",
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": "9",
            "Upload-Metadata": f"{named},{high}",
        },
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["details"]["field"] == "priority"


async def test_models_are_listed_with_the_queue(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/queue/status")
    assert answer.json()["data"]["speech_models"] == ["moonshine-base", "whisper-base"]
