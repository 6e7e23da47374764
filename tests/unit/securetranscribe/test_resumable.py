"""Uploads in pieces against a server in memory that fails now and then."""

import base64
import hashlib
import io
from collections.abc import Callable
from types import SimpleNamespace

import httpx2
import pytest

from securetranscribe import ApiError, SecureTranscribeClient

DATA = bytes(range(256)) * 40
UPLOAD_ID = "u" * 32


class Server:
    """One upload. `failures` are answers to the next appends, before they are stored."""

    def __init__(self, *failures: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self.stored = b""
        self.failures = list(failures)
        self.metadata = ""
        self.error: dict[str, str] | None = None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        if request.method == "POST":
            self.metadata = request.headers["upload-metadata"]
            assert request.headers["upload-length"] == str(len(DATA))
            return httpx2.Response(201, json={"data": self._data()})
        if request.method == "GET":
            return httpx2.Response(200, json={"data": self._data()})
        if self.failures:
            return self.failures.pop(0)(request)
        return self._append(request)

    def _append(self, request: httpx2.Request) -> httpx2.Response:
        body = request.read()
        assert request.headers["upload-offset"] == str(len(self.stored))
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        assert request.headers["upload-checksum"] == f"sha256 {digest}"
        self.stored += body
        return httpx2.Response(204)

    def _data(self) -> dict[str, object]:
        whole = self.stored == DATA
        return {
            "upload_id": UPLOAD_ID,
            "size": len(DATA),
            "offset": len(self.stored),
            "state": "completed" if whole else "receiving",
            "transcription_id": 7 if whole else None,
            "error": self.error,
        }


def failed(status: int) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _request: httpx2.Response(
        status, json={"error": {"code": "X", "message": "No.", "details": {}}}
    )


def away(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("away", request=request)


def client_of(server: Server) -> SecureTranscribeClient:
    return SecureTranscribeClient(session_token="t", transport=httpx2.MockTransport(server))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between attempts."""
    monkeypatch.setattr(
        "securetranscribe.client.time", SimpleNamespace(sleep=lambda _seconds: None)
    )


@pytest.mark.parametrize("failure", [failed(503), failed(423), failed(409), failed(460), away])
def test_upload_goes_on_after_a_failure(
    failure: Callable[[httpx2.Request], httpx2.Response],
) -> None:
    server = Server(failure, failure)
    seen: list[int] = []
    with client_of(server) as client:
        upload = client.upload_resumable(
            io.BytesIO(DATA),
            filename="a.wav",
            language="de",
            piece_bytes=3_000,
            on_progress=lambda stored, _size: seen.append(stored),
        )
    assert server.stored == DATA
    assert upload["transcription_id"] == 7
    assert (seen[0], seen[-1]) == (0, len(DATA))
    fields = dict(pair.split(" ") for pair in server.metadata.split(","))
    assert base64.b64decode(fields["filename"]) == b"a.wav"
    assert base64.b64decode(fields["language"]) == b"de"


def test_another_process_goes_on() -> None:
    server = Server()
    server.stored = DATA[:5_000]
    with client_of(server) as client:
        client.upload_resumable(io.BytesIO(DATA), upload_id=UPLOAD_ID, piece_bytes=3_000)
    assert server.stored == DATA
    assert server.metadata == ""


def test_a_refusal_is_not_repeated() -> None:
    server = Server(failed(400))
    with client_of(server) as client, pytest.raises(ApiError) as caught:
        client.upload_resumable(io.BytesIO(DATA), filename="a.wav")
    assert caught.value.status == 400


def test_an_earlier_refusal_is_told() -> None:
    server = Server()
    server.error = {"code": "FILE_UPLOAD_ERROR", "message": "Not audio."}
    with client_of(server) as client, pytest.raises(ApiError) as caught:
        client.upload_resumable(io.BytesIO(DATA), upload_id=UPLOAD_ID)
    assert caught.value.code == "FILE_UPLOAD_ERROR"


def test_patience_ends() -> None:
    server = Server(*[failed(503)] * 50)
    with client_of(server) as client, pytest.raises(ApiError) as caught:
        client.upload_resumable(io.BytesIO(DATA), filename="a.wav", patience_seconds=0)
    assert caught.value.status == 503
