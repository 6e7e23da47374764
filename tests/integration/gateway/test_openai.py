"""The audio API over a gateway with fake peers: callers, limits, erasure and departures."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from common import times
from common.postgres import Database
from securetranscribe.v1 import queue_pb2, transcription_pb2
from tests.integration.gateway.conftest import MakeGateway, Running, until
from tests.integration.gateway.fake_transcriber import GIVEN_UP, FakeTranscriber
from tests.integration.gateway.peers import Peers

PATH = "/v1/audio/transcriptions"
SOUND = b"ID3" + bytes(range(256)) * 10
_REVOKED = "SELECT revoked_at IS NOT NULL AS revoked FROM sessions WHERE session_id = %s"
FORM = {"Content-Type": "multipart/form-data; boundary=limit"}
#: Accepted by the fake service.
REFERENCE = "data:audio/wav;base64,UklGRg=="
TEXT = "Hello everyone, welcome. Hello everyone, welcome."


@pytest.fixture
def transcriber(peers: Peers) -> FakeTranscriber:
    return peers.transcriber


async def posted(
    client: httpx2.AsyncClient, path: str = PATH, key: str = "EMPTY", **fields: Any
) -> httpx2.Response:
    """Send a recording with `name`, which tells the transcriptions of tests apart."""
    return await client.post(
        path,
        files={"file": (fields.pop("name"), SOUND, "audio/mpeg")},
        data={"model": "whisper-1", **fields},
        headers={"Authorization": f"Bearer {key}"} if key else {},
    )


def named(transcriber: FakeTranscriber, name: str) -> int | None:
    """Return the id of an upload by its name."""
    found = [key for key, one in transcriber.uploads.items() if one.config.filename == name]
    return found[-1] if found else None


async def processed(transcriber: FakeTranscriber, name: str) -> int:
    """Complete the job of an upload once it is there, and return its transcription."""
    await until(lambda: named(transcriber, name) is not None)
    number = named(transcriber, name)
    assert number is not None
    transcriber.complete(number)
    return number


async def answered(
    client: httpx2.AsyncClient, transcriber: FakeTranscriber, name: str, **fields: Any
) -> httpx2.Response:
    """Send a recording, and return the answer after its job has completed."""
    asking = asyncio.create_task(posted(client, name=name, **fields))
    working = asyncio.create_task(processed(transcriber, name))
    # A refused call is answered before there is work.
    await asyncio.wait({asking, working}, return_when=asyncio.FIRST_COMPLETED)
    if asking.done():
        working.cancel()
    return await asking


def form(*fields: tuple[str, bytes], filename: str) -> bytes:
    """Return the body of a form whose fields have this order."""
    parts = (
        b'--limit\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        % (name.encode(), f'; filename="{filename}"'.encode() if name == "file" else b"", value)
        for name, value in fields
    )
    return b"".join(parts) + b"--limit--\r\n"


async def token_of(client: httpx2.AsyncClient) -> str:
    answer = await client.post("/api/sessions/create", json={})
    return str(answer.json()["data"]["session_token"])


async def test_key_of_a_session(client: httpx2.AsyncClient, transcriber: FakeTranscriber) -> None:
    key = await token_of(client)
    answer = await answered(
        client, transcriber, "own.mp3", key=key, prompt="Anna, Berta", language="de", priority="9"
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"] == TEXT
    number = int(answer.headers["x-transcription-id"])
    config = transcriber.uploads[number].config
    assert (list(config.phrases), config.language) == (["Anna", "Berta"], "de")
    # Nobody has a priority here. Unknown fields are ignored.
    assert config.priority == 0
    assert not config.HasField("voice_memory")
    assert answer.headers["x-job-id"] == transcriber.transcriptions[number].job_id


@pytest.mark.parametrize("fields", [{"key": "none"}, {"key": ""}])
async def test_guests_leave_nothing(
    client: httpx2.AsyncClient, transcriber: FakeTranscriber, fields: dict[str, str]
) -> None:
    name = f"guest-{fields['key']}.mp3"
    answer = await answered(client, transcriber, name, **fields)
    assert answer.json()["text"] == TEXT
    number = int(answer.headers["x-transcription-id"])
    assert number not in transcriber.transcriptions
    config = transcriber.uploads[number].config
    assert config.HasField("voice_memory")
    assert not config.voice_memory
    assert "set-cookie" not in answer.headers


async def test_guests_share_nothing(
    client: httpx2.AsyncClient, transcriber: FakeTranscriber
) -> None:
    names = ("first.mp3", "second.mp3")
    asking = [asyncio.create_task(posted(client, name=name)) for name in names]
    await until(lambda: all(named(transcriber, name) for name in names))
    owners = {
        transcriber.transcriptions[number].session_id
        for number in (named(transcriber, name) for name in names)
        if number is not None
    }
    assert len(owners) == 2
    for name in names:
        await processed(transcriber, name)
    assert [answer.status_code for answer in await asyncio.gather(*asking)] == [200, 200]


async def test_store_false(client: httpx2.AsyncClient, transcriber: FakeTranscriber) -> None:
    key = await token_of(client)
    answer = await answered(client, transcriber, "unkept.mp3", key=key, store="false")
    assert answer.status_code == 200
    assert int(answer.headers["x-transcription-id"]) not in transcriber.transcriptions


async def test_ended_session(client: httpx2.AsyncClient) -> None:
    answer = await posted(client, name="ended.mp3", key="x" * 43)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


async def test_full_queue_is_refused_before_the_body(
    running: Running, transcriber: FakeTranscriber
) -> None:
    url = httpx2.URL(running.base_url)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nContent-Length: 100000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    )
    transcriber.queue_full = True
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.write(head.encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    finally:
        transcriber.queue_full = False
        writer.close()
    assert answer.startswith("http/1.1 503 ")
    assert "\r\nretry-after: 12\r\n" in answer


async def test_fields_after_the_file(
    running: Running, client: httpx2.AsyncClient, transcriber: FakeTranscriber
) -> None:
    """Fields before the file may need one behind it."""
    body = form(
        ("model", b"whisper-1"),
        ("timestamp_granularities[]", b"word"),
        ("file", SOUND),
        ("response_format", b"verbose_json"),
        filename="late-fields.mp3",
    )
    asking = asyncio.create_task(client.post(PATH, content=body, headers=FORM))
    await until(lambda: named(transcriber, "late-fields.mp3") is not None or asking.done())
    if not asking.done():
        await processed(transcriber, "late-fields.mp3")
    answer = await asking
    assert answer.status_code == 200, answer.text
    assert answer.json()["words"] == []


async def test_unknown_model_is_refused_before_the_file(
    client: httpx2.AsyncClient, transcriber: FakeTranscriber
) -> None:
    body = form(("model", b"gpt-5"), ("file", SOUND), filename="unknown-model.mp3")
    answer = await client.post(PATH, content=body, headers=FORM)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert "unknown-model.mp3" not in transcriber.begun


async def test_departure_cancels_the_job(
    running: Running, client: httpx2.AsyncClient, transcriber: FakeTranscriber
) -> None:
    key = await token_of(client)
    async with running.client() as leaving:
        asking = asyncio.create_task(posted(leaving, name="left.mp3", key=key))
        await until(lambda: named(transcriber, "left.mp3") is not None)
        asking.cancel()
    number = named(transcriber, "left.mp3")
    assert number is not None
    job = transcriber.jobs[transcriber.transcriptions[number].job_id]
    await until(lambda: job.status == queue_pb2.JOB_STATUS_CANCELLED)


async def test_stream_as_results_arrive(
    client: httpx2.AsyncClient, transcriber: FakeTranscriber
) -> None:
    transcriber.partial = transcription_pb2.PartialTranscript(
        covered=times.duration(5.2),
        segments=[
            transcription_pb2.PartialSegment(
                start=times.duration(0.0),
                end=times.duration(5.2),
                text="Hello everyone, welcome.",
                channel=1,
            )
        ],
    )
    events = []
    try:
        async with client.stream(
            "POST",
            f"/openai{PATH}",
            files={"file": ("stream.mp3", SOUND, "audio/mpeg")},
            data={"model": "gpt-4o-transcribe", "stream": "true"},
        ) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                if not line.startswith("data: "):
                    continue
                events.append(json.loads(line.removeprefix("data: ")))
                if len(events) == 1:
                    # The first text is there before the job has completed.
                    await processed(transcriber, "stream.mp3")
    finally:
        transcriber.partial = None
    assert [event["type"].rpartition(".")[2] for event in events] == ["delta", "delta", "done"]
    assert "".join(event["delta"] for event in events[:2]) == events[2]["text"] == TEXT


@pytest.mark.parametrize("stream", ["false", "true"])
async def test_calls_of_guests_end_with_the_gateway(
    make_gateway: MakeGateway,
    database: Database,
    transcriber: FakeTranscriber,
    monkeypatch: pytest.MonkeyPatch,
    stream: str,
) -> None:
    name = f"stopped-{stream}.mp3"
    async with httpx2.AsyncClient(timeout=30) as client:
        async with make_gateway(shutdown_grace_seconds=1) as it:
            # The deletion may take its time, unlike the request.
            patient = it.settings.model_copy(update={"shutdown_grace_seconds": 60})
            monkeypatch.setattr(it.gateway, "_settings", patient)
            url = f"{it.base_url}{PATH}"
            asking = asyncio.create_task(posted(client, url, name=name, stream=stream))
            await until(lambda: named(transcriber, name) is not None)
            number = named(transcriber, name)
            assert number is not None
            owner = transcriber.transcriptions[number].session_id
            # The rest of the shutdown is faster than the deletion.
            monkeypatch.setattr(transcriber, "deletion_delay", 0.3)
        assert number not in transcriber.transcriptions
        await asyncio.gather(asking, return_exceptions=True)
    row = await database.fetch_one(_REVOKED, (owner,))
    assert row is not None
    assert row["revoked"]


async def test_failed_deletion_leaves_guests_their_transcript(
    client: httpx2.AsyncClient,
    database: Database,
    transcriber: FakeTranscriber,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.openai.calls._ATTEMPTS", 1)
    monkeypatch.setattr(transcriber, "undeletable", True)
    answer = await answered(client, transcriber, "undeletable.mp3")
    assert answer.json()["text"] == TEXT
    left = transcriber.transcriptions[int(answer.headers["x-transcription-id"])]
    row = await database.fetch_one(_REVOKED, (left.session_id,))
    assert row is not None
    assert row["revoked"]


async def test_failed_deletion_is_an_error_of_a_session(
    client: httpx2.AsyncClient, transcriber: FakeTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await token_of(client)
    monkeypatch.setattr("gateway.openai.calls._ATTEMPTS", 1)
    monkeypatch.setattr(transcriber, "undeletable", True)
    answer = await answered(client, transcriber, "left-over.mp3", key=key, store="false")
    assert answer.status_code == 503
    assert answer.json()["error"]["type"] == "server_error"


async def test_known_speakers(
    client: httpx2.AsyncClient, transcriber: FakeTranscriber, peers: Peers
) -> None:
    peers.speakers.compared.clear()
    answer = await answered(
        client,
        transcriber,
        "known.mp3",
        response_format="diarized_json",
        **{"known_speaker_names[]": ["agent"], "known_speaker_references[]": [REFERENCE]},
    )
    assert answer.status_code == 200, answer.text
    assert {segment["speaker"] for segment in answer.json()["segments"]} == {"agent", "A"}
    (compared,) = peers.speakers.compared
    assert [voice.speaker_label for voice in compared.voices] == ["Speaker_1", "Speaker_2"]


async def test_formats_without_speakers_compare_no_voices(
    client: httpx2.AsyncClient, transcriber: FakeTranscriber, peers: Peers
) -> None:
    peers.speakers.compared.clear()
    answer = await answered(
        client,
        transcriber,
        "unknown.mp3",
        known_speaker_names="agent",
        known_speaker_references=REFERENCE,
    )
    assert answer.json()["text"] == TEXT
    assert peers.speakers.compared == []


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("undecodable", "data:audio/wav;base64,bm8gc291bmQ="),
        ("large", "data:audio/wav;base64," + "A" * (12 * 1024 * 1024)),
    ],
)
async def test_unusable_references_store_nothing(
    client: httpx2.AsyncClient, transcriber: FakeTranscriber, name: str, reference: str
) -> None:
    filename = f"{GIVEN_UP}{name}.mp3"
    answer = await posted(
        client,
        name=filename,
        response_format="diarized_json",
        known_speaker_names="agent",
        known_speaker_references=reference,
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "known_speaker_references"
    # Fields are sent before the file, so that a large one ends the request before it.
    if filename in transcriber.begun:
        await until(lambda: filename in transcriber.aborted)
    assert named(transcriber, filename) is None


async def test_failed_job(client: httpx2.AsyncClient, transcriber: FakeTranscriber) -> None:
    asking = asyncio.create_task(posted(client, name="failed.mp3"))
    await until(lambda: named(transcriber, "failed.mp3") is not None)
    number = named(transcriber, "failed.mp3")
    assert number is not None
    transcriber.transcriptions[number].failure.CopyFrom(
        queue_pb2.Failure(code="AUDIO_PROCESSING_ERROR", message="It cannot be decoded.")
    )
    failed = transcription_pb2.TRANSCRIPTION_STATUS_FAILED
    transcriber.transcriptions[number].status = failed
    answer = await asking
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "It cannot be decoded."


async def test_translations(client: httpx2.AsyncClient, transcriber: FakeTranscriber) -> None:
    asking = asyncio.create_task(posted(client, "/v1/audio/translations", name="foreign.mp3"))
    number = await processed(transcriber, "foreign.mp3")
    assert (await asking).json() == {"text": TEXT}
    assert transcriber.uploads[number].config.translate


async def test_pages_of_other_origins(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        PATH,
        files={"file": ("foreign.mp3", SOUND)},
        headers={"Origin": "https://elsewhere.example"},
    )
    assert answer.status_code == 403
    assert answer.json()["error"]["type"] == "permission_error"


async def test_models(client: httpx2.AsyncClient) -> None:
    listed = (await client.get("/v1/models")).json()
    assert {"whisper-1", "gpt-4o-transcribe"} <= {model["id"] for model in listed["data"]}
    unknown = await client.get("/openai/v1/models/gpt-5")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
