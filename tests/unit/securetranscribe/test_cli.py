"""Output and exit status of the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from securetranscribe import AsyncSecureTranscribeClient, SecureTranscribeClient, cli
from securetranscribe.cli import batch, credentials, transcribe

Answers = Callable[[dict[str, Any]], list[httpx2.Request]]
VOICES = [
    {"speaker_label": "Speaker_1", "name": "Ann", "name_source": "confirmed",
     "confidence_score": 1.0},
    {"speaker_label": "Speaker_2", "name": "Bob", "name_source": "suggested",
     "confidence_score": 0.934},
    {"speaker_label": "Speaker_3", "name": "Speaker_3", "name_source": "none",
     "confidence_score": None},
    {"speaker_label": "Speaker_4", "name": "Microphone", "name_source": "suggested",
     "confidence_score": None},
]  # fmt: skip


@pytest.fixture(autouse=True)
def directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the user's own files out of the tests."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Script responses by path. The returned list collects the requests."""

    def script(by_path: dict[str, Any]) -> list[httpx2.Request]:
        asked: list[httpx2.Request] = []

        def handler(request: httpx2.Request) -> httpx2.Response:
            request.read()
            asked.append(request)
            return httpx2.Response(200, json={"data": by_path[request.url.path]})

        def client(url: str, token: str | None) -> SecureTranscribeClient:
            return SecureTranscribeClient(url, token, transport=httpx2.MockTransport(handler))

        def awaited(url: str, token: str | None) -> AsyncSecureTranscribeClient:
            return AsyncSecureTranscribeClient(url, token, transport=httpx2.MockTransport(handler))

        monkeypatch.setattr(credentials, "SecureTranscribeClient", client)
        monkeypatch.setattr(transcribe, "SecureTranscribeClient", client)
        monkeypatch.setattr(batch, "AsyncSecureTranscribeClient", awaited)
        return asked

    return script


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "00:00:00.0"), (65.24, "00:01:05.2"), (3725.5, "01:02:05.5"), (-1, "00:00:00.0")],
)
def test_clock(seconds: float, shown: str) -> None:
    assert cli.clock(seconds) == shown


def test_transcript_has_one_line_per_segment(capsys: pytest.CaptureFixture[str]) -> None:
    cli.print_transcript(
        {
            "speakers": ["Ada", "Speaker_2"],
            "segments": [
                {"speaker": "Ada", "start_time": 0.0, "end_time": 1.5, "text": "Hello."},
                {"speaker": "Speaker_2", "start_time": 2.0, "end_time": 3.0, "text": "Hi."},
            ],
        }
    )
    assert capsys.readouterr().out.splitlines() == [
        "00:00:00.0 - 00:00:01.5  Ada        Hello.",
        "00:00:02.0 - 00:00:03.0  Speaker_2  Hi.",
    ]


def test_warnings_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    cli.print_transcript({"speakers": [], "segments": [], "warnings": ["Clips are missing."]})
    assert capsys.readouterr().err == "warning: Clips are missing.\n"


def test_separate_channels_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    channels = {"decided": "separate", "reason": "Each channel has a voice of its own."}
    cli.print_transcript({"speakers": [], "segments": [], "channels": channels})
    cli.print_transcript({"speakers": [], "segments": [], "channels": {"decided": "mix"}})
    assert capsys.readouterr().err == "channels: separate. Each channel has a voice of its own.\n"


def test_transcript_without_speech(capsys: pytest.CaptureFixture[str]) -> None:
    cli.print_transcript({"speakers": [], "segments": []})
    assert "no speech" in capsys.readouterr().out


def test_unreachable_server_gives_one_line_with_its_url(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "securetranscribe.client.time", SimpleNamespace(sleep=lambda _seconds: None)
    )
    assert cli.main(["--url", "http://127.0.0.1:9/api", "list"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("securetranscribe: Cannot reach http://127.0.0.1:9/api: ")


def test_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--url", "http://127.0.0.1:9/api", "transcribe", "missing.mp3"]) == 1
    assert "missing.mp3: No such file" in capsys.readouterr().err


def state(**changes: Any) -> dict[str, Any]:
    segment = {"speaker": "Ann", "start_time": 0.0, "end_time": 1.0, "text": "Hello."}
    return {
        "transcription_id": 7,
        "status": "completed",
        "progress_percentage": 100.0,
        "current_step": "Completed",
        "speakers": ["Ann"],
        "segments": [segment],
        "error": None,
        **changes,
    }


def test_unknown_channels_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["transcribe", "call.wav", "--channels", "left"])
    assert "auto" in capsys.readouterr().err


def test_recording_is_processed_again(answers: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    asked = answers(
        {
            "/api/transcription/start/7": {"job_id": "job_1"},
            "/api/transcription/status/7": state(),
        }
    )
    assert cli.main(["start", "7", "--channels", "mix", "--speakers", "3"]) == 0
    assert json.loads(asked[0].content) == {"channels": "mix", "num_speakers": 3}
    assert capsys.readouterr().out.endswith("Ann  Hello.\n")


@pytest.mark.parametrize("status", ["failed", "completed"])
def test_failure_is_an_error_even_with_an_earlier_transcript(
    answers: Answers, capsys: pytest.CaptureFixture[str], status: str
) -> None:
    failed = state(status=status, error={"code": "TRANSCRIPTION_ERROR", "message": "It broke."})
    answers({"/api/transcription/start/7": {}, "/api/transcription/status/7": failed})
    assert cli.main(["start", "7"]) == 1
    assert "7: failed: It broke." in capsys.readouterr().err


def test_voices_are_listed_with_source_of_name(
    answers: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    answers({"/api/transcription/speakers/7": VOICES})
    assert cli.main(["voices", "7"]) == 0
    assert [line.split("  ")[-1].strip() for line in capsys.readouterr().out.splitlines()] == [
        "confirmed",
        "suggested, 93 %",
        "none",
        "suggested",
    ]


def test_names_are_assigned(answers: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    asked = answers(
        {"/api/transcription/speakers/assign/7": {}, "/api/transcription/speakers/7": VOICES}
    )
    assert cli.main(["name", "7", "Speaker_1=Ann", "Bob=Robert = Bob"]) == 0
    assert json.loads(asked[0].content) == {"Speaker_1": "Ann", "Bob": "Robert = Bob"}
    assert "Speaker_1     Ann" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", ["Ann", "=Ann", "Speaker_1="])
def test_malformed_names_are_rejected(
    answers: Answers, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    asked = answers({})
    assert cli.main(["name", "7", wrong]) == 2
    assert "Speaker_1=Ann" in capsys.readouterr().err
    assert not asked


def test_profiles_are_listed(answers: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    speaker = {"id": 3, "name": "Ann", "confidence_level": "high", "sample_count": 12}
    answers({"/api/speakers": [speaker]})
    assert cli.main(["speakers"]) == 0
    assert capsys.readouterr().out.split() == ["3", "high", "12", "observations", "Ann"]


def test_clip_is_enrolled(
    answers: Answers, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    clip = tmp_path / "ann.wav"
    clip.write_bytes(b"sound")
    taught = {"speaker": {"name": "Ann"}, "observation": {"voice_seconds": 6.54}}
    asked = answers({"/api/speakers/3/enroll": taught})
    assert cli.main(["enroll", "3", str(clip)]) == 0
    assert b'filename="ann.wav"' in asked[0].content
    assert capsys.readouterr().out == "Ann: added 6.5 s of speech\n"
