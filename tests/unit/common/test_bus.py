import time

import pytest

from common import bus
from common.errors import UnavailableError


def test_subjects_match_the_contracts() -> None:
    assert bus.tasks_subject("diarize") == "securetranscribe.tasks.v1.diarize"
    assert bus.results_subject("diarize") == "securetranscribe.results.v1.diarize"
    assert bus.progress_subject("t1") == "securetranscribe.progress.v1.t1"
    assert bus.worker_subject("diarize", "w1") == "securetranscribe.workers.v1.diarize.w1"
    assert bus.live_subject(7) == "securetranscribe.live.v1.7"
    assert bus.cancel_subject("job_1") == "securetranscribe.control.v1.cancel.job_1"
    assert (
        bus.event_subject("", "queue", "all", "changed")
        == "securetranscribe.events.v1.all.queue.all.changed"
    )


async def test_missing_server_fails_in_time(unused_port: int) -> None:
    begun = time.monotonic()

    with pytest.raises(UnavailableError, match="NATS_URL"):
        await bus.connect(f"nats://127.0.0.1:{unused_port}", name="test", wait_seconds=1)

    assert 0.9 < time.monotonic() - begun < 15


async def test_invalid_url_fails_at_once() -> None:
    begun = time.monotonic()

    with pytest.raises(UnavailableError, match="NATS_URL"):
        await bus.connect("nats://", name="test", wait_seconds=20)

    assert time.monotonic() - begun < 15
