"""Streaming uploads."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
import pytest

from common.errors import UnavailableError
from gateway.uploads.file_messages import CHUNK_BYTES
from securetranscribe.v1 import diarization_pb2, transcription_pb2
from tests.integration.gateway.conftest import MakeGateway, Running, until
from tests.integration.gateway.fake_transcriber import GIVEN_UP
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.sounds import BROKEN_AUDIO, NOT_AUDIO

UPLOAD = "/api/transcription/upload"
BOUNDARY = "frontier"
CONTENT_TYPE = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
SOUND = b"ID3" + bytes(range(256)) * 10
REFUSED = f"{GIVEN_UP}-by-the-form.mp3"


def field(name: str, value: str) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return f"{head}{value}\r\n".encode()


def file(data: bytes = SOUND, filename: str = "audio.mp3", name: str = "file") -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        "Content-Type: audio/mpeg\r\n\r\n"
    )
    return head.encode() + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def send(client: httpx2.AsyncClient, *parts: bytes) -> httpx2.Response:
    return await client.post(UPLOAD, content=form(*parts), headers=CONTENT_TYPE)


def error(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.json()["success"] is False
    return answer.json()["error"]  # type: ignore[no-any-return]


async def stored(client: httpx2.AsyncClient) -> int:
    """Return the number of recordings of the session."""
    data = (await client.get("/api/transcription/list")).json()["data"]
    return data["total"]  # type: ignore[no-any-return]


async def test_documented_response(client: httpx2.AsyncClient) -> None:
    answer = await send(client, field("language", "en"), field("auto_start", "true"), file())
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert data.pop("transcription_id") > 0
    assert data.pop("session_id").startswith("session_")
    assert data.pop("job_id").startswith("job_")
    assert data == {
        "filename": "audio.mp3",
        "file_size": len(SOUND),
        "formatted_file_size": "2.5 KB",
        "duration": 120.5,
        "formatted_duration": "00:02:00",
        "format": "mp3",
        "language_detected": "en",
        "processing_started": True,
        "channels": {
            "requested": "auto",
            "decided": "separate",
            "reason": "This recording is a test.",
            "channels": [
                {"number": 1, "title": None, "description": "left channel"},
                {"number": 2, "title": None, "description": "right channel"},
            ],
        },
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("before", "after", "language", "started"),
    [
        ({"language": "en", "auto_start": "true"}, {}, "en", True),
        ({"language": "en"}, {"auto_start": "true"}, "en", True),
        ({}, {"language": "en", "auto_start": "true"}, "en", True),
        ({"language": "en", "auto_start": "false"}, {}, "en", False),
        ({}, {"language": "en", "auto_start": "false"}, "en", False),
        ({"auto_start": "false"}, {"language": "en"}, "en", False),
        ({"language": "de"}, {"language": "en"}, "en", True),
        ({}, {}, None, True),
    ],
)
async def test_fields_may_come_in_any_order(
    client: httpx2.AsyncClient,
    peers: Peers,
    before: dict[str, str],
    after: dict[str, str],
    language: str | None,
    started: bool,
) -> None:
    answer = await send(
        client,
        *(field(name, value) for name, value in before.items()),
        file(),
        *(field(name, value) for name, value in after.items()),
    )
    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]
    assert data["processing_started"] is started
    assert (data["job_id"] is not None) is started
    assert data["language_detected"] == language
    number = data["transcription_id"]
    if not started:
        answer = await client.post(f"/api/transcription/start/{number}")
        assert answer.status_code == 200
    assert await _language_of(peers, number) == (language or "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"channels": "mix", "allow_truncated": "true"}, {}),
        ({"language": "en", "auto_start": "false"}, {"channels": "MIX", "allow_truncated": "1"}),
        ({}, {"channels": "mix", "allow_truncated": "true"}),
        ({"channels": "separate", "allow_truncated": "true"}, {"channels": "mix"}),
    ],
)
async def test_channels_and_truncation_may_come_in_any_order(
    client: httpx2.AsyncClient, peers: Peers, before: dict[str, str], after: dict[str, str]
) -> None:
    answer = await send(
        client,
        *(field(name, value) for name, value in before.items()),
        file(),
        *(field(name, value) for name, value in after.items()),
    )
    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]
    assert (data["channels"]["requested"], data["channels"]["decided"]) == ("mix", "mix")
    config = peers.transcriber.uploads[data["transcription_id"]].config
    assert config.channels == transcription_pb2.CHANNEL_MODE_MIX
    assert config.allow_truncated


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"min_speakers": "2", "max_speakers": "4"}, {}),
        ({}, {"min_speakers": "2", "max_speakers": "4"}),
        ({"min_speakers": "3", "max_speakers": "4"}, {"min_speakers": "2"}),
    ],
)
async def test_numbers_of_speakers_may_come_in_any_order(
    client: httpx2.AsyncClient, peers: Peers, before: dict[str, str], after: dict[str, str]
) -> None:
    answer = await send(
        client,
        *(field(name, value) for name, value in before.items()),
        file(),
        *(field(name, value) for name, value in after.items()),
    )
    assert answer.status_code == 201, answer.text
    config = peers.transcriber.uploads[answer.json()["data"]["transcription_id"]].config
    assert config.diarization == diarization_pb2.DiarizationConfig(
        min_speaker_count=2, max_speaker_count=4
    )


async def test_a_repeated_field_after_the_file_replaces_the_earlier_one(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    before = (field("language", "en"), field("auto_start", "true"))
    after = (field("language", "de"), field("auto_start", "false"))
    data = (await send(client, *before, file(), *after)).json()["data"]
    assert (data["language_detected"], data["processing_started"]) == ("de", False)
    assert peers.transcriber.uploads[data["transcription_id"]].config.language == "de"


async def _language_of(peers: Peers, number: int) -> str:
    """Return the language of the job: that of its start, or else of the upload."""
    for request in reversed(peers.transcriber.starts):
        if request.transcription_id == number and request.HasField("language"):
            return request.language
    return peers.transcriber.uploads[number].config.language


async def test_session_preferences_apply(client: httpx2.AsyncClient, peers: Peers) -> None:
    preferences = {"default_language": "de", "auto_start_processing": False}
    await client.put("/api/sessions/current", json={"preferences": preferences})
    silent = (await send(client, file())).json()["data"]
    assert (silent["language_detected"], silent["processing_started"]) == ("de", False)
    assert peers.transcriber.uploads[silent["transcription_id"]].config.language == "de"
    said = await send(client, file(), field("auto_start", "true"), field("language", "auto"))
    data = said.json()["data"]
    assert (data["language_detected"], data["processing_started"]) == (None, True)
    assert await _language_of(peers, data["transcription_id"]) == ""


async def test_large_files_are_streamed_in_small_chunks(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    size = 5 * 1024**2 + 17
    answer = await send(client, file(b"R" * size))
    upload = peers.transcriber.uploads[answer.json()["data"]["transcription_id"]]
    assert upload.size == size
    assert upload.largest_chunk <= CHUNK_BYTES


@pytest.mark.parametrize(
    ("filename", "stored"),
    [
        ("../../etc/passwd.mp3", "passwd.mp3"),
        ("C:\\\\music\\\\song.mp3", "song.mp3"),
        ("Größe 会议.mp3", "Größe 会议.mp3"),
        ("x" * 400 + ".mp3", "x" * 251 + ".mp3"),
        ("/", "recording"),
    ],
)
async def test_filenames_are_cleaned(
    client: httpx2.AsyncClient, filename: str, stored: str
) -> None:
    answer = await send(client, file(filename=filename))
    assert answer.json()["data"]["filename"] == stored


@pytest.mark.parametrize(
    ("parts", "field_name"),
    [
        ([], "file"),
        ([field("language", "en")], "file"),
        ([field("file", "no file at all")], "file"),
        ([file(filename="")], "file"),
        ([file(name="audio")], "audio"),
        ([file(filename=REFUSED), field("langage", "en")], "langage"),
        ([file(filename=REFUSED), file()], "file"),
        ([field("language", "english"), file()], "language"),
        ([file(filename=REFUSED), field("language", "english")], "language"),
        ([field("auto_start", "maybe"), file()], "auto_start"),
        ([file(filename=REFUSED), field("auto_start", "maybe")], "auto_start"),
        ([field("channels", "left"), file()], "channels"),
        ([file(filename=REFUSED), field("channels", "left")], "channels"),
        ([file(filename=REFUSED), field("allow_truncated", "maybe")], "allow_truncated"),
        ([file(filename=REFUSED), field("num_speakers", "51")], "num_speakers"),
        ([field("min_speakers", "3"), field("max_speakers", "2"), file()], "min_speakers"),
        ([field("phrases", "x" * 100_000), file()], "body"),
        ([field("phrases", "x")] * 300, "body"),
    ],
)
async def test_invalid_forms_name_the_field_and_store_nothing(
    client: httpx2.AsyncClient, peers: Peers, parts: Sequence[bytes], field_name: str
) -> None:
    answer = await send(client, *parts)
    assert answer.status_code == 400
    assert error(answer)["code"] == "VALIDATION_ERROR"
    assert error(answer)["details"]["field"] == field_name
    fake = peers.transcriber
    await until(lambda: fake.aborted.count(REFUSED) == fake.begun.count(REFUSED))
    assert await stored(client) == 0


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", form(file())),
        ("multipart/form-data; boundary=other", form(file())),
        (CONTENT_TYPE["Content-Type"], b"nothing of a form"),
        (CONTENT_TYPE["Content-Type"], form(file())[:-20]),
        ("", form(file())),
    ],
)
async def test_other_bodies_are_rejected(
    client: httpx2.AsyncClient, content_type: str, body: bytes
) -> None:
    answer = await client.post(UPLOAD, content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 400
    assert error(answer)["details"]["field"] == "file"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "FILE_UPLOAD_ERROR"),
        (NOT_AUDIO, "FILE_UPLOAD_ERROR"),
        (NOT_AUDIO + b"x" * 3_000_000, "FILE_UPLOAD_ERROR"),
        (BROKEN_AUDIO, "AUDIO_PROCESSING_ERROR"),
    ],
)
async def test_rejected_files(client: httpx2.AsyncClient, data: bytes, code: str) -> None:
    answer = await send(client, file(data))
    assert answer.status_code == 400
    assert error(answer)["code"] == code


async def test_a_content_length_over_the_limit_is_rejected_at_once(
    make_gateway: MakeGateway, peers: Peers
) -> None:
    async with make_gateway(max_file_size="1MB") as small, small.client() as client:
        answer = await send(client, file(b"R" * 3 * 1024**2, "large_audio.mp3"))
        assert answer.status_code == 413
        assert error(answer) == {
            "code": "FILE_UPLOAD_ERROR",
            "message": "File too large",
            "details": {
                "max_size": "1MB",
                "provided_size": "3.1MB",
                "file_name": "large_audio.mp3",
            },
        }
        assert "large_audio.mp3" not in peers.transcriber.begun


async def test_an_unannounced_size_over_the_limit_is_rejected_while_streaming(
    make_gateway: MakeGateway, peers: Peers
) -> None:
    name = f"{GIVEN_UP}-too-large.mp3"

    async def body() -> AsyncIterator[bytes]:
        whole = form(file(b"R" * 3 * 1024**2, name))
        for begin in range(0, len(whole), 65536):
            yield whole[begin : begin + 65536]

    async with make_gateway(max_file_size="1MB") as small, small.client() as client:
        answer = await client.post(UPLOAD, content=body(), headers=CONTENT_TYPE)
        assert answer.status_code == 413
        assert error(answer)["details"]["max_size"] == "1MB"
        await until(lambda: name in peers.transcriber.aborted)
        assert await stored(client) == 0


async def test_a_file_of_exactly_the_limit_is_accepted(make_gateway: MakeGateway) -> None:
    async with make_gateway(max_file_size="1MB") as small, small.client() as client:
        assert (await send(client, file(b"R" * 1024**2))).status_code == 201
        assert (await send(client, file(b"R" * (1024**2 + 1)))).status_code == 413


async def test_a_disconnecting_client_ends_the_upload(running: Running, peers: Peers) -> None:
    name = f"{GIVEN_UP}-by-leaving.mp3"
    _, writer = await asyncio.open_connection("127.0.0.1", running.gateway.http_port)
    head = (
        f"POST {UPLOAD} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n"
        f"Content-Type: {CONTENT_TYPE['Content-Type']}\r\n\r\n"
    )
    writer.write(head.encode() + file(b"R" * 2_000_000, name)[:-2])
    await writer.drain()
    await until(lambda: name in peers.transcriber.begun)
    writer.close()
    await writer.wait_closed()
    await until(lambda: name in peers.transcriber.aborted)
    kept = [one.config.filename for one in peers.transcriber.uploads.values()]
    assert name not in kept


async def test_a_stalled_upload_times_out(make_gateway: MakeGateway, peers: Peers) -> None:
    name = f"{GIVEN_UP}-by-stalling.mp3"

    async def body() -> AsyncIterator[bytes]:
        yield file(b"R" * 600_000, name)[:-2]
        await until(lambda: name in peers.transcriber.aborted)
        yield b"\r\n"

    async with make_gateway(upload_idle_seconds=2) as hasty, hasty.client() as client:
        answer = await client.post(UPLOAD, content=body(), headers=CONTENT_TYPE)
        assert answer.status_code == 400
        assert error(answer)["code"] == "FILE_UPLOAD_ERROR"
        assert await stored(client) == 0


async def test_a_slow_transcriber_applies_backpressure(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        whole = form(file(b"R" * 40 * 1024**2))
        for begin in range(0, len(whole), 262144):
            read += 262144
            yield whole[begin : begin + 262144]

    peers.transcriber.upload_delay = 0.2
    try:
        sending = asyncio.create_task(client.post(UPLOAD, content=body(), headers=CONTENT_TYPE))
        await asyncio.sleep(2)
        # About ten chunks were processed. The data in transit is bounded by buffers.
        assert read < 20 * 1024**2
        peers.transcriber.upload_delay = 0.0
        assert (await sending).status_code == 201
    finally:
        peers.transcriber.upload_delay = 0.0


@pytest.mark.parametrize("fields_first", [True, False])
async def test_a_full_queue_stores_nothing(
    client: httpx2.AsyncClient, peers: Peers, fields_first: bool
) -> None:
    peers.transcriber.queue_full = True
    fields = [field("language", "en"), field("auto_start", "true")]
    try:
        answer = await send(client, *(fields if fields_first else []), file())
    finally:
        peers.transcriber.queue_full = False
    assert answer.status_code == 503
    assert error(answer)["code"] == "RESOURCE_EXHAUSTED"
    assert "42 seconds" in error(answer)["message"]
    assert answer.headers["retry-after"] == "42"
    if not fields_first:
        assert await stored(client) == 0


async def test_an_unavailable_transcriber_returns_503(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    peers.transcriber.failure = UnavailableError("The store does not answer.")
    try:
        answer = await send(client, file())
    finally:
        peers.transcriber.failure = None
    assert answer.status_code == 503
    assert error(answer)["code"] == "SERVICE_UNAVAILABLE"


async def test_concurrent_uploads(client: httpx2.AsyncClient, peers: Peers) -> None:
    await client.get("/api/sessions/current")
    sizes = [1000 * (number + 1) for number in range(8)]
    answers = await asyncio.gather(*(send(client, file(b"R" * size)) for size in sizes))
    for size, answer in zip(sizes, answers, strict=True):
        number = answer.json()["data"]["transcription_id"]
        assert peers.transcriber.uploads[number].size == size
        stored: transcription_pb2.Transcription = peers.transcriber.transcriptions[number]
        assert stored.session_id == answer.json()["data"]["session_id"]
