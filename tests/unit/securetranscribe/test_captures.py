"""Captures against a server in memory."""

import base64
import hashlib
import json

import httpx2
import pytest

from securetranscribe import ApiError, SecureTranscribeClient

CAPTURE_ID = "c" * 32


class Server:
    """One capture, which takes some questions to be finished."""

    def __init__(self, *, questions: int = 0) -> None:
        self.chunks: dict[int, tuple[bytes, bool]] = {}
        self.created: dict[str, object] = {}
        self.state = "receiving"
        self.questions = questions

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        path = request.url.path.removeprefix("/api/captures")
        if request.method == "DELETE":
            self.state = "discarded"
            return httpx2.Response(204)
        if request.method == "PUT":
            self._put(request, int(path.rpartition("/")[2]))
        elif path.endswith("/finish"):
            return self._finish(json.loads(request.read()))
        elif request.method == "POST":
            self.created = json.loads(request.read())
        elif not path:
            return httpx2.Response(200, json={"data": {"captures": [self._data()]}})
        elif self.state == "finishing":
            self.questions -= 1
            self.state = "finishing" if self.questions else "completed"
        return httpx2.Response(200, json={"data": self._data()})

    def _put(self, request: httpx2.Request, number: int) -> None:
        data = request.read()
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        assert request.headers["upload-checksum"] == f"sha256 {digest}"
        self.chunks[number] = (data, request.url.params["starts_stream"] == "true")

    def _finish(self, body: dict[str, int]) -> httpx2.Response:
        missing = sorted(set(range(body["chunk_count"])) - self.chunks.keys())
        if missing and not body["allow_gaps"]:
            error = {"code": "CONFLICT", "message": "Missing.", "details": {"missing": missing}}
            return httpx2.Response(409, json={"error": error})
        self.state = "finishing" if self.questions else "completed"
        return httpx2.Response(202 if self.questions else 200, json={"data": self._data()})

    def _data(self) -> dict[str, object]:
        done = self.state == "completed"
        return {
            "capture_id": CAPTURE_ID,
            "state": self.state,
            "transcription_id": 7 if done else None,
        }


def client_of(server: Server) -> SecureTranscribeClient:
    return SecureTranscribeClient(session_token="t", transport=httpx2.MockTransport(server))


def test_recording_is_sent_and_finished() -> None:
    server = Server(questions=2)
    with client_of(server) as client:
        capture_id = client.create_capture("audio/webm", title="Talk", language="en")["capture_id"]
        client.put_chunk(capture_id, 0, b"one")
        client.put_chunk(capture_id, 1, b"two", starts_stream=True)
        done = client.finish_capture(capture_id, 2)

    assert server.created == {"media_type": "audio/webm", "title": "Talk", "language": "en"}
    assert server.chunks == {0: (b"one", False), 1: (b"two", True)}
    assert done["transcription_id"] == 7


def test_missing_chunks_are_told() -> None:
    server = Server()
    with client_of(server) as client:
        client.put_chunk(CAPTURE_ID, 1, b"two")
        with pytest.raises(ApiError) as caught:
            client.finish_capture(CAPTURE_ID, 3)
        assert caught.value.details == {"missing": [0, 2]}
        assert client.finish_capture(CAPTURE_ID, 3, allow_gaps=True)["state"] == "completed"


def test_listed_and_discarded() -> None:
    server = Server()
    with client_of(server) as client:
        assert [one["capture_id"] for one in client.list_captures()] == [CAPTURE_ID]
        client.discard_capture(CAPTURE_ID)
    assert server.state == "discarded"


def test_not_finished_in_time() -> None:
    with client_of(Server(questions=1000)) as client:
        client.put_chunk(CAPTURE_ID, 0, b"one")
        with pytest.raises(TimeoutError):
            client.finish_capture(CAPTURE_ID, 1, timeout_seconds=0)
