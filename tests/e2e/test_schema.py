"""The running product conforms to the OpenAPI document for any request."""

import io
import json
import os
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

from bench.fuzz.oracle import ANSWERS_VARIABLE
from securetranscribe import SecureTranscribeClient
from tests.e2e.recordings import excerpt
from tests.e2e.stack import JOB_SECONDS, Stack
from tests.programs import ROOT

pytestmark = pytest.mark.e2e

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,response_headers_conformance,unsupported_method,"
    "allow_header_conformance,negative_data_rejection,judged"
)
#: Would end the session, or delete the resources of other requests.
DESTRUCTIVE = ("DELETE", "PUT")
DESTRUCTIVE_PATHS = r"/transcription/[^/]+/trash|/transcriptions/bulk"


#: Two processes share the work. Threads of one process would trigger a bug of Python 3.11, whose
#: parser counts recursion for all threads together.
SHARES = (
    ("--include-tag=Transcription",),
    ("--exclude-tag=Transcription",),
)


def fuzz(stack: Stack, directory: Path, *options: str) -> int:
    """Send generated requests. Return the number of tested operations."""
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
    answers = directory / f"answers-{uuid.uuid4().hex}.jsonl"
    environment = {
        **os.environ,
        # As in `make fuzz`: no answer shows the text of an exception.
        "SCHEMATHESIS_HOOKS": "bench.fuzz.schemathesis_check",
        "PYTHONPATH": str(ROOT),
        ANSWERS_VARIABLE: str(answers),
    }
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    print(done.stdout[-1500:])
    # The failures come first. Long warnings follow.
    failures = done.stdout.partition(" WARNINGS =")[0]
    assert done.returncode == 0, failures[-8000:] + done.stdout[-1000:] + done.stderr[-2000:]
    judged = [json.loads(line) for line in answers.read_text().splitlines()]
    assert judged
    assert [one["fault"] for one in judged if "fault" in one] == []
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None, done.stdout[-2000:]
    return int(tested[1])


def test_arbitrary_requests_get_documented_responses(stack: Stack, tmp_path: Path) -> None:
    """Without credentials and with any values, there is no server error."""
    document = httpx2.get(f"{stack.base_url}/openapi.json", timeout=60).json()
    operations = sum(len(methods) for methods in document["paths"].values())
    tested = fuzz(stack, tmp_path, "--phases=fuzzing", "--max-examples=4")
    assert tested == operations


def test_every_kind_of_wrong_value_is_refused(stack: Stack, tmp_path: Path) -> None:
    """Of some endpoints, because this takes long. `make test-schema` tries all."""
    if os.environ.get("SCHEMA") == "all":
        fuzz(stack, tmp_path, "--phases=coverage")
        return
    tags = (f"--include-tag={tag}" for tag in ("Transcription", "Queue", "Sessions"))
    assert _fuzz_share(stack, tmp_path, "--phases=coverage", *tags) >= 15


@dataclass(frozen=True, kw_only=True)
class Things:
    """A session with a resource of every kind that tests may change."""

    client: SecureTranscribeClient
    transcription_id: int
    job_id: str
    speaker_id: int


@pytest.fixture
def things(stack: Stack, sample: Path) -> Iterator[Things]:
    """Create a short completed transcription with its job, and a speaker."""
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


def test_responses_about_existing_resources_are_documented(
    stack: Stack, things: Things, tmp_path: Path
) -> None:
    """With an existing transcription, job and speaker, complete responses are checked."""
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
        "--max-examples=6",
        "--mode=positive",
        f"--header=Authorization:Bearer {things.client.session_token}",
        *(f"--exclude-method={method}" for method in DESTRUCTIVE),
        f"--exclude-path-regex={DESTRUCTIVE_PATHS}",
    )
    assert tested >= 15
    assert things.client.get_status(things.transcription_id)["status"] == "completed"
