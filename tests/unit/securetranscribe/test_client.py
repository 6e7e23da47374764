"""Client against a scripted transport: requests sent and responses parsed."""

import io
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from securetranscribe import (
    ApiError,
    ConnectionFailedError,
    JobCancelledError,
    SecureTranscribeClient,
)

Handler = Callable[[httpx2.Request], httpx2.Response]


def client_on(handler: Handler, token: str | None = None) -> SecureTranscribeClient:
    return SecureTranscribeClient("http://test/api", token, transport=httpx2.MockTransport(handler))


def success(data: object, **arguments: object) -> httpx2.Response:
    return httpx2.Response(200, json={"success": True, "data": data}, **arguments)  # type: ignore[arg-type]


def test_cookie_of_first_response_is_token_of_later_calls() -> None:
    seen: list[str | None] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers.get("authorization"))
        return success({}, headers={"set-cookie": "session_token=secret; HttpOnly; Path=/"})

    with client_on(handler) as client:
        client.get_session()
        client.get_session()
    assert seen == [None, "Bearer secret"]


def test_given_token_is_kept() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        assert request.headers["authorization"] == "Bearer mine"
        return success({}, headers={"set-cookie": "session_token=other; Path=/"})

    with client_on(handler, "mine") as client:
        client.get_session()
        assert client.session_token == "mine"


def test_upload_sends_the_file_and_its_fields() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/api/transcription/upload"
        body = request.read()
        assert b'name="file"; filename="talk.mp3"' in body
        assert b"sound" in body
        assert b'name="language"\r\n\r\nen' in body
        assert b'name="auto_start"\r\n\r\nfalse' in body
        return success({"transcription_id": 7})

    with client_on(handler) as client:
        answer = client.upload_audio(io.BytesIO(b"sound"), filename="talk.mp3", language="en")
    assert answer == {"transcription_id": 7}


def test_upload_sends_options_only_where_they_are_given() -> None:
    bodies: list[bytes] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        bodies.append(request.read())
        return success({"transcription_id": 7})

    with client_on(handler) as client:
        client.upload_audio(
            io.BytesIO(b"sound"), channels="separate", allow_truncated=True, num_speakers=2
        )
        client.upload_audio(io.BytesIO(b"sound"))
    assert b'name="channels"\r\n\r\nseparate' in bodies[0]
    assert b'name="allow_truncated"\r\n\r\ntrue' in bodies[0]
    assert b'name="num_speakers"\r\n\r\n2' in bodies[0]
    assert b"channels" not in bodies[1]
    assert b"speakers" not in bodies[1]
    assert b"allow_truncated" not in bodies[1]


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({}, {}),
        ({"channels": "mix"}, {"channels": "mix"}),
        ({"language": "de"}, {"language": "de"}),
    ],
)
def test_start_sends_options_only_where_they_are_given(
    options: dict[str, Any], body: dict[str, Any]
) -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/api/transcription/start/7"
        assert json.loads(request.read()) == body
        return success({"job_id": "job_1"})

    with client_on(handler) as client:
        assert client.start_transcription(7, **options) == {"job_id": "job_1"}


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    [
        (lambda c: c.list_voices(7), "GET", "/transcription/speakers/7", None),
        (lambda c: c.list_speakers(), "GET", "/speakers?page=1&per_page=200", None),
        (lambda c: c.create_speaker("Ann", language="en"), "POST", "/speakers",
         {"name": "Ann", "language": "en"}),
        (lambda c: c.list_observations(3, page=2), "GET",
         "/speakers/3/observations?page=2&per_page=200", None),
        (lambda c: c.delete_observation(3, 9), "DELETE", "/speakers/3/observations/9", None),
        (lambda c: c.merge_speakers(3, 4), "POST", "/speakers/3/merge", {"source_speaker_id": 4}),
        (lambda c: c.split_speaker(3, (9, 8), "Bob"), "POST", "/speakers/3/split",
         {"observation_ids": [9, 8], "name": "Bob"}),
        (lambda c: c.list_trashed_speakers(), "GET", "/speakers/trash?page=1&per_page=200", None),
        (lambda c: c.restore_speaker(4), "POST", "/speakers/trash/4/restore", None),
        (lambda c: c.delete_speaker(3), "DELETE", "/speakers/3?permanent=false", None),
        (lambda c: c.delete_speaker(3, permanent=True), "DELETE", "/speakers/3?permanent=true",
         None),
    ],
)  # fmt: skip
def test_speakers(
    call: Callable[[SecureTranscribeClient], object], method: str, path: str, body: object
) -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        assert (request.method, str(request.url)) == (method, f"http://test/api{path}")
        assert (json.loads(request.read()) if body is not None else None) == body
        return success(["what came"])

    with client_on(handler) as client:
        assert call(client) == ["what came"]


def test_clips_are_returned_as_bytes() -> None:
    paths: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        paths.append(request.url.raw_path.decode())
        return httpx2.Response(200, content=b"fLaC", headers={"content-type": "audio/flac"})

    with client_on(handler) as client:
        assert client.get_speaker_clip(3) == b"fLaC"
        assert client.get_voice_clip(7, "Ann/Bob") == b"fLaC"
    assert paths == ["/api/speakers/3/clip", "/api/transcription/speakers/7/Ann%2FBob/clip"]


