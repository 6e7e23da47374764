"""The whole product, started once: real servers, real services, real models."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench import recordings
from devstack.service_stack import ServiceStack
from devstack.stack import EmbeddedServers
from devstack.testing import embedded_servers, running_services
from securetranscribe import SecureTranscribeClient
from tests.e2e.span_collector import SpanCollector

JOB_SECONDS = 300
MAX_FILE_SIZE = "1GB"
_OVERRIDES = {
    # Tests are more impatient than users, and one of them uploads more than the default allows.
    "*": {"MAX_FILE_SIZE": MAX_FILE_SIZE, "TASK_ACK_WAIT_SECONDS": "6"},
    "gateway": {
        f"RATE_LIMIT_{group}": "100000/minute"
        for group in ("UPLOAD", "PROCESSING", "STATUS", "EXPORT", "SESSION")
    },
}


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The running product and how to reach it."""

    servers: EmbeddedServers
    services: ServiceStack

    @property
    def base_url(self) -> str:
        """Where the gateway answers, without `/api`."""
        url = self.services.gateway_url
        assert url is not None
        return url

    def client(self, token: str | None = None) -> SecureTranscribeClient:
        """A client with a session of its own, or with the given one."""
        return SecureTranscribeClient(f"{self.base_url}/api", token)


@pytest.fixture(scope="session")
def collector() -> Iterator[SpanCollector]:
    """Where every service sends its spans."""
    server = SpanCollector()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, collector: SpanCollector) -> Iterator[Stack]:
    """Everything, with one worker of each kind."""
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
    """Voices that a module's tests have named are forgotten: to the next they are strangers."""
    yield
    with stack.client() as client:
        for profile in client.list_speakers():
            client.delete_speaker(profile["id"], permanent=True)


@pytest.fixture
def client(stack: Stack) -> Iterator[SecureTranscribeClient]:
    """A client with a session of its own."""
    with stack.client() as one:
        yield one


@pytest.fixture(scope="session")
def sample() -> Path:
    """Half a minute of two people on the telephone, which pyannote.audio carries."""
    return recordings.sample().audio


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A transcription that went through, and whose it is."""

    token: str
    transcription_id: int
    job_id: str
    state: dict[str, Any]
    progress: list[tuple[float, str]]


@pytest.fixture(scope="session")
def completed(stack: Stack, sample: Path) -> Completed:
    """The sample, transcribed once for every test that only reads."""
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
def resident_bytes(stack: Stack) -> Callable[[str], int]:
    """The highest memory (bytes) that a process has used so far."""

    def peak(name: str) -> int:
        status = Path(f"/proc/{stack.services.process(name).pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    return peak
