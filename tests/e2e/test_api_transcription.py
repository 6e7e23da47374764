"""The documented JSON API of uploads and transcriptions, field by field."""

import json
import socket
import time

import pytest

from tests.e2e.contract import (
    LIST,
    START,
    STATUS,
    UPLOAD,
    Api,
    assert_limited,
    either,
    integer,
    many,
    shape,
    text,
    unique,
    upload,
    wait,
)
from tests.e2e.recordings import encoded, silence
from tests.e2e.stack import Completed, Stack

pytestmark = pytest.mark.e2e


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

    def test_preferences_apply_without_form_fields(self, api: Api, clip: bytes) -> None:
        preferences = {"default_language": "de", "auto_start_processing": False}
        api.data("PUT", "/sessions/current", json={"preferences": preferences})
        data = upload(api, clip)
        assert (data["language_detected"], data["processing_started"]) == ("de", False)
        named = upload(api, clip, language="en")
        assert named["language_detected"] == "en"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("language", "english please"),
            ("auto_start", "perhaps"),
            ("channels", "left"),
            ("allow_truncated", "perhaps"),
        ],
    )
    def test_invalid_fields(self, api: Api, clip: bytes, field: str, value: str) -> None:
        details = api.refused(
            "POST", "/transcription/upload", 400, "VALIDATION_ERROR",
            data={field: value}, files={"file": ("clip.wav", clip)},
        )  # fmt: skip
        assert details["field"] == field

    def test_channels_of_one_voice(self, api: Api, clip: bytes) -> None:
        data = upload(api, clip, channels="separate", auto_start="false")
        state = api.data("GET", f"/transcription/status/{data['transcription_id']}")
        assert state["channels"] == data["channels"]
        assert state["channels"]["requested"] == "separate"
        (channel,) = state["channels"]["channels"]
        assert channel["number"] == 1

    def test_truncated_recording(self, api: Api, clip: bytes) -> None:
        half = {"file": ("half.wav", clip[: len(clip) // 2])}
        path = "/transcription/upload"
        error = api.call("POST", path, 400, files=half)["error"]
        assert error["code"] == "AUDIO_PROCESSING_ERROR"
        assert "allow_truncated" in error["message"]
        fields = {"allow_truncated": "true", "auto_start": "false"}
        data = api.data("POST", path, 201, data=fields, files=half)
        assert data["duration"] == pytest.approx(3.0, abs=0.1)
        (warning,) = data["warnings"]
        assert warning.startswith("The recording breaks off: 6.0 s declared, 3.0 s present.")

    @pytest.mark.parametrize(
        ("content", "name", "code"),
        [
            (b"", "empty.mp3", "FILE_UPLOAD_ERROR"),
            (b"only words " * 500, "words.mp3", "FILE_UPLOAD_ERROR"),
            (b"fLaC" + bytes(range(256)) * 40, "noise.flac", "AUDIO_PROCESSING_ERROR"),
        ],
    )
    def test_rejected_files(self, api: Api, content: bytes, name: str, code: str) -> None:
        files = {"file": (name, content)}
        api.refused("POST", "/transcription/upload", 400, code, files=files)
        assert api.data("GET", "/transcription/list")["total"] == 0

    def test_forms_without_a_file(self, api: Api) -> None:
        details = api.refused(
            "POST", "/transcription/upload", 400, "VALIDATION_ERROR", data={"language": "en"}
        )
        assert details["field"] == "file"

    def test_too_large(self, stack: Stack) -> None:
        """An announced size over the limit is rejected before the body is sent."""
        host, _, port = stack.base_url.removeprefix("http://").partition(":")
        disposition = b'form-data; name="file"; filename="large_audio.mp3"'
        part = b"--x\r\nContent-Disposition: " + disposition + b"\r\n\r\n"
        head = (
            f"POST /api/transcription/upload HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {10**13}\r\n\r\n"
        )
        with socket.create_connection((host, int(port)), timeout=60) as connection:
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
    """The other endpoints of `/transcription`."""

    def test_start_twice(self, api: Api, clip: bytes) -> None:
        number_of = upload(api, clip, auto_start="false")["transcription_id"]
        data = api.data("POST", f"/transcription/start/{number_of}", json={"language": "en"})
        assert START(data)
        assert (data["status"], data["transcription_id"]) == ("queued", number_of)
        assert data["message"] == "Transcription started and added to queue"
        api.refused("POST", f"/transcription/start/{number_of}", 409, "CONFLICT")
        assert wait(api, number_of)["status"] == "completed"
        body = {"channels": "mix"}
        api.refused("POST", f"/transcription/start/{number_of}", 409, "CONFLICT", json=body)

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
        begun = time.time()
        by_query = done.http.post(path, params={"export_format": word})
        assert by_query.status_code == 200, by_query.text
        assert by_query.headers["content-type"].startswith(kind)
        assert "attachment" in by_query.headers["content-disposition"]
        assert_limited(by_query, begun)
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

    def test_json_has_a_member_per_option(self, done: Api, completed: Completed) -> None:
        path = f"/transcription/export/{completed.transcription_id}"
        wanted = ["meeting_summary", "action_items", "speaker_stats"]
        parameters = {"export_format": "json", "include_options": wanted}
        exported = done.http.post(path, params=parameters).json()
        assert exported["meeting_summary"]["statements"]
        assert isinstance(exported["action_items"], list)
        assert exported["speaker_stats"]
        plain = done.http.post(path, params={"export_format": "json"}).json()
        assert exported.keys() - plain.keys() == set(wanted)

    def test_impossible_exports(self, api: Api, done: Api, completed: Completed) -> None:
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

    def test_other_sessions_have_no_access(self, api: Api, completed: Completed) -> None:
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
