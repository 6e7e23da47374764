"""The documented JSON API against the running product: endpoint by endpoint, field by field."""

import io
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from securetranscribe import SecureTranscribeClient
from tests.e2e.conftest import JOB_SECONDS, Completed, Stack
from tests.e2e.contract import (
    EVENTS,
    JOB,
    LIST,
    PAGINATION,
    QUEUE,
    SESSION,
    SPEAKER,
    SPEAKER_STATISTICS,
    START,
    STATUS,
    UPLOAD,
    Api,
    assert_limited,
    client,
    either,
    integer,
    many,
    moment,
    number,
    session_id,
    shape,
    text,
    unique,
    upload,
    wait,
)
from tests.e2e.recordings import encoded, excerpt, repeated, silence

pytestmark = pytest.mark.e2e


@pytest.fixture
def api(stack: Stack) -> Iterator[Api]:
    """A session of its own, kept in a cookie."""
    with client(stack) as http:
        yield Api(http=http)


@pytest.fixture
def done(stack: Stack, completed: Completed) -> Iterator[Api]:
    """The session whose transcription is complete, by its Bearer token."""
    with client(stack, completed.token) as http:
        yield Api(http=http)


@pytest.fixture(scope="module")
def clip(sample: Path) -> bytes:
    """Six seconds of the sample in which somebody speaks."""
    return excerpt(sample, start=7, seconds=6)


class TestAnswers:
    """What holds for the API as a whole."""

    def test_health(self, stack: Stack) -> None:
        answer = httpx2.get(f"{stack.base_url}/health")
        assert answer.status_code == 200
        assert shape(status=either("healthy"), version=text, timestamp=moment)(answer.json())
        assert httpx2.get(f"{stack.base_url}/health/db").status_code == 200

    def test_documentation(self, stack: Stack) -> None:
        for path in ("/docs", "/redoc"):
            answer = httpx2.get(stack.base_url + path)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/html")
        document = httpx2.get(f"{stack.base_url}/openapi.json").json()
        assert document["openapi"].startswith("3.")
        assert "/api/transcription/upload" in document["paths"]

    def test_the_version_in_the_path(self, stack: Stack, done: Api, completed: Completed) -> None:
        path = f"/transcription/status/{completed.transcription_id}"
        assert done.data("GET", f"/v1{path}") == done.data("GET", path)
        done.refused("GET", f"/v2{path}", 404, "NOT_FOUND")

    def test_security_headers(self, stack: Stack) -> None:
        headers = httpx2.get(f"{stack.base_url}/").headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-XSS-Protection"] == "1; mode=block"
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")

    def test_validation_names_field_and_value(self, api: Api) -> None:
        details = api.refused("GET", "/transcription/status/abc", 400, "VALIDATION_ERROR")
        assert details == {"field": "transcription_id", "value": "abc"}

    def test_unknown_paths(self, api: Api) -> None:
        api.refused("GET", "/no/such/thing", 404, "NOT_FOUND")


