from typing import Any

import pytest

from tests.chaos.sockets import EventOrder


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": data}


def findings(*events: dict[str, Any]) -> list[str]:
    order = EventOrder()
    return [finding for one in events if (finding := order.check(one))]


def test_usual_events() -> None:
    assert not findings(
        event("queue_update", queued_jobs=1),
        event("job_progress", job_id="a", progress_percentage=10),
        event("job_progress", job_id="b", progress_percentage=10),
        event("job_completed", job_id="a"),
        event("job_progress", job_id="b", progress_percentage=20),
        event("job_failed", job_id="b"),
        event("transcript_edited", transcription_id=1, revision=2),
        event("transcript_edited", transcription_id=1, revision=5),
        event("transcript_edited", transcription_id=2, revision=2),
    )


@pytest.mark.parametrize("kind", ["job_completed", "job_failed", "job_cancelled"])
def test_second_end_is_found(kind: str) -> None:
    found = findings(event("job_completed", job_id="a"), event(kind, job_id="a"))
    assert found == [f"a: {kind} after job_completed"]


def test_progress_after_the_end_is_found() -> None:
    assert findings(event("job_cancelled", job_id="a"), event("job_progress", job_id="a"))


@pytest.mark.parametrize("revision", [2, 3])
def test_earlier_revision_is_found(revision: int) -> None:
    newer = event("transcript_edited", transcription_id=1, revision=3)
    assert findings(newer, event("transcript_edited", transcription_id=1, revision=revision))
