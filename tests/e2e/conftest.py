"""Fixtures for the whole product, started once with real servers, services and models."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bench import recordings
from devstack.testing import embedded_servers, running_services
from securetranscribe import SecureTranscribeClient, resumable
from tests.e2e.contract import Api
from tests.e2e.contract import client as http_client
from tests.e2e.owners import Owner, asked
from tests.e2e.recordings import excerpt
from tests.e2e.span_collector import SpanCollector
from tests.e2e.stack import JOB_SECONDS, MAX_FILE_SIZE, SESSION_CACHE_SECONDS, Completed, Stack
from tests.limits import UNLIMITED

_OVERRIDES = {
    # Tests send more requests than users, and one of them uploads more than the default limit.
    "*": {
        **UNLIMITED,
        "MAX_FILE_SIZE": MAX_FILE_SIZE,
        "TASK_ACK_WAIT_SECONDS": "6",
        # Long, to distinguish the effect of a revocation from an expired cache.
        "SESSION_CACHE_SECONDS": str(SESSION_CACHE_SECONDS),
    },
    "gateway": {
        # Short, so that tests see what ended sessions owned being erased.
        "SESSION_SWEEP_SECONDS": "2",
    },
}


@pytest.fixture(scope="session")
def collector() -> Iterator[SpanCollector]:
    """Collect the spans of every service."""
    server = SpanCollector()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, collector: SpanCollector) -> Iterator[Stack]:
    """Run the whole product with one worker of each kind."""
    if not Path(os.environ.get("MODEL_DIR", ".models"), "whisper-base").is_dir():
        pytest.fail("the models are not there: run 'make models'")
    directory = tmp_path_factory.mktemp("stack")
    traced = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "500",
    }
    overrides = {**_OVERRIDES, "*": {**_OVERRIDES["*"], **traced}}
    with (
        embedded_servers(directory) as servers,
        running_services(servers, overrides=overrides) as services,
    ):
        yield Stack(servers=servers, services=services)


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


@pytest.fixture(scope="session")
def sample() -> Path:
    """Return the path of a 30-second call of two people, contained in pyannote.audio."""
    return recordings.sample().audio


@pytest.fixture(scope="session")
def completed(stack: Stack, sample: Path) -> Completed:
    """Transcribe the sample once for all tests that only read."""
    progress: list[tuple[float, str]] = []
    with stack.client() as client, sample.open("rb") as file:
        uploaded = client.upload_audio(file, auto_start=True)
        state = client.wait(
            uploaded["transcription_id"],
            on_progress=lambda percent, step: progress.append((percent, step)),
            poll_seconds=0.2,
            timeout_seconds=JOB_SECONDS,
        )
        assert state["status"] == "completed", state
        assert client.session_token is not None
        return Completed(
            token=client.session_token,
            transcription_id=uploaded["transcription_id"],
            job_id=uploaded["job_id"],
            state=state,
            progress=progress,
        )


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
        upload_id = resumable.create(client._data, 1000, {"filename": "a.wav"})
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
            },
        )
        asked(client, "DELETE", f"/vocabulary/terms/{term['term_id']}")
        asked(client, "DELETE", f"/vocabulary/corrections/{correction['correction_id']}")
        asked(client, "DELETE", f"/tags/{tag['tag_id']}")
        asked(client, "DELETE", f"/folders/{folder['folder_id']}")
        client.cancel_upload(upload_id)


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
