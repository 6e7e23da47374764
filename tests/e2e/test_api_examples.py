"""The worked examples of the documentation, each with one session."""

import io
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from securetranscribe import SecureTranscribeClient
from tests.e2e.contract import Api, client, integer, unique
from tests.e2e.stack import JOB_SECONDS, Stack

pytestmark = pytest.mark.e2e


def test_complete_workflow(stack: Stack, clip: bytes) -> None:
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
        assigned = session.post(f"{base_url}/transcription/speakers/assign/{number_of}", json=names)
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


def test_python_client(stack: Stack, clip: bytes) -> None:
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


def test_batch_processing(stack: Stack, clip: bytes) -> None:
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


def test_error_handling(stack: Stack) -> None:
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


def test_error_handling_without_an_error(stack: Stack, clip: bytes) -> None:
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
