"""The running product and a finished recording, shared by all tests that need them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import recordings
from devstack.testing import embedded_servers, running_services
from securetranscribe import SecureTranscribeClient
from tests.e2e.accounts import accounts_stack, start_again
from tests.e2e.span_collector import SpanCollector
from tests.e2e.stack import (
    ADMIN_TOKEN,
    JOB_SECONDS,
    MAX_FILE_SIZE,
    SESSION_CACHE_SECONDS,
    Completed,
    Stack,
    eventually,
)
from tests.limits import UNLIMITED

_OVERRIDES = {
    # Tests send more requests than users, and one of them uploads more than the default limit.
    "*": {
        **UNLIMITED,
        "MAX_FILE_SIZE": MAX_FILE_SIZE,
        "ADMIN_TOKEN": ADMIN_TOKEN,
        "TASK_ACK_WAIT_SECONDS": "6",
        # Long, to distinguish the effect of a revocation from an expired cache.
        "SESSION_CACHE_SECONDS": str(SESSION_CACHE_SECONDS),
    },
    "gateway": {
        # Short, so that tests see what ended sessions owned being erased.
        "SESSION_SWEEP_SECONDS": "2",
        # Receivers of the tests.
        "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.1",
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


@pytest.fixture(scope="session")
def accounts_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the whole product for people who sign in, once for several modules."""
    yield from accounts_stack(tmp_path_factory.mktemp("accounts"))


@pytest.fixture(scope="module")
def accounts(accounts_of_all: Stack) -> Stack:
    """Return the product for people who sign in, before the first of them does."""
    start_again(accounts_of_all)
    return accounts_of_all


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
        number = uploaded["transcription_id"]
        # In the background, it gets a title and is indexed, which the first reader would notice.
        eventually(lambda: client.get_status(number)["title_source"] != "file")
        eventually(lambda: _is_indexed(client))
        return Completed(
            token=client.session_token,
            transcription_id=number,
            job_id=uploaded["job_id"],
            state=state,
            progress=progress,
        )


def _is_indexed(client: SecureTranscribeClient) -> bool:
    found = client.request("GET", "/search", params={"q": "anything"})
    return bool(found["text"]["state"] == "complete")
