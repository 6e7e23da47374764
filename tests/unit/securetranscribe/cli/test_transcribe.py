"""Options of recordings, and recordings that fail."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from securetranscribe import AsyncSecureTranscribeClient, SecureTranscribeClient, cli
from securetranscribe.cli import batch, transcribe
from securetranscribe.cli.transcribe import _table

DONE = {
    "transcription_id": 7,
    "status": "completed",
    "progress_percentage": 100.0,
    "current_step": "Completed",
    "job_id": "job_1",
    "stages": [],
    "speakers": ["Ann"],
    "segments": [{"speaker": "Ann", "start_time": 0.0, "end_time": 1.0, "text": "Hello."}],
    "error": None,
}
Serve = Callable[..., "Server"]


class Server:
    """One upload and its transcription. Recordings with the word `noise` are refused."""

    def __init__(self, **status: Any) -> None:
        self.status = {**DONE, **status}
        self.created: list[dict[str, str]] = []
        self.names: list[str] = []
        self.stored = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        path = request.url.path.removeprefix("/api")
        if path == "/uploads":
            pairs = (pair.split(" ") for pair in request.headers["upload-metadata"].split(","))
            fields = {name: base64.b64decode(value).decode() for name, value in pairs}
            self.created.append(fields)
            self.stored, self.size = 0, int(request.headers["upload-length"])
            return self._answer(self._upload())
        if path.startswith("/uploads/"):
            if request.method == "PATCH":
                if b"noise" in request.read():
                    error = {"code": "FILE_UPLOAD_ERROR", "message": "Not audio.", "details": {}}
                    return httpx2.Response(400, json={"error": error})
                self.stored = self.size
            return self._answer(self._upload())
        if path.startswith("/transcription/export"):
            if body := request.read():
                return httpx2.Response(200, content=json.loads(body)["template"].encode())
            return httpx2.Response(200, content=request.url.params["export_format"].encode())
        return self._answer(self.status)

    def _upload(self) -> dict[str, Any]:
        whole = self.stored == self.size
        return {
            "upload_id": "u1",
            "size": self.size,
            "offset": self.stored,
            "state": "completed" if whole else "receiving",
            "transcription_id": 7 if whole else None,
            "error": None,
        }

    @staticmethod
    def _answer(data: Any) -> httpx2.Response:
        return httpx2.Response(200, json={"data": data})


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Serve:
    """Return a function that makes a server for all clients of a user of a machine."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.chdir(tmp_path)

    def one(**status: Any) -> Server:
        server = Server(**status)

        def client(url: str, token: str | None) -> SecureTranscribeClient:
            return SecureTranscribeClient(url, token, transport=httpx2.MockTransport(server))

        def awaited(url: str, token: str | None) -> AsyncSecureTranscribeClient:
            return AsyncSecureTranscribeClient(url, token, transport=httpx2.MockTransport(server))

        monkeypatch.setattr(transcribe, "SecureTranscribeClient", client)
        monkeypatch.setattr(batch, "AsyncSecureTranscribeClient", awaited)
        return server

    return one


def test_options_are_sent_only_where_they_are_given(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    (tmp_path / "call.wav").write_bytes(b"sound")
    options = ["--channels", "separate", "--allow-truncated", "--min-speakers", "2"]
    more = ["--phrase", "Ann", "--phrase", "Bob", "--no-diarize", "--priority", "2"]
    assert cli.main(["--token", "t", "transcribe", "call.wav", *options, *more]) == 0
    assert cli.main(["--token", "t", "transcribe", "call.wav"]) == 0
    assert server.created == [
        {
            "filename": "call.wav",
            "auto_start": "true",
            "channels": "separate",
            "allow_truncated": "true",
            "min_speakers": "2",
            "phrases": "Ann\nBob",
            "diarize": "false",
            "priority": "2",
        },
        {"filename": "call.wav", "auto_start": "true"},
    ]


def test_a_template_is_for_texts_only(serve: Serve, tmp_path: Path) -> None:
    serve()
    (tmp_path / "a.wav").write_bytes(b"sound")
    (tmp_path / "x.jinja").write_text("{{ title }}")
    command = ["--token", "t", "transcribe", "a.wav", "--format", "md,srt"]
    assert cli.main([*command, "--template", "x.jinja"]) == 0
    assert (tmp_path / "a.md").read_text() == "{{ title }}"
    assert (tmp_path / "a.srt").read_text() == "srt"


def test_a_refused_recording_does_not_stop_the_others(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve()
    (tmp_path / "a.wav").write_bytes(b"noise")
    (tmp_path / "b.wav").write_bytes(b"sound")
    command = ["--token", "t", "transcribe", "a.wav", "b.wav", "--format", "srt", "--at-once", "1"]
    assert cli.main(command) == 1
    printed = capsys.readouterr()
    assert printed.err == "a.wav: failed: Not audio.\n"
    assert printed.out == "wrote b.srt\n"
    assert (tmp_path / "b.srt").read_bytes() == b"srt"


def test_a_failed_transcription_is_reported(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(status="failed", error={"code": "TRANSCRIPTION_ERROR", "message": "It broke."})
    (tmp_path / "a.wav").write_bytes(b"sound")
    assert cli.main(["--token", "t", "transcribe", "a.wav", "--json"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"file": "a.wav", "outputs": [], "error": "It broke."}
    # Another attempt begins with the upload.
    assert not list((tmp_path / "XDG_STATE_HOME").rglob("*.json"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a.wav", "--output", "{nothing}"], "unknown field {nothing}"),
        (["a.wav", "--format", "srt,vtt", "--output", "x.srt"], "{format}"),
        (["a.wav", "--watch"], "--watch needs a directory, and a.wav is none"),
        (["a.wav", "b.wav", "--watch"], "--watch needs one directory"),
        (["s3://calls/inbox"], "s3:// needs --watch"),
        (["a.wav", "--format", "srt", "--template", "x.jinja"], "--template needs"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(
    serve: Serve,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    server = serve()
    (tmp_path / "a.wav").write_bytes(b"sound")
    assert cli.main(["--token", "t", "transcribe", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert server.created == []


def test_terms_become_a_table() -> None:
    rows = _table(["Kubernetes", "", " Ann, Bob "]).splitlines()
    assert rows == [
        "type,heard,meant,language,match_case",
        "term,,Kubernetes,,",
        'term,,"Ann, Bob",,',
    ]