class TestSessions:
    """`/sessions`."""

    def test_a_session_begins_by_itself(self, api: Api) -> None:
        first = api.data("GET", "/sessions/current")
        assert SESSION(first)
        assert first["is_authenticated"] is False
        assert (first["is_active"], first["is_valid"]) == (True, True)
        assert first["processing_efficiency"] == 0.0
        assert api.data("GET", "/sessions/current")["session_id"] == first["session_id"]
        assert "session_token" in api.http.cookies

    def test_create(self, stack: Stack, api: Api) -> None:
        made = api.data(
            "POST",
            "/sessions/create",
            201,
            json={
                "user_identifier": "john.doe@example.com",
                "user_agent": "Mozilla/5.0...",
                "ip_address": "192.168.1.100",
            },
        )
        assert shape(
            id=integer, session_id=session_id, session_token=text, created_at=moment,
            expires_at=moment,
        )(made)  # fmt: skip
        with client(stack, made["session_token"]) as http:
            seen = Api(http=http).data("GET", "/sessions/current")
        assert seen["session_id"] == made["session_id"]
        assert seen["user_identifier"] == "john.doe@example.com"

    def test_update(self, api: Api) -> None:
        preferences = {"default_language": "en", "auto_start_processing": True, "theme": "dark"}
        body = {"user_identifier": "john.doe@example.com", "preferences": preferences}
        changed = api.data("PUT", "/sessions/current", json=body)
        assert changed["user_identifier"] == "john.doe@example.com"
        assert changed["preferences"] == preferences

    def test_extend(self, api: Api) -> None:
        data = api.data("POST", "/sessions/extend", json={"hours": 2})
        assert shape(message=text, expires_at=moment, time_until_expiry=number)(data)
        assert data["message"] == "Session extended by 2 hours"
        assert 7190 <= data["time_until_expiry"] <= 7200
        api.refused("POST", "/sessions/extend", 400, "VALIDATION_ERROR", json={"hours": 25})

    def test_invalidate(self, stack: Stack) -> None:
        with client(stack) as http:
            api = Api(http=http)
            token = api.data("POST", "/sessions/create", 201)["session_token"]
            data = api.data("DELETE", "/sessions/current")
            assert data["message"] == "Session invalidated successfully"
        with client(stack, token) as http:
            Api(http=http).refused("GET", "/queue/status", 401, "AUTHENTICATION_ERROR")

    def test_a_bad_token(self, stack: Stack) -> None:
        with client(stack, "your_session_token") as http:
            Api(http=http).refused("GET", "/sessions/current", 401, "AUTHENTICATION_ERROR")

    def test_figures_come_from_jobs(self, done: Api, completed: Completed) -> None:
        data = done.data("GET", "/sessions/current")
        assert data["total_files_processed"] >= 1
        assert data["processing_efficiency"] > 0
        assert data["average_confidence"] > 0
        assert data["session_id"] == completed.state["session_id"]


class TestUpload:
    """`/transcription/upload`."""

    def test_documented_fields(self, api: Api, clip: bytes) -> None:
        data = upload(api, clip, language="en", auto_start="false")
        assert UPLOAD(data)
        assert (data["filename"], data["format"]) == ("clip.wav", "wav")
        assert data["file_size"] == len(clip)
        assert data["duration"] == pytest.approx(6.0, abs=0.1)
        assert data["formatted_duration"] == "00:00:06"
        assert (data["language_detected"], data["processing_started"]) == ("en", False)
        assert data["job_id"] is None
        state = api.data("GET", f"/transcription/status/{data['transcription_id']}")
        assert STATUS(state)
        assert (state["status"], state["full_transcript"]) == ("pending", None)

    @pytest.mark.parametrize(
        ("word", "container", "codec"),
        [
            ("mp3", "mp3", "libmp3lame"),
            ("m4a", "ipod", "aac"),
            ("flac", "flac", "flac"),
            ("ogg", "ogg", "libopus"),
            ("mkv", "matroska", "libopus"),
        ],
    )
    def test_formats(self, api: Api, clip: bytes, word: str, container: str, codec: str) -> None:
        content = encoded(clip, container=container, codec=codec)
        data = upload(api, content, f"call.{word}", auto_start="false")
        assert UPLOAD(data)
        assert (data["filename"], data["format"]) == (f"call.{word}", word)
        assert data["duration"] == pytest.approx(6.0, abs=0.2)

    def test_preferences_where_the_form_is_silent(self, api: Api, clip: bytes) -> None:
        preferences = {"default_language": "de", "auto_start_processing": False}
        api.data("PUT", "/sessions/current", json={"preferences": preferences})
        data = upload(api, clip)
        assert (data["language_detected"], data["processing_started"]) == ("de", False)
        named = upload(api, clip, language="en")
        assert named["language_detected"] == "en"

    @pytest.mark.parametrize(
        ("field", "value"), [("language", "english please"), ("auto_start", "perhaps")]
    )
    def test_wrong_fields(self, api: Api, clip: bytes, field: str, value: str) -> None:
        details = api.refused(
            "POST", "/transcription/upload", 400, "VALIDATION_ERROR",
            data={field: value}, files={"file": ("clip.wav", clip)},
        )  # fmt: skip
        assert details["field"] == field

    @pytest.mark.parametrize(
        ("content", "name", "code"),
        [
            (b"", "empty.mp3", "FILE_UPLOAD_ERROR"),
            (b"only words " * 500, "words.mp3", "FILE_UPLOAD_ERROR"),
            (b"fLaC" + bytes(range(256)) * 40, "noise.flac", "AUDIO_PROCESSING_ERROR"),
        ],
    )
    def test_refused_files(self, api: Api, content: bytes, name: str, code: str) -> None:
        files = {"file": (name, content)}
        api.refused("POST", "/transcription/upload", 400, code, files=files)
        assert api.data("GET", "/transcription/list")["total"] == 0

    def test_forms_without_a_file(self, api: Api) -> None:
        details = api.refused(
            "POST", "/transcription/upload", 400, "VALIDATION_ERROR", data={"language": "en"}
        )
        assert details["field"] == "file"

    def test_too_large(self, stack: Stack) -> None:
        """Announces more than any limit, and is refused before it could send it."""
        host, _, port = stack.base_url.removeprefix("http://").partition(":")
        disposition = b'form-data; name="file"; filename="large_audio.mp3"'
        part = b"--x\r\nContent-Disposition: " + disposition + b"\r\n\r\n"
        head = (
            f"POST /api/transcription/upload HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {10**13}\r\n\r\n"
        )
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(head.encode() + part + b"ID3")
            answer = b""
            while b'"timestamp"' not in answer:
                received = connection.recv(65536)
                assert received, answer
                answer += received
        assert answer.startswith(b"HTTP/1.1 413")
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert body["error"]["code"] == "FILE_UPLOAD_ERROR"
        assert body["error"]["message"] == "File too large"
        details = body["error"]["details"]
        assert shape(max_size=text, provided_size=text, file_name=either("large_audio.mp3"))(
            details
        )