def test_enrollment_sends_the_clip() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/api/speakers/3/enroll"
        assert b'name="file"; filename="ann.wav"' in request.read()
        return success({"speaker": {}})

    with client_on(handler) as client:
        assert client.enroll_speaker(3, io.BytesIO(b"sound"), filename="ann.wav") == {"speaker": {}}


def test_wait_reports_each_change_and_returns_the_last_state() -> None:
    states = [
        {"status": "processing", "progress_percentage": 10.0, "current_step": "a"},
        {"status": "processing", "progress_percentage": 10.0, "current_step": "a"},
        {"status": "completed", "progress_percentage": 100.0, "current_step": "Completed"},
    ]
    whole = {**states[-1], "segments": []}
    answers = iter(states)
    told: list[tuple[float, str]] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        return success(next(answers) if "transcript" in request.url.params else whole)

    with client_on(handler) as client:
        last = client.wait(7, on_progress=lambda *now: told.append(now), poll_seconds=0)
    assert last == whole
    assert told == [(10.0, "a"), (100.0, "Completed")]


def test_wait_raises_once_the_job_is_cancelled() -> None:
    states = iter(("pending", "processing", "pending"))

    def handler(_request: httpx2.Request) -> httpx2.Response:
        return success({"status": next(states), "progress_percentage": 0.0, "current_step": ""})

    with client_on(handler) as client, pytest.raises(JobCancelledError, match="7"):
        client.wait(7, poll_seconds=0)


def test_wait_raises_after_its_timeout() -> None:
    state = {"status": "processing", "progress_percentage": 0.0, "current_step": ""}
    with client_on(lambda _: success(state)) as client, pytest.raises(TimeoutError, match="7"):
        client.wait(7, poll_seconds=0, timeout_seconds=0)


def test_names_formats_and_options_are_sent_as_documented() -> None:
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return success({})

    with client_on(handler) as client:
        client.assign_speakers(3, {"Speaker_1": "Ada"})
        client.export_transcription(3, "pdf", ["meeting_summary", "action_items"])
        client.list_transcriptions(limit=5, status_filter="failed")
    assert json.loads(requests[0].read()) == {"Speaker_1": "Ada"}
    assert requests[1].url.params.get_list("include_options") == ["meeting_summary", "action_items"]
    assert dict(requests[2].url.params) == {"limit": "5", "status_filter": "failed"}


def test_rejected_request_raises_error_with_code_and_details() -> None:
    body = {
        "success": False,
        "error": {"code": "NOT_FOUND", "message": "no", "details": {"a": "b"}},
    }
    with (
        client_on(lambda _: httpx2.Response(404, json=body)) as client,
        pytest.raises(ApiError, match="NOT_FOUND: no") as caught,
    ):
        client.get_status(1)
    assert (caught.value.status, caught.value.code, caught.value.details) == (
        404, "NOT_FOUND", {"a": "b"},
    )  # fmt: skip


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"error": "x"}'])
def test_foreign_response_raises_api_error(body: bytes) -> None:
    with (
        client_on(lambda _: httpx2.Response(502, content=body)) as client,
        pytest.raises(ApiError, match="HTTP 502"),
    ):
        client.get_status(1)


def test_timeout_names_the_setting_to_raise() -> None:
    def handler(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("")

    with (
        client_on(handler) as client,
        pytest.raises(ConnectionFailedError, match=r"http://test/api .* try again"),
    ):
        client.get_queue_status()


def test_failed_connection_raises_its_own_error() -> None:
    def handler(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    with client_on(handler) as client, pytest.raises(ConnectionFailedError, match="refused"):
        client.get_queue_status()


def test_a_resumed_session_is_continued() -> None:
    seen: list[tuple[str, str | None]] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.url.path, request.headers.get("authorization")))
        return success({"session_id": "session_2", "session_token": "new"})

    with client_on(handler, "old") as client:
        assert client.resume()["session_id"] == "session_2"
        client.get_session()
    assert seen == [
        ("/api/sessions/resume", "Bearer old"),
        ("/api/sessions/current", "Bearer new"),
    ]


def test_an_archive_is_written_to_a_file() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/api/sessions/current/archive"
        assert request.headers["authorization"] == "Bearer mine"
        return httpx2.Response(200, content=b"PK zip")

    file = io.BytesIO()
    with client_on(handler, "mine") as client:
        client.archive(file)
    assert file.getvalue() == b"PK zip"


def test_a_refused_archive_is_an_error() -> None:
    def handler(_request: httpx2.Request) -> httpx2.Response:
        error = {"code": "AUTHENTICATION_ERROR", "message": "The session has ended."}
        return httpx2.Response(401, json={"success": False, "error": error})

    with client_on(handler, "mine") as client, pytest.raises(ApiError, match="has ended"):
        client.archive(io.BytesIO())
