"""Rejected files: each has a clear error and leaves no data."""

import asyncio
import io
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import numpy as np
import pytest

from common import sizes
from common.objects import ObjectStore
from common.settings import ObjectSettings
from securetranscribe import ApiError, SecureTranscribeClient
from tests.e2e.recordings import SilentWav, silence
from tests.e2e.stack import MAX_FILE_SIZE, Stack

_REMOVED_SECONDS = 60


def _video_without_sound() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), dtype=np.uint8))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


@pytest.fixture
def truncated(sample: Path) -> bytes:
    content = sample.read_bytes()
    return content[: len(content) // 2]


@pytest.fixture
def objects(stack: Stack) -> Iterator[ObjectStore]:
    variables = stack.servers.environment("transcriber")
    names = {name.lower(): value for name, value in variables.items() if name.startswith("S3_")}
    store = ObjectStore(ObjectSettings(**names))  # type: ignore[arg-type]
    yield store
    store.close()


async def _nothing_left(objects: ObjectStore, before: Iterable[str]) -> None:
    """Wait until no new object is left. Those of aborted uploads are removed soon."""
    async with asyncio.timeout(_REMOVED_SECONDS):
        while set(await objects.keys("audio")) - set(before):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.mp3", b"", "FILE_UPLOAD_ERROR"),
        ("notes.mp3", b"These are only words, not sound at all.\n" * 50, "FILE_UPLOAD_ERROR"),
        ("page.wav", b"<html><body>hello</body></html>" * 50, "FILE_UPLOAD_ERROR"),
        ("program.exe", silence(1.0), "FILE_UPLOAD_ERROR"),
        ("silent-film.mp4", _video_without_sound(), "AUDIO_PROCESSING_ERROR"),
        ("noise.flac", b"fLaC" + bytes(range(256)) * 40, "AUDIO_PROCESSING_ERROR"),
    ],
)
async def test_unusable_file_is_rejected(
    name: str, content: bytes, code: str, client: SecureTranscribeClient, objects: ObjectStore
) -> None:
    before = await objects.keys("audio")
    with pytest.raises(ApiError) as caught:
        client.upload_audio(io.BytesIO(content), filename=name)
    assert (caught.value.status, caught.value.code) == (400, code)
    assert caught.value.message
    assert client.list_transcriptions()["total"] == 0
    await _nothing_left(objects, before)


async def test_truncated_file_is_rejected(
    client: SecureTranscribeClient, truncated: bytes, objects: ObjectStore
) -> None:
    before = await objects.keys("audio")
    with pytest.raises(ApiError) as caught:
        client.upload_audio(io.BytesIO(truncated), filename="half.wav")
    assert (caught.value.status, caught.value.code) == (400, "AUDIO_PROCESSING_ERROR")
    assert client.list_transcriptions()["total"] == 0
    await _nothing_left(objects, before)


async def test_file_over_the_limit_is_rejected_while_it_is_sent(
    stack: Stack, client: SecureTranscribeClient, objects: ObjectStore
) -> None:
    before = await objects.keys("audio")
    client.get_session()
    status, body, sent = await _send_without_length(stack, str(client.session_token))
    assert status == 413
    assert body["error"]["code"] == "FILE_UPLOAD_ERROR"
    assert body["error"]["details"]["max_size"] == MAX_FILE_SIZE
    # It was rejected soon after the limit. Pipes and buffers hold the rest.
    assert sent < sizes.parse(MAX_FILE_SIZE) + 64 * 1024**2
    assert client.list_transcriptions()["total"] == 0
    await _nothing_left(objects, before)


async def _send_without_length(stack: Stack, token: str) -> tuple[int, dict[str, Any], int]:
    """Send an endless recording until the server responds. Return status, body and sent bytes."""
    address = urlsplit(stack.base_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(
        b"POST /api/transcription/upload HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: Bearer %s\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: multipart/form-data; boundary=edge\r\n\r\n" % token.encode()
    )
    part = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="huge.wav"\r\n\r\n'
    recording, sent = SilentWav(4 * 1024**3), 0
    head = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
    chunk = part + recording.read()
    while not head.done():
        writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        await writer.drain()
        sent += len(chunk)
        chunk = recording.read()
    answer = await head
    length = int(re.search(rb"content-length: (\d+)", answer.lower())[1])  # type: ignore[index]
    body = json.loads(await reader.readexactly(length))
    writer.transport.abort()
    return int(answer.split()[1]), body, sent


def test_unknown_ids_and_ids_of_another_session_are_indistinguishable(
    stack: Stack, sample: Path, client: SecureTranscribeClient
) -> None:
    with stack.client() as other, sample.open("rb") as file:
        foreign = other.upload_audio(file)["transcription_id"]
        said = []
        for transcription_id in (foreign, 2**40):
            for call in (
                client.get_status,
                client.start_transcription,
                client.delete_transcription,
                client.export_transcription,
            ):
                with pytest.raises(ApiError) as caught:
                    call(transcription_id)
                assert (caught.value.status, caught.value.code) == (404, "NOT_FOUND")
                said.append(caught.value.message.replace(str(transcription_id), "N"))
        assert said[:4] == said[4:]
        assert other.get_status(foreign)["status"] == "pending"
        other.delete_transcription(foreign)