class TestTranscription:
    """The rest of `/transcription`."""

    def test_start_and_start_again(self, api: Api, clip: bytes) -> None:
        number_of = upload(api, clip, auto_start="false")["transcription_id"]
        data = api.data("POST", f"/transcription/start/{number_of}", json={"language": "en"})
        assert START(data)
        assert (data["status"], data["transcription_id"]) == ("queued", number_of)
        assert data["message"] == "Transcription started and added to queue"
        api.refused("POST", f"/transcription/start/{number_of}", 409, "CONFLICT")
        assert wait(api, number_of)["status"] == "completed"

    def test_status(self, done: Api, completed: Completed) -> None:
        state = done.data("GET", f"/transcription/status/{completed.transcription_id}")
        assert STATUS(state)
        for known in (
            "started_at", "completed_at", "processing_time", "full_transcript",
            "language_detected", "confidence_score", "num_speakers",
        ):  # fmt: skip
            assert state[known] is not None, known
        assert state["progress_percentage"] == 100.0
        assert {stage["name"]: stage["status"] for stage in state["stages"]} == {
            "transcribe": "done", "diarize": "done", "merge": "done",
        }  # fmt: skip
        assert state["num_speakers"] == len(state["speakers"]) == len(state["speaker_stats"])
        assert {segment["speaker"] for segment in state["segments"]} <= set(state["speakers"])

    def test_assign(self, api: Api, clip: bytes) -> None:
        state = wait(api, upload(api, clip)["transcription_id"])
        assert state["speakers"]
        name = unique("John Doe")
        path = f"/transcription/speakers/assign/{state['transcription_id']}"
        data = api.data("POST", path, json={state["speakers"][0]: name})
        assert shape(transcription_id=integer, speakers_assigned=integer, speakers=many(text))(data)
        assert (data["speakers_assigned"], data["speakers"][0]) == (1, name)
        after = api.data("GET", f"/transcription/status/{state['transcription_id']}")
        assert after["speakers"][0] == name
        assert name in after["speaker_stats"]
        api.refused("POST", path, 400, "SPEAKER_ERROR", json={"Speaker_99": "Nobody"})
        profiles = api.data("POST", "/speakers/search", json={"query": name})
        assert [profile["name"] for profile in profiles] == [name]

    @pytest.mark.parametrize(
        ("word", "kind", "beginning"),
        [
            ("pdf", "application/pdf", b"%PDF"),
            ("csv", "text/csv", b""),
            ("txt", "text/plain", b""),
            ("json", "application/json", b"{"),
        ],
    )
    def test_export(
        self, done: Api, completed: Completed, word: str, kind: str, beginning: bytes
    ) -> None:
        path = f"/transcription/export/{completed.transcription_id}"
        by_query = done.http.post(path, params={"export_format": word})
        assert by_query.status_code == 200, by_query.text
        assert by_query.headers["content-type"].startswith(kind)
        assert "attachment" in by_query.headers["content-disposition"]
        assert_limited(by_query)
        assert by_query.content.startswith(beginning)
        assert len(by_query.content) > 100
        by_body = done.http.post(path, json={"export_format": word})
        assert by_body.headers["content-type"] == by_query.headers["content-type"]

    def test_export_with_options(self, done: Api, completed: Completed) -> None:
        answer = done.http.post(
            f"/transcription/export/{completed.transcription_id}",
            params={"export_format": "pdf", "include_options": ["meeting_summary", "action_items"]},
        )
        assert answer.status_code == 200, answer.text

    def test_exports_that_cannot_be(self, api: Api, done: Api, completed: Completed) -> None:
        path = f"/transcription/export/{completed.transcription_id}"
        for arguments in ({}, {"params": {"export_format": "exe"}}):
            details = done.refused("POST", path, 400, "VALIDATION_ERROR", **arguments)
            assert details["field"] == "export_format"
        pending = upload(api, silence(1.0), "silence.wav", auto_start="false")
        early = f"/transcription/export/{pending['transcription_id']}?export_format=txt"
        api.refused("POST", early, 409, "CONFLICT")

    def test_list(self, api: Api, clip: bytes) -> None:
        numbers = [upload(api, clip, auto_start="false")["transcription_id"] for _ in range(3)]
        data = api.data("GET", "/transcription/list")
        assert LIST(data)
        assert (data["total"], data["limit"], data["offset"]) == (3, 50, 0)
        assert [one["id"] for one in data["transcriptions"]] == numbers[::-1]
        page = api.data("GET", "/transcription/list", params={"limit": 1, "offset": 1})
        assert [one["id"] for one in page["transcriptions"]] == [numbers[1]]
        filtered = {"status_filter": "completed"}
        assert api.data("GET", "/transcription/list", params=filtered)["total"] == 0
        wrong = {"params": {"status_filter": "done"}}
        api.refused("GET", "/transcription/list", 400, "VALIDATION_ERROR", **wrong)

    def test_delete(self, api: Api, clip: bytes) -> None:
        number_of = upload(api, clip, auto_start="false")["transcription_id"]
        data = api.data("DELETE", f"/transcription/{number_of}")
        assert data == {
            "message": "Transcription deleted successfully",
            "transcription_id": number_of,
        }
        api.refused("GET", f"/transcription/status/{number_of}", 404, "NOT_FOUND")

    def test_other_sessions_see_nothing(self, api: Api, completed: Completed) -> None:
        number_of = completed.transcription_id
        for method, path in (
            ("GET", f"/transcription/status/{number_of}"),
            ("POST", f"/transcription/start/{number_of}"),
            ("POST", f"/transcription/export/{number_of}?export_format=txt"),
            ("DELETE", f"/transcription/{number_of}"),
            ("GET", f"/queue/jobs/{completed.job_id}"),
            ("DELETE", f"/queue/jobs/{completed.job_id}"),
        ):
            api.refused(method, path, 404, "NOT_FOUND")


