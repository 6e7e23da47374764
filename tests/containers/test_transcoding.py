"""The contracts as JSON, transcoded to gRPC by Envoy."""

import base64
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.containers.conftest import Containers
from tests.e2e.stack import JOB_SECONDS

CHUNK = 192 * 1024


@contextlib.contextmanager
def session(stack: Containers) -> Iterator[httpx2.Client]:
    """Return a client with its own session."""
    with httpx2.Client(base_url=stack.base_url, timeout=JOB_SECONDS, trust_env=False) as http:
        made = http.post("/v1/sessions", json={"user_identifier": "transcoded"})
        assert made.status_code == 200, made.text
        assert made.json()["session"]["user_identifier"] == "transcoded"
        http.headers["authorization"] = f"Bearer {made.json()['session_token']}"
        yield http


@pytest.fixture
def http(stack: Containers) -> Iterator[httpx2.Client]:
    with session(stack) as client:
        yield client


def upload(http: httpx2.Client, sample: Path) -> dict[str, Any]:
    """Upload a recording as the stream of messages of the contract."""
    data = sample.read_bytes()
    config = {"filename": "call.wav", "language": "en", "auto_start": True}
    chunks = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    messages = [{"config": config}, *({"chunk": base64.b64encode(one).decode()} for one in chunks)]
    answer = http.post("/v1/transcriptions:upload", json=messages)
    assert answer.status_code == 200, answer.text
    uploaded: dict[str, Any] = answer.json()
    return uploaded


def stream(http: httpx2.Client, path: str) -> Iterator[dict[str, Any]]:
    """Yield the messages of a response stream, one per line."""
    with http.stream("GET", path) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            if line:
                yield json.loads(line)


def test_recording_is_transcribed(stack: Containers, http: httpx2.Client, sample: Path) -> None:
    uploaded = upload(http, sample)
    identifier = uploaded["transcription"]["transcription_id"]
    assert uploaded["job"]["job_id"].startswith("job_")

    states = [
        one["transcription"] for one in stream(http, f"/v1/transcriptions/{identifier}:watch")
    ]
    assert states[-1]["status"] == "TRANSCRIPTION_STATUS_COMPLETED"
    batches = list(stream(http, f"/v1/transcriptions/{identifier}/transcript?include_words=true"))
    segments = [segment for batch in batches for segment in batch.get("segments", [])]
    assert {segment["speaker_label"] for segment in segments} == {"Speaker_1", "Speaker_2"}
    words = [word for segment in segments for word in segment["words"]]
    assert len(words) > 60

    options = {"format": "EXPORT_FORMAT_TXT"}
    exported = http.get(f"/v1/transcriptions/{identifier}:export", params=options)
    assert exported.headers["content-disposition"].endswith(".txt")
    assert "Chicago" in exported.text

    with session(stack) as other:
        assert other.get(f"/v1/transcriptions/{identifier}").status_code == 404
        assert other.delete(f"/v1/transcriptions/{identifier}").status_code == 404
    assert http.delete(f"/v1/transcriptions/{identifier}").status_code == 200
    assert http.get(f"/v1/transcriptions/{identifier}").status_code == 404


def test_errors_have_statuses_and_reasons(stack: Containers, http: httpx2.Client) -> None:
    with httpx2.Client(base_url=stack.base_url, trust_env=False) as nobody:
        assert nobody.get("/v1/queue").status_code == 401
    missing = http.get("/v1/transcriptions/999999999")
    assert missing.status_code == 404
    assert missing.json()["message"] == "There is no such transcription."
    refused = http.post(
        "/v1/transcriptions:upload",
        json=[
            {"config": {"filename": "call.wav"}},
            {"chunk": base64.b64encode(b"no sound" * 100).decode()},
        ],
    )
    assert refused.status_code == 400
    reasons = [detail.get("reason") for detail in refused.json()["details"]]
    assert "FILE_UPLOAD_ERROR" in reasons
