"""Killed processes lose no job and complete none twice."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc.aio
import nats
import pytest

from common import bus, events
from securetranscribe import SecureTranscribeClient
from securetranscribe.v1 import event_pb2, queue_pb2, queue_pb2_grpc
from tests.e2e.recordings import repeated
from tests.e2e.stack import JOB_SECONDS, Stack

_TOLD_SECONDS = 60
STAGES = {
    "transcriber-worker-1": queue_pb2.STAGE_TRANSCRIBE,
    "diarizer-1": queue_pb2.STAGE_DIARIZE,
}


@pytest.fixture
async def lifecycle(stack: Stack) -> AsyncIterator[list[event_pb2.Event]]:
    """Collect lifecycle events of all jobs during the test."""
    seen: list[event_pb2.Event] = []

    async def note(message: Any) -> None:
        seen.append(events.parse(message))

    client = await nats.connect(stack.servers.environment("subscriber")["NATS_URL"])
    await client.subscribe(bus.event_subject("*", "job", "*", "*"), cb=note)
    yield seen
    await client.close()


@pytest.fixture
async def long_job(client: SecureTranscribeClient, sample: Path) -> AsyncIterator[dict[str, Any]]:
    """Return a job that takes long enough to be interrupted."""
    uploaded = client.upload_audio(
        io.BytesIO(repeated(sample, 3)), filename="long.wav", auto_start=True, language="en"
    )
    yield uploaded
    client.delete_transcription(uploaded["transcription_id"])


async def until(
    stack: Stack, token: str | None, job_id: str, reached: Callable[[queue_pb2.Job], bool]
) -> None:
    """Poll a job until a condition holds. Retry while the service is unavailable."""
    metadata = (("authorization", f"Bearer {token}"),)
    async with (
        grpc.aio.insecure_channel(stack.services.address("transcriber-api")) as channel,
        asyncio.timeout(JOB_SECONDS),
    ):
        stub = queue_pb2_grpc.QueueServiceStub(channel)
        while True:
            request = queue_pb2.GetJobRequest(job_id=job_id)
            job = (await stub.GetJob(request, metadata=metadata, wait_for_ready=True)).job
            if reached(job):
                return
            assert job.status not in (
                queue_pb2.JOB_STATUS_COMPLETED,
                queue_pb2.JOB_STATUS_FAILED,
                queue_pb2.JOB_STATUS_CANCELLED,
            ), job
            await asyncio.sleep(0.1)


def at_work(stage: "queue_pb2.Stage.ValueType") -> Callable[[queue_pb2.Job], bool]:
    """Return whether a worker has made some progress in the stage."""
    return lambda job: any(
        one.stage == stage
        and one.state == queue_pb2.STAGE_STATE_RUNNING
        and one.progress_percent > 0
        for one in job.stages
    )


def completed(job: queue_pb2.Job) -> bool:
    """Return whether the transcript is complete."""
    return job.status == queue_pb2.JOB_STATUS_COMPLETED


@pytest.mark.parametrize("victim", STAGES)
async def test_job_completes_once_after_its_worker_is_killed(
    victim: str,
    stack: Stack,
    client: SecureTranscribeClient,
    long_job: dict[str, Any],
    lifecycle: list[event_pb2.Event],
) -> None:
    job_id = long_job["job_id"]
    await until(stack, client.session_token, job_id, at_work(STAGES[victim]))
    stack.services.process(victim).kill()
    await stack.services.restart(victim)

    await until(stack, client.session_token, job_id, completed)
    state = client.get_status(long_job["transcription_id"])
    assert state["full_transcript"].lower().count("yankee") == 3
    assert state["num_speakers"] == 2
    starts = [segment["start_time"] for segment in state["segments"]]
    assert starts == sorted(starts)

    def told() -> list[str]:
        return [_kind(event) for event in lifecycle if job_id in str(event)]

    async with asyncio.timeout(_TOLD_SECONDS):
        while "job_completed" not in told():  # noqa: ASYNC110 - events are noted in a list
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)  # what is said twice would be said by now
    assert told().count("job_completed") == 1
    assert "job_failed" not in told()


async def test_job_continues_after_the_coordinator_is_killed(
    stack: Stack, client: SecureTranscribeClient, long_job: dict[str, Any]
) -> None:
    job_id = long_job["job_id"]
    await until(stack, client.session_token, job_id, at_work(queue_pb2.STAGE_TRANSCRIBE))
    stack.services.process("transcriber-api").kill()
    await stack.services.restart("transcriber-api")
    await until(stack, client.session_token, job_id, completed)
    state = client.get_status(long_job["transcription_id"])
    assert state["full_transcript"].lower().count("yankee") == 3


def _kind(event: event_pb2.Event) -> str:
    return event.WhichOneof("data") or ""