class TestSpeakers:
    """`/speakers`."""

    def create(self, api: Api, **changes: Any) -> Any:
        body = {
            "name": unique("John Doe"),
            "gender": "male",
            "age_range": "adult",
            "language": "en",
            "accent": "american",
            "description": "Regular meeting participant",
        }
        return api.data("POST", "/speakers", 201, json=body | changes)

    def test_create(self, api: Api) -> None:
        data = self.create(api)
        assert SPEAKER(data)
        assert data["display_name"] == data["name"]
        assert (data["gender"], data["age_range"], data["accent"]) == ("male", "adult", "american")
        assert (data["confidence_score"], data["confidence_level"]) == (0.0, "very_low")
        assert (data["is_verified"], data["is_active"], data["has_voice_data"]) == (
            False, True, False,
        )  # fmt: skip
        taken = {"name": f" {data['name'].upper()} "}
        api.refused("POST", "/speakers", 409, "CONFLICT", json=taken)

    def test_list(self, api: Api) -> None:
        made = self.create(api)
        body = api.call("GET", "/speakers", params={"page": 1, "per_page": 200})
        assert many(SPEAKER)(body["data"])
        assert PAGINATION(body["pagination"])
        assert made["id"] in [one["id"] for one in body["data"]]
        verified = api.call("GET", "/speakers", params={"verified_only": True, "per_page": 200})
        assert made["id"] not in [one["id"] for one in verified["data"]]

    def test_update(self, api: Api) -> None:
        made = self.create(api)
        body = {"name": f"{made['name']} Jr.", "is_verified": True, "description": "Updated"}
        data = api.data("PUT", f"/speakers/{made['id']}", json=body)
        assert SPEAKER(data)
        assert (data["name"], data["display_name"]) == (body["name"], body["name"])
        assert (data["is_verified"], data["description"]) == (True, "Updated")
        assert data["gender"] == "male"

    def test_statistics(self, api: Api) -> None:
        made = self.create(api)
        data = api.data("GET", f"/speakers/{made['id']}/statistics")
        assert SPEAKER_STATISTICS(data)
        assert data["speaker_info"]["id"] == made["id"]
        assert (data["total_transcriptions"], data["total_audio_duration"]) == (0, 0.0)

    def test_search(self, api: Api) -> None:
        made = self.create(api)
        body = {"query": made["name"], "active_only": True}
        found = api.data("POST", "/speakers/search", json=body)
        assert many(SPEAKER)(found)
        assert made["id"] in [one["id"] for one in found]
        api.refused("POST", "/speakers/search", 400, "VALIDATION_ERROR", json={})

    def test_delete(self, api: Api) -> None:
        made = self.create(api)
        path = f"/speakers/{made['id']}"
        assert api.data("DELETE", path) == {
            "message": "Speaker deactivated successfully",
            "speaker_id": made["id"],
            "permanent": False,
        }
        api.refused("DELETE", path, 400, "SPEAKER_ERROR")
        gone = api.data("DELETE", path, params={"permanent": True})
        assert (gone["permanent"], gone["message"]) == (True, "Speaker deleted successfully")
        api.refused("GET", f"{path}/statistics", 404, "NOT_FOUND")


