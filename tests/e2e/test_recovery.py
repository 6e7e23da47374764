"""Processes are killed in the middle, and nothing is lost or done twice."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import nats
import pytest

from common import bus, events
from securetranscribe import SecureTranscribeClient
from securetranscribe.v1 import event_pb2
from tests.e2e.conftest import JOB_SECONDS, Stack
from tests.e2e.recordings import repeated


@pytest.fixture
async def lifecycle(stack: Stack) -> AsyncIterator[list[event_pb2.Event]]:
    """Lifecycle events of all jobs while the test runs."""
    seen: list[event_pb2.Event] = []

    async def note(message: Any) -> None:
        seen.append(events.parse(message))

    client = await nats.connect(stack.servers.environment("subscriber")["NATS_URL"])
    await client.subscribe(bus.event_subject("*", "job", "*", "*"), cb=note)
    yield seen
    await client.close()


Job = dict[str, Any]


async def _until(
    client: SecureTranscribeClient, job_id: str, reached: Callable[[Job], bool]
) -> None:
    async with asyncio.timeout(JOB_SECONDS):
        while True:
            job = await asyncio.to_thread(client.get_job, job_id)
            if reached(job):
                return
            assert job["status"] not in ("failed", "cancelled"), job
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("victim", ["transcriber-worker-1", "diarizer-1"])
async def test_a_worker_killed_in_the_middle_is_replaced_and_the_job_completes_once(
    victim: str,
    stack: Stack,
    client: SecureTranscribeClient,
    sample: Path,
    lifecycle: list[event_pb2.Event],
) -> None:
    uploaded = client.upload_audio(
        io.BytesIO(repeated(sample, 3)), filename="long.wav", auto_start=True, language="en"
    )
    stage = "transcribe" if "worker" in victim else "diarize"
    await _until(client, uploaded["job_id"], lambda job: _runs(job, stage))
    stack.services.process(victim).kill()
    await stack.services.restart(victim)

    await _until(client, uploaded["job_id"], _is("completed"))
    state = client.get_status(uploaded["transcription_id"])
    assert state["full_transcript"].lower().count("yankee") == 3
    assert state["num_speakers"] == 2
    starts = [segment["start_time"] for segment in state["segments"]]
    assert starts == sorted(starts)
    mine = [
        event.WhichOneof("data")
        for event in lifecycle
        if getattr(event, event.WhichOneof("data") or "").job_id == uploaded["job_id"]
    ]
    assert mine.count("job_completed") == 1
    assert "job_failed" not in mine
    client.delete_transcription(uploaded["transcription_id"])


def _is(status: str) -> Callable[[Job], bool]:
    return lambda job: bool(job["status"] == status)


def _runs(job: Job, stage: str) -> bool:
    if job["status"] == "completed":
        pytest.fail("the job was done before the worker could be killed")
    return any(one["stage"] == stage and one["state"] == "running" for one in job["stages"])


async def test_the_coordinator_killed_in_the_middle_goes_on_where_it_was(
    stack: Stack, client: SecureTranscribeClient, sample: Path
) -> None:
    uploaded = client.upload_audio(
        io.BytesIO(repeated(sample, 2)), filename="long.wav", auto_start=True, language="en"
    )
    await _until(client, uploaded["job_id"], _is("processing"))
    stack.services.process("transcriber-api").kill()
    await stack.services.restart("transcriber-api")
    await _until(client, uploaded["job_id"], _is("completed"))
    state = client.get_status(uploaded["transcription_id"])
    assert state["full_transcript"].lower().count("yankee") == 2
    client.delete_transcription(uploaded["transcription_id"])
