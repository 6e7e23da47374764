"""Rolling upgrade under load: every service is restarted in turn."""

import asyncio
import collections
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import nats
import pytest

from common import bus, events
from securetranscribe import ApiError, SecureTranscribeClient
from securetranscribe.v1 import event_pb2
from tests.e2e.stack import JOB_SECONDS, Stack

Answer = TypeVar("Answer")
JOBS = 10
#: Minimum number of unfinished jobs at every restart, however fast the machine is.
AT_WORK = 3
_AWAY = 503
_FOUND_AGAIN_SECONDS = 60
_TOLD_SECONDS = 60
# Workers first, while most of the work is outstanding.
ORDER = (
    "transcriber-worker-1", "diarizer-1", "transcriber-embedder", "transcriber-api", "speakers",
    "gateway", "exporter",
)  # fmt: skip


@pytest.fixture
async def ends(stack: Stack) -> AsyncIterator[list[event_pb2.Event]]:
    """Collect all events about ended jobs during the test."""
    seen: list[event_pb2.Event] = []
    known: set[str] = set()

    async def note(message: Any) -> None:
        # A service that is stopped between publishing an event and noting it publishes it again.
        # Subscribers know the repetition by its id.
        identifier = message.headers["ce-id"]
        if identifier in known:
            return
        known.add(identifier)
        event = events.parse(message)
        if event.WhichOneof("data") in ("job_completed", "job_failed", "job_cancelled"):
            seen.append(event)

    client = await nats.connect(stack.servers.environment("subscriber")["NATS_URL"])
    await client.subscribe(bus.event_subject("*", "job", "*", "*"), cb=note)
    yield seen
    await client.close()


async def test_no_job_is_lost_when_every_service_is_restarted(
    stack: Stack, client: SecureTranscribeClient, sample: Path, ends: list[event_pb2.Event]
) -> None:
    jobs: dict[str, int] = {}

    def begin() -> tuple[str, int]:
        return _begin(client, sample)

    def unfinished() -> int:
        return _unfinished(client, jobs.values())

    jobs |= dict([begin() for _ in range(JOBS)])
    for name in ORDER:
        left = await _found(unfinished)
        jobs |= dict([await _found(begin) for _ in range(AT_WORK - left)])
        await stack.services.restart(name)

    for identifier in jobs.values():
        state = await asyncio.to_thread(client.wait, identifier, timeout_seconds=JOB_SECONDS)
        assert state["status"] == "completed", state
        assert state["full_transcript"].lower().count("yankee") == 1
        assert state["num_speakers"] == 2
        assert state["warnings"] == []
    async with asyncio.timeout(_TOLD_SECONDS):
        while not jobs.keys() <= _said(ends).keys():  # noqa: ASYNC110 - noted in a list
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)  # what is said twice would be said by now
    assert {job: _said(ends)[job] for job in jobs} == {job: ["job_completed"] for job in jobs}


async def _found(ask: Callable[[], Answer]) -> Answer:
    """Retry while a restarted service becomes reachable."""
    async with asyncio.timeout(_FOUND_AGAIN_SECONDS):
        while True:
            try:
                return ask()
            except ApiError as error:
                if error.status != _AWAY:
                    raise
                await asyncio.sleep(0.5)


def _unfinished(client: SecureTranscribeClient, identifiers: Iterable[int]) -> int:
    """Return the number of unfinished jobs."""
    states = [client.get_status(identifier)["status"] for identifier in identifiers]
    return len(states) - states.count("completed")


def _begin(client: SecureTranscribeClient, sample: Path) -> tuple[str, int]:
    with sample.open("rb") as file:
        uploaded = client.upload_audio(file, auto_start=True, language="en")
    return uploaded["job_id"], uploaded["transcription_id"]


def _said(ends: list[event_pb2.Event]) -> dict[str, list[str]]:
    """Return the final events of each job."""
    kinds: dict[str, list[str]] = collections.defaultdict(list)
    for event in ends:
        kind = event.WhichOneof("data") or ""
        kinds[getattr(event, kind).job_id].append(kind)
    return kinds
