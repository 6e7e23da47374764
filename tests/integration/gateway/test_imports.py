"""Imports of transcripts over REST."""

import httpx2
import pytest

from securetranscribe.v1 import imports_pb2
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.test_transcriptions import complete

AUDIO = b"sound" * 1000
SRT = b"1\n00:00:00,000 --> 00:00:01,000\nHello.\n"
DATA = {
    "revision": 2,
    "format": "srt",
    "segments": 3,
    "words": 11,
    "kept_words": 10,
    "align": True,
    "notes": ["Left out: 1 comments."],
}


async def test_a_file_is_imported(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    answer = await client.post(
        f"/api/transcription/{number}/import",
        params={"format": "srt", "language": "de-DE", "align": "false", "diarize": "true"},
        files={"file": ("talk.srt", SRT)},
        headers={"If-Match": '"1"'},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == {"transcription_id": number, **DATA}
    assert answer.headers["ETag"] == '"2"'
    request = peers.imports.requests[-1]
    assert request.format == imports_pb2.IMPORT_FORMAT_SRT
    assert (request.language, request.align, request.diarize) == ("de", False, True)
    assert request.revision == 1
    assert peers.imports.files[-1] == SRT


async def test_a_body_may_be_the_file(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    answer = await client.post(
        f"/api/transcription/{number}/import", content=SRT, headers={"Content-Type": "text/plain"}
    )
    assert answer.status_code == 200, answer.text
    request = peers.imports.requests[-1]
    assert request.format == imports_pb2.IMPORT_FORMAT_UNSPECIFIED
    assert not request.HasField("align")
    assert peers.imports.files[-1] == SRT


async def test_a_recording_comes_with_its_transcript(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    files = {"transcript": ("talk.srt", SRT), "audio": ("talk.wav", AUDIO)}
    answer = await client.post("/api/imports", files=files, params={"language": "en"})
    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]
    number = data["transcription_id"]
    assert data == {"transcription_id": number, **DATA, "job_id": None}
    upload = peers.transcriber.uploads[number]
    assert (upload.config.filename, upload.config.auto_start) == ("talk.wav", False)
    assert peers.imports.files[-1] == SRT


@pytest.mark.parametrize("option", ["diarize", "process"])
async def test_a_recording_with_a_transcript_may_be_processed(
    client: httpx2.AsyncClient, peers: Peers, option: str
) -> None:
    files = {"audio": ("talk.wav", AUDIO), "transcript": ("talk.srt", SRT)}
    answer = await client.post("/api/imports", files=files, params={option: "true"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["data"]["job_id"] == "job_again"
    number = answer.json()["data"]["transcription_id"]
    assert peers.reprocessing.requests[-1].transcription_id == number


async def test_nothing_is_left_of_a_recording_whose_transcript_is_refused(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    before = set(peers.transcriber.transcriptions)
    files = {"audio": ("talk.wav", AUDIO), "transcript": ("talk.srt", b"bad")}
    answer = await client.post("/api/imports", files=files)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Line 1: 'bad' is not a time."
    assert answer.json()["error"]["details"]["field"] == "content"
    assert set(peers.transcriber.transcriptions) == before


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"file": ("a.srt", b"")}, "The transcript is empty."),
        ({"other": ("a.srt", SRT)}, "There is no field other."),
    ],
)
async def test_forms_without_a_file_are_refused(
    client: httpx2.AsyncClient,
    peers: Peers,
    files: dict[str, tuple[str, bytes]],
    message: str,
) -> None:
    number = await complete(client, peers)
    answer = await client.post(f"/api/transcription/{number}/import", files=files)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


@pytest.mark.parametrize("missing", ["audio", "transcript"])
async def test_both_files_are_needed(
    client: httpx2.AsyncClient, peers: Peers, missing: str
) -> None:
    files = {"audio": ("talk.wav", AUDIO), "transcript": ("talk.srt", SRT)}
    del files[missing]
    before = set(peers.transcriber.transcriptions)
    answer = await client.post("/api/imports", files=files)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == f"The form has no file {missing}."
    assert set(peers.transcriber.transcriptions) == before


async def test_a_transcript_has_a_limit(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    path = f"/api/transcription/{number}/import"
    answer = await client.post(path, content=bytes(16 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["details"]["max_size"] == "16MB"


async def test_unknown_formats_are_refused(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await complete(client, peers)
    path = f"/api/transcription/{number}/import"
    answer = await client.post(path, params={"format": "docx"}, content=SRT)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == "format"