class TestQueue:
    """`/queue`."""

    def test_status(self, done: Api, completed: Completed) -> None:
        data = done.data("GET", "/queue/status")
        assert QUEUE(data)
        assert data["completed_jobs"] >= 1
        assert data["total_jobs"] >= data["completed_jobs"]
        assert data["active_jobs"] == data["processing_jobs"]
        assert (data["max_workers"], data["is_running"]) == (2, True)
        assert data["average_processing_time"] > 0
        assert completed.job_id

    def test_job(self, done: Api, completed: Completed) -> None:
        data = done.data("GET", f"/queue/jobs/{completed.job_id}")
        assert JOB(data)
        assert (data["status"], data["queue_position"]) == ("completed", 0)
        assert data["transcription_id"] == completed.transcription_id
        assert data["file_info"]["file_path"].startswith("/uploads/")
        assert data["processing_time"] > 0
        done.refused("DELETE", f"/queue/jobs/{completed.job_id}", 409, "CONFLICT")
        done.refused("GET", "/queue/jobs/job_abc123", 404, "NOT_FOUND")

    def test_list(self, done: Api, completed: Completed) -> None:
        data = done.data("GET", "/queue/jobs", params={"status_filter": "completed", "limit": 10})
        assert shape(
            jobs=many(JOB), total=integer, limit=integer, offset=integer, status_filter=text
        )(data)
        assert (data["status_filter"], data["limit"]) == ("completed", 10)
        assert completed.job_id in [job["job_id"] for job in data["jobs"]]
        assert done.data("GET", "/queue/jobs")["status_filter"] is None

    def test_a_job_that_waits(self, api: Api, sample: Path) -> None:
        """There is one worker of each kind, so of two jobs one waits."""
        first, second = (upload(api, sample.read_bytes(), "sample.wav") for _ in range(2))
        paths = [f"/queue/jobs/{started['job_id']}" for started in (first, second)]
        deadline = time.monotonic() + JOB_SECONDS
        while (running := api.data("GET", paths[0]))["status"] == "queued":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert JOB(running)
        assert moment(running["started_at"])
        assert moment(running["estimated_completion"])
        assert running["processing_time"] > 0
        waiting = api.data("GET", paths[1])
        assert JOB(waiting)
        assert (waiting["status"], waiting["started_at"]) == ("queued", None)
        assert waiting["queue_position"] >= 1
        assert moment(waiting["estimated_completion"])
        status = api.data("GET", "/queue/status")
        assert status["user_queue_position"] == waiting["queue_position"]
        assert status["estimated_wait_time"] > 0
        assert (status["queued_jobs"] >= 1, status["processing_jobs"] >= 1) == (True, True)
        session = api.data("GET", "/sessions/current")
        assert session["queue_position"] == waiting["queue_position"]
        assert session["is_processing"] is True
        filtered = api.data("GET", "/queue/jobs", params={"status_filter": "queued"})
        assert [job["job_id"] for job in filtered["jobs"]] == [second["job_id"]]
        for path in paths:
            api.data("DELETE", path)

    def test_cancel(self, api: Api, sample: Path) -> None:
        started = upload(api, sample.read_bytes(), "sample.wav")
        path = f"/queue/jobs/{started['job_id']}"
        data = api.data("DELETE", path)
        assert data == {"message": "Job cancelled successfully", "job_id": started["job_id"]}
        job = api.data("GET", path)
        assert JOB(job)
        assert job["status"] == "cancelled"
        state = api.data("GET", f"/transcription/status/{started['transcription_id']}")
        assert state["status"] == "pending"
        api.refused("DELETE", path, 409, "CONFLICT")

    def test_cancelling_frees_the_workers(self, api: Api, sample: Path, clip: bytes) -> None:
        """A recording of ten minutes is given up at once for one of six seconds."""
        long = upload(api, repeated(sample, 20), "meeting.wav")
        path = f"/queue/jobs/{long['job_id']}"
        deadline = time.monotonic() + JOB_SECONDS
        while {stage["status"] for stage in api.data("GET", path)["stages"][:2]} != {"running"}:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        short = upload(api, clip)
        cancelled = time.monotonic()
        api.data("DELETE", path)
        while api.data("GET", f"/queue/jobs/{short['job_id']}")["status"] == "queued":
            assert time.monotonic() < cancelled + 10
            time.sleep(0.1)
        assert wait(api, short["transcription_id"])["status"] == "completed"
        assert api.data("GET", path)["status"] == "cancelled"


