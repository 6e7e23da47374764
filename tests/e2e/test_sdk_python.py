"""The Python clients on the whole product."""

import asyncio
import importlib.metadata
import io
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from securetranscribe import AsyncSecureTranscribeClient, SecureTranscribeClient, results
from securetranscribe.errors import NotFoundError
from tests import clients
from tests.e2e.stack import JOB_SECONDS, Stack

pytestmark = pytest.mark.e2e

_PAGE = Path(__file__).parents[2] / "docs/sdk-python.md"
_VERSION = importlib.metadata.version("securetranscribe")
_NAME = f"securetranscribe for Python {sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
async def awaited(stack: Stack) -> AsyncIterator[AsyncSecureTranscribeClient]:
    """Return an asynchronous client with its own session."""
    async with AsyncSecureTranscribeClient(f"{stack.base_url}/api") as client:
        yield client


def example(number: int, base_url: str, token: str) -> str:
    """Return an example of the documentation for a stack and a session."""
    text = _PAGE.read_text(encoding="utf-8")
    code = text.split("```python\n")[number].partition("```")[0]
    return code.replace("http://localhost:8000/api", base_url).replace("your_session_token", token)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_documented_examples(
    stack: Stack, client: SecureTranscribeClient, clip: bytes, tmp_path: Path, number: int
) -> None:
    client.get_session()
    (tmp_path / "audio.mp3").write_bytes(clip)
    code = example(number, f"{stack.base_url}/api", str(client.session_token))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=JOB_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    (listed,) = client.list_transcriptions()["transcriptions"]
    state = client.wait(listed["id"], timeout_seconds=JOB_SECONDS)
    assert state["status"] == "completed"
    if number == 1:
        # It prints nothing.
        return
    assert state["segments"][0]["text"] in done.stdout
    clients.note(
        client=_NAME,
        version=_VERSION,
        run=f"example {number} of [its page](sdk-python.md)",
        output=done.stdout,
    )


async def test_workflow(awaited: AsyncSecureTranscribeClient, clip: bytes) -> None:
    stored: list[int] = []
    progress: list[float] = []
    upload = await awaited.upload_resumable(
        io.BytesIO(clip),
        filename="meeting.wav",
        language="en",
        auto_start=True,
        piece_bytes=100_000,
        on_progress=lambda offset, _size: stored.append(offset),
    )
    assert (stored[0], stored[-1]) == (0, len(clip))
    number = upload["transcription_id"]
    state = await awaited.wait(
        number,
        on_progress=lambda percent, _step: progress.append(percent),
        timeout_seconds=JOB_SECONDS,
    )
    assert state["status"] == "completed"
    assert progress == sorted(progress)
    assert progress[-1] == 100
    named = await awaited.assign_speakers(number, {state["speakers"][0]: "Ann of the SDK"})
    assert "Ann of the SDK" in named["speakers"]
    document = await awaited.export_transcription(number, "pdf")
    assert document.startswith(b"%PDF")
    written = io.BytesIO()
    await awaited.download_export(number, written, "txt")
    assert "Ann of the SDK" in written.getvalue().decode()
    assert [item["id"] async for item in awaited.find_transcriptions()] == [number]
    assert "pdf" in await awaited.list_export_formats()
    await awaited.delete_transcription(number)
    with pytest.raises(NotFoundError):
        await awaited.get_status(number)


async def test_typed_results(awaited: AsyncSecureTranscribeClient, clip: bytes) -> None:
    uploaded = await awaited.typed.upload_audio(
        io.BytesIO(clip), filename="meeting.wav", auto_start=True
    )
    assert isinstance(uploaded, results.UploadData)
    status = await awaited.typed.wait(uploaded.transcription_id, timeout_seconds=JOB_SECONDS)
    assert isinstance(status.segments[0], results.Segment)
    assert status.completed_at is not None
    assert status.completed_at >= status.created_at
    assert status.speaker_stats[status.speakers[0]].segment_count >= 1
    (job,) = [job async for job in awaited.typed.find_jobs()]
    assert isinstance(job, results.JobData)
    assert [stage.status for stage in job.stages] == ["done", "done", "done"]


async def test_events_arrive(awaited: AsyncSecureTranscribeClient, clip: bytes) -> None:
    seen: list[str] = []

    async def listen() -> None:
        async for event in awaited.events():
            seen.append(event["type"])
            if event["type"] == "state":
                opened.set()
            if event["type"] == "job_completed":
                return

    opened = asyncio.Event()
    listening = asyncio.create_task(listen())
    await asyncio.wait_for(opened.wait(), JOB_SECONDS)
    await awaited.upload_audio(io.BytesIO(clip), filename="meeting.wav", auto_start=True)
    await asyncio.wait_for(listening, JOB_SECONDS)
    assert "job_progress" in seen
    assert seen[-1] == "job_completed"


async def test_first_calls_at_the_same_time_share_a_session(
    awaited: AsyncSecureTranscribeClient,
) -> None:
    sessions = await asyncio.gather(*(awaited.get_session() for _ in range(5)))
    assert len({session["session_id"] for session in sessions}) == 1
