"""Kill every process of the running stack in turn, including servers, under load."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common import bus
from securetranscribe import SecureTranscribeClient
from tests.e2e.load import Load, running
from tests.e2e.recordings import excerpt
from tests.e2e.stack import JOB_SECONDS
from tests.e2e.supervised import SupervisedStack, supervised_stack

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
SERVERS = ("postgres", "nats", "s3")
SERVICES = (
    "gateway",
    "transcriber-api",
    "transcriber-worker-1",
    "transcriber-embedder",
    "diarizer-1",
    "speakers",
    "exporter",
)


@pytest.fixture(scope="module", autouse=True)
def strangers() -> None:
    """Replace the fixture that needs the stack of the other tests."""


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[SupervisedStack]:
    """Run the product under its own supervisor."""
    with supervised_stack(tmp_path) as stack:
        yield stack


@pytest.fixture
def load(supervised: SupervisedStack, sample: Path) -> Iterator[Load]:
    """Upload recordings of four seconds with speech."""
    with SecureTranscribeClient(supervised.api_url) as client:
        yield Load(client=client, recording=excerpt(sample, start=7, seconds=4))


async def completions(stack: SupervisedStack) -> Counter[str]:
    """Return the number of completion events per job."""
    client = await bus.connect(stack.variables("gateway")["NATS_URL"], name="tests")
    try:
        info = await client.jetstream().stream_info(
            bus.EVENTS_STREAM, subjects_filter=bus.event_subject("*", "job", "*", "completed")
        )
    finally:
        await client.close()
    subjects = info.state.subjects or {}
    return Counter({subject.split(".")[-2]: count for subject, count in subjects.items()})


async def test_everything_accepted_completes_once(
    supervised: SupervisedStack, load: Load, show: Callable[[str], None]
) -> None:
    victims = (*SERVERS, *SERVICES)
    assert set(supervised.pids()) == set(victims)
    with running(load):
        for name in victims * ROUNDS:
            supervised.wait(lambda: load.unfinished > 0)
            supervised.kill(name)
    load.complete(JOB_SECONDS)

    states = [load.finished[one] for one in sorted(load.finished)]
    assert [one["status"] for one in states] == ["completed"] * len(states)
    transcripts = {one["full_transcript"] for one in states}
    assert len(transcripts) == 1, transcripts
    assert transcripts != {""}
    assert len({len(one["segments"]) for one in states}) == 1

    events = await completions(supervised)
    assert {events[job_id] for job_id in load.accepted.values()} == {1}

    table = supervised.wait_well()
    rows = {line.split()[0]: line.split() for line in table.splitlines() if line.strip()}
    assert {name: rows[name][3:] for name in victims} == {
        name: [str(ROUNDS), "healthy"] for name in victims
    }
    reported = supervised.log()
    assert reported.count("ended (signal 9), restarting") == len(victims) * ROUNDS
    assert supervised.stop() == 0, supervised.log()
    show(
        f"{len(victims) * ROUNDS} kills, {len(states)} recordings accepted and completed once, "
        f"{len(load.refused)} uploads refused meanwhile"
    )
