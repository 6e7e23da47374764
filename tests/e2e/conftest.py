"""Fixtures for the whole product, started once with real servers, services and models."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from securetranscribe import SecureTranscribeClient
from tests.e2e.contract import Api
from tests.e2e.contract import client as http_client
from tests.e2e.owners import Owner, asked
from tests.e2e.recordings import excerpt
from tests.e2e.stack import Completed, Stack


@pytest.fixture(scope="module", autouse=True)
def strangers(stack: Stack) -> Iterator[None]:
    """Delete all profiles after a module, so that the next one starts without known voices."""
    yield
    stack.forget_voices()


@pytest.fixture
def client(stack: Stack) -> Iterator[SecureTranscribeClient]:
    """Return a client with its own session."""
    with stack.client() as one:
        yield one


@pytest.fixture
def api(stack: Stack) -> Iterator[Api]:
    """Return the API with its own session, kept in a cookie."""
    with http_client(stack) as http:
        yield Api(http=http)


@pytest.fixture
def done(stack: Stack, completed: Completed) -> Iterator[Api]:
    """Return the API with the session of the completed transcription, by its Bearer token."""
    with http_client(stack, completed.token) as http:
        yield Api(http=http)


@pytest.fixture(scope="module")
def clip(sample: Path) -> bytes:
    """Return six seconds of the sample with speech."""
    return excerpt(sample, start=7, seconds=6)


@pytest.fixture(scope="module")
def owner(stack: Stack, completed: Completed, sample: Path) -> Iterator[Owner]:
    """Return the completed sample's session, with a pending transcription and a cancelled job."""
    with stack.client(completed.token) as client:
        with sample.open("rb") as file:
            pending = client.upload_audio(file, auto_start=False)
        with sample.open("rb") as file:
            cancelled = client.upload_audio(file, auto_start=True)
        client.cancel_job(cancelled["job_id"])
        kept = uuid4().hex
        term = asked(client, "POST", "/vocabulary/terms", json={"text": kept})
        rule = {"heard": kept, "meant": "never said"}
        correction = asked(client, "POST", "/vocabulary/corrections", json=rule)
        tag = asked(client, "POST", "/tags", json={"name": kept})
        folder = asked(client, "POST", "/folders", json={"name": kept})
        upload_id = client.create_upload(1000, {"filename": "a.wav"})["upload_id"]
        described = {"media_type": "audio/webm"}
        capture_id = asked(client, "POST", "/captures", json=described)["capture_id"]
        yield Owner(
            client=client,
            ids={
                "transcription_id": [
                    completed.transcription_id,
                    pending["transcription_id"],
                    cancelled["transcription_id"],
                ],
                "job_id": [completed.job_id, cancelled["job_id"]],
                "term_id": [term["term_id"]],
                "correction_id": [correction["correction_id"]],
                "tag_id": [tag["tag_id"]],
                "folder_id": [folder["folder_id"]],
                "upload_id": [upload_id],
                "capture_id": [capture_id],
            },
        )
        asked(client, "DELETE", f"/vocabulary/terms/{term['term_id']}")
        asked(client, "DELETE", f"/vocabulary/corrections/{correction['correction_id']}")
        asked(client, "DELETE", f"/tags/{tag['tag_id']}")
        asked(client, "DELETE", f"/folders/{folder['folder_id']}")
        client.cancel_upload(upload_id)
        client.discard_capture(capture_id)


@pytest.fixture(scope="module")
def stranger(stack: Stack) -> Iterator[SecureTranscribeClient]:
    """Return a client with another session."""
    with stack.client() as client:
        client.get_session()
        yield client


@pytest.fixture
def resident_bytes(stack: Stack) -> Callable[[str], int]:
    """Return a function for the peak memory of a process in bytes."""

    def peak(name: str) -> int:
        status = Path(f"/proc/{stack.services.process(name).pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    return peak