class TestWebSocket:
    """`/ws`."""

    def test_a_job_from_beginning_to_end(self, stack: Stack, clip: bytes) -> None:
        with client(stack) as http:
            api = Api(http=http)
            token = api.data("POST", "/sessions/create", 201)["session_token"]
            url = f"{stack.base_url.replace('http', 'ws', 1)}/ws?token={token}"
            with connect(url, proxy=None) as websocket:
                assert json.loads(websocket.recv(20))["type"] == "queue_update"
                started = upload(api, clip)
                messages: list[Any] = []
                while not messages or messages[-1]["type"] != "job_completed":
                    message = json.loads(websocket.recv(JOB_SECONDS))
                    assert message.keys() == {"type", "data"}
                    assert EVENTS[message["type"]](message["data"])
                    messages.append(message)
        own = [message["data"] for message in messages if message["type"].startswith("job_")]
        assert {data["job_id"] for data in own} == {started["job_id"]}
        assert {data["transcription_id"] for data in own} == {started["transcription_id"]}
        percents = [data["progress_percentage"] for data in own[:-1]]
        assert percents
        assert percents == sorted(percents)
        assert own[-1]["results"]["duration"] == pytest.approx(6.0, abs=0.1)

    def test_the_cookie_is_enough(self, stack: Stack, api: Api) -> None:
        api.data("GET", "/sessions/current")
        cookie = {"Cookie": f"session_token={api.http.cookies['session_token']}"}
        url = f"{stack.base_url.replace('http', 'ws', 1)}/ws"
        with connect(url, additional_headers=cookie, proxy=None) as websocket:
            assert EVENTS["queue_update"](json.loads(websocket.recv(20))["data"])

    def test_nobody_connects_without_a_session(self, stack: Stack) -> None:
        with pytest.raises(InvalidStatus) as caught:
            connect(f"{stack.base_url.replace('http', 'ws', 1)}/ws", proxy=None)
        assert caught.value.response.status_code == 401


