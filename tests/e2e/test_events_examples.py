"""The documented subscribers to events, in Python, in JavaScript and, where it is, in Go."""

import asyncio
import importlib.metadata
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from securetranscribe import SecureTranscribeClient
from tests import clients, sdk_js
from tests.e2e.stack import JOB_SECONDS, Stack

pytestmark = pytest.mark.e2e

_EXAMPLES = sdk_js.ROOT / "docs/examples"
_KINDS = ["job_queued", "job_started", "job_completed"]


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the packages of the example in JavaScript. Return its directory."""
    directory = tmp_path_factory.mktemp("examples")
    for path in _EXAMPLES.iterdir():
        if path.is_file():
            shutil.copy(path, directory)
    sdk_js.npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=directory)
    return directory


async def _events(stack: Stack, client: SecureTranscribeClient, clip: bytes, *command: str) -> Any:
    """Run a subscriber while a job is done. Return what it prints about the job, by kind."""
    url = stack.servers.environment("subscriber")["NATS_URL"]
    process = await asyncio.create_subprocess_exec(
        *(part.replace("NATS_URL", url) for part in command), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        job = await asyncio.to_thread(_job, client, clip)
        found: dict[str, dict[str, Any]] = {}
        async with asyncio.timeout(JOB_SECONDS):
            async for line in process.stdout:
                kind, _, text = line.decode().partition("\t")
                data = json.loads(text)[kind]
                # Progress is not kept, so that a late subscriber has none.
                if data.get("job_id") == job and kind in _KINDS:
                    found[kind] = data
                if kind == _KINDS[-1] and data.get("job_id") == job:
                    return found
    finally:
        process.kill()
        await process.wait()
    raise AssertionError("the subscriber ended")


def _job(client: SecureTranscribeClient, clip: bytes) -> str:
    uploaded = client.upload_audio(io.BytesIO(clip), filename="call.wav", auto_start=True)
    return str(uploaded["job_id"])


async def test_python(stack: Stack, client: SecureTranscribeClient, clip: bytes) -> None:
    script = str(_EXAMPLES / "events.py")
    found = await _events(stack, client, clip, sys.executable, script, "NATS_URL")
    assert list(found) == _KINDS
    clients.note(
        client="nats-py",
        version=importlib.metadata.version("nats-py"),
        run="`docs/examples/events.py` during a job",
        output=", ".join(found),
    )


async def test_javascript(
    stack: Stack, client: SecureTranscribeClient, clip: bytes, modules: Path
) -> None:
    script, protos = str(modules / "events.mjs"), str(sdk_js.ROOT / "protos")
    found = await _events(stack, client, clip, str(sdk_js.NODE), script, "NATS_URL", protos)
    assert list(found) == _KINDS
    assert found["job_completed"]["transcription_id"] > 0
    package = json.loads((modules / "node_modules/@nats-io/jetstream/package.json").read_text())
    clients.note(
        client="@nats-io/jetstream",
        version=package["version"],
        run="`docs/examples/events.mjs` during a job",
        output=", ".join(found),
    )


if shutil.which("go"):

    async def test_go(
        stack: Stack, client: SecureTranscribeClient, clip: bytes, tmp_path: Path
    ) -> None:
        directory = tmp_path / "go"
        shutil.copytree(_EXAMPLES / "go", directory)
        for arguments in (("mod", "tidy"), ("build", "-o", "events", ".")):
            command = ["go", *arguments]
            await asyncio.to_thread(subprocess.run, command, cwd=directory, check=True, timeout=600)
        program, protos = str(directory / "events"), str(sdk_js.ROOT / "protos")
        found = await _events(stack, client, clip, program, "NATS_URL", protos)
        assert list(found) == _KINDS
        assert found["job_completed"]["transcription_id"] != "0"
