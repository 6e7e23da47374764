"""Options of jobs over REST on the whole product, and writes that are sent twice."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.recordings import excerpt
from tests.e2e.stack import JOB_SECONDS, Stack, eventually

pytestmark = pytest.mark.e2e


@pytest.fixture
def call(sample: Path) -> bytes:
    """Return half a minute of a telephone call of two people."""
    return excerpt(sample, start=5, seconds=25)


def upload(
    http: httpx2.Client, sound: bytes, headers: dict[str, str] | None = None, **fields: Any
) -> httpx2.Response:
    return http.post(
        "/api/transcription/upload",
        files={"file": ("call.wav", sound)},
        data=fields,
        headers=headers,
        timeout=60,
    )


def test_one_recording_with_all_options(stack: Stack, call: bytes) -> None:
    with client_of(stack) as http:
        models = models_of(http)
        uploaded = upload(
            http, call, diarize="false", phrases=["Diane", "Sheila"], model=models[0], priority="3"
        )
        assert uploaded.status_code == 201, uploaded.text
        number = uploaded.json()["data"]["transcription_id"]
        plain = completed(http, number)
        assert [stage["name"] for stage in plain["stages"]] == ["transcribe", "merge"]
        assert (plain["num_speakers"], plain["warnings"]) == (1, [])
        assert (plain["diarize"], plain["phrases"]) == (False, ["Diane", "Sheila"])
        assert plain["model_requested"] == models[0]

        status = http.get(f"/api/transcription/status/{number}?words=true").json()["data"]
        words = [word for segment in status["segments"] for word in segment["words"]]
        assert " ".join(word["text"] for word in words) == status["full_transcript"]
        assert all(word["start"] <= word["end"] for word in words)

        again = http.post(f"/api/transcription/start/{number}", json={"stages": ["diarize"]})
        assert again.status_code == 200, again.text
        apart = completed(http, number)
        assert [(stage["name"], stage["reused"]) for stage in apart["stages"]] == [
            ("transcribe", True), ("diarize", False), ("merge", False),
        ]  # fmt: skip
        assert (apart["num_speakers"], apart["diarize"]) == (2, True)


def test_unknown_model_is_refused_with_those_that_there_are(stack: Stack, call: bytes) -> None:
    with client_of(stack) as http:
        models = models_of(http)
        refused = upload(http, call, model="whisper-enormous")
        assert refused.status_code == 400
        assert refused.json()["error"]["message"] == (
            f"There is no such model. The models are {', '.join(models)}."
        )


def test_upload_that_is_sent_twice_is_stored_once(stack: Stack, call: bytes) -> None:
    with client_of(stack) as http:
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        first = upload(http, call, headers, auto_start="false")
        again = upload(http, call, headers, auto_start="false")
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert http.get("/api/transcription/list").json()["data"]["total"] == 1
        other = upload(http, call[:-2000], headers, auto_start="false", allow_truncated="true")
        assert other.status_code == 422
        assert http.get("/api/transcription/list").json()["data"]["total"] == 1


@contextmanager
def client_of(stack: Stack) -> Iterator[httpx2.Client]:
    """Open a client with a session of its own."""
    with httpx2.Client(base_url=stack.base_url, timeout=60) as client:
        assert client.get("/api/sessions/current").status_code == 200
        yield client


def models_of(http: httpx2.Client) -> list[str]:
    """Return the models of the workers, once a new api has heard of them."""
    models: list[str] = eventually(
        lambda: http.get("/api/queue/status").json()["data"]["speech_models"]
    )
    return models


def completed(http: httpx2.Client, number: int) -> Any:
    """Return the status of a transcription once its job has completed."""
    deadline = time.monotonic() + JOB_SECONDS
    while time.monotonic() < deadline:
        data = http.get(f"/api/transcription/status/{number}").json()["data"]
        if data["status"] in ("completed", "failed"):
            assert data["status"] == "completed", data["error"]
            return data
        time.sleep(0.5)
    raise AssertionError("the job did not end in time")
