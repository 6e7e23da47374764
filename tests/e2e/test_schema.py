"""The OpenAPI document is kept by the running product, whatever is sent."""

import io
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from securetranscribe import SecureTranscribeClient
from tests.e2e.recordings import excerpt
from tests.e2e.stack import JOB_SECONDS, Stack

pytestmark = pytest.mark.e2e

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,response_headers_conformance,unsupported_method,"
    "allow_header_conformance,negative_data_rejection"
)
#: Would end the session, or what the other calls are about.
DESTRUCTIVE = ("DELETE", "PUT")


#: Two processes share the work; threads of one would trip over a fault of Python 3.11 (its parser
#: counts recursion for all threads together).
SHARES = (
    ("--include-tag=Transcription",),
    ("--exclude-tag=Transcription",),
)


def fuzz(stack: Stack, directory: Path, *options: str) -> int:
    """Sends all sorts of requests; returns how many operations were tested."""
    with ThreadPoolExecutor(len(SHARES)) as executor:
        shares = [
            executor.submit(_fuzz_share, stack, directory, *options, *share) for share in SHARES
        ]
        return sum(share.result() for share in shares)


def _fuzz_share(stack: Stack, directory: Path, *options: str) -> int:
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{stack.base_url}/openapi.json",
        f"--checks={CHECKS}", "--seed=1", "--generation-deterministic",
        "--suppress-health-check=all", "--request-timeout=60",
        "--no-shrink", "--no-color", *options,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, check=False, timeout=900
    )
    print(done.stdout[-1500:])
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None, done.stdout[-2000:]
    return int(tested[1])


def test_anything_may_be_sent(stack: Stack, tmp_path: Path) -> None:
    """No credentials, any values: no failure of the server, no answer that is not documented."""
    document = httpx2.get(f"{stack.base_url}/openapi.json", timeout=60).json()
    operations = sum(len(methods) for methods in document["paths"].values())
    tested = fuzz(stack, tmp_path, "--phases=coverage,fuzzing", "--max-examples=6")
    assert tested == operations


@dataclass(frozen=True, kw_only=True)
class Things:
    """A session, and something of every kind in it that tests may change."""

    client: SecureTranscribeClient
    transcription_id: int
    job_id: str
    speaker_id: int


@pytest.fixture
def things(stack: Stack, sample: Path) -> Iterator[Things]:
    """A short finished transcription with its job, and a speaker."""
    with stack.client() as client:
        content = io.BytesIO(excerpt(sample, start=7, seconds=6))
        uploaded = client.upload_audio(content, filename="call.wav", auto_start=True)
        state = client.wait(uploaded["transcription_id"], timeout_seconds=JOB_SECONDS)
        assert state["status"] == "completed", state
        made = httpx2.post(
            f"{stack.base_url}/api/speakers",
            json={"name": f"Schema {uuid.uuid4().hex}"},
            headers={"Authorization": f"Bearer {client.session_token}"},
            timeout=60,
        )
        yield Things(
            client=client,
            transcription_id=uploaded["transcription_id"],
            job_id=uploaded["job_id"],
            speaker_id=made.json()["data"]["id"],
        )


def test_answers_about_real_things(stack: Stack, things: Things, tmp_path: Path) -> None:
    """The same about a transcription, a job and a speaker that exist: full answers are checked."""
    (tmp_path / "schemathesis.toml").write_text(
        f"[parameters]\n"
        f'"path.transcription_id" = {things.transcription_id}\n'
        f'"path.job_id" = "{things.job_id}"\n'
        f'"path.speaker_id" = {things.speaker_id}\n'
    )
    tested = fuzz(
        stack,
        tmp_path,
        "--phases=fuzzing",
        "--max-examples=8",
        "--mode=positive",
        f"--header=Authorization:Bearer {things.client.session_token}",
        *(f"--exclude-method={method}" for method in DESTRUCTIVE),
    )
    assert tested >= 15
    assert things.client.get_status(things.transcription_id)["status"] == "completed"