class TestExamples:
    """The worked examples of the documentation, with one session as they need."""

    def test_complete_workflow(self, stack: Stack, clip: bytes) -> None:
        base_url = f"{stack.base_url}/api"
        with requests.Session() as session:
            answer = session.post(
                f"{base_url}/transcription/upload",
                files={"file": ("meeting.wav", clip)},
                data={"language": "en", "auto_start": True},
            )
            number_of = answer.json()["data"]["transcription_id"]
            deadline = time.monotonic() + JOB_SECONDS
            while True:
                data = session.get(f"{base_url}/transcription/status/{number_of}").json()["data"]
                if data["status"] == "completed":
                    break
                assert data["status"] != "failed", data
                assert time.monotonic() < deadline
                time.sleep(0.5)
            names = {label: unique(label) for label in data["speakers"]}
            assigned = session.post(
                f"{base_url}/transcription/speakers/assign/{number_of}", json=names
            )
            assert assigned.status_code == 200, assigned.text
            export = session.post(
                f"{base_url}/transcription/export/{number_of}",
                params={
                    "export_format": "pdf",
                    "include_options": ["meeting_summary", "action_items"],
                },
            )
            assert export.status_code == 200, export.text
            assert export.content.startswith(b"%PDF")

    def test_python_client(self, stack: Stack, clip: bytes) -> None:
        with client(stack) as http:
            token = Api(http=http).data("POST", "/sessions/create", 201)["session_token"]
        with SecureTranscribeClient(f"{stack.base_url}/api", session_token=token) as sdk:
            result = sdk.upload_audio(io.BytesIO(clip), language="en", filename="audio.wav")
            sdk.start_transcription(result["transcription_id"])
            deadline = time.monotonic() + JOB_SECONDS
            while (status := sdk.get_status(result["transcription_id"]))["status"] != "completed":
                assert time.monotonic() < deadline, status
                time.sleep(0.5)
            document = sdk.export_transcription(result["transcription_id"], format="pdf")
        assert document.startswith(b"%PDF")

    def test_batch_processing(self, stack: Stack, clip: bytes) -> None:
        base_url = f"{stack.base_url}/api"
        with requests.Session() as session:
            session.get(f"{base_url}/sessions/current")

            def process(name: str) -> str:
                with io.BytesIO(clip) as file:
                    answer = session.post(
                        f"{base_url}/transcription/upload",
                        files={"file": (name, file)},
                        data={"auto_start": True},
                    )
                number_of = answer.json()["data"]["transcription_id"]
                deadline = time.monotonic() + JOB_SECONDS
                while time.monotonic() < deadline:
                    status = session.get(f"{base_url}/transcription/status/{number_of}")
                    word: str = status.json()["data"]["status"]
                    if word in ("completed", "failed"):
                        return word
                    time.sleep(0.5)
                return "late"

            with ThreadPoolExecutor(max_workers=3) as executor:
                results = list(executor.map(process, ["audio1.wav", "audio2.wav"]))
        assert results == ["completed", "completed"]

    def test_error_handling(self, stack: Stack) -> None:
        with requests.Session() as session:
            answer = session.request(
                "POST",
                f"{stack.base_url}/api/transcription/upload",
                files={"file": ("audio.mp3", b"")},
            )
            with pytest.raises(requests.RequestException):
                answer.raise_for_status()
            assert answer.json()["success"] is False
            assert answer.json()["error"]["message"]

    def test_error_handling_without_an_error(self, stack: Stack, clip: bytes) -> None:
        with requests.Session() as session:
            answer = session.request(
                "POST",
                f"{stack.base_url}/api/transcription/upload",
                files={"file": ("audio.wav", clip)},
                data={"auto_start": False},
            )
            answer.raise_for_status()
            assert answer.json()["success"] is True
            assert integer(answer.json()["data"]["transcription_id"])
