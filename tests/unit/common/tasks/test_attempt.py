"""Outcome of a task after a failed attempt."""

import pytest

from common.bus import Delivery
from common.errors import AudioProcessingError, TranscriptionError
from common.tasks.attempt import failure_of
from common.tasks.interruption import MemoryExceededError, StalledWorkError
from common.tasks.options import WorkerOptions
from common.tasks.pace import Stall

GIGABYTE = 1024**3
STALLED = StalledWorkError(Stall(seconds=91.4, bound=90.0, fraction=0.25), stuck=True)
TOO_LARGE = MemoryExceededError(used=5 * GIGABYTE, limit=4 * GIGABYTE, stuck=False)


def verdict(
    error: Exception, *, attempt: int, fresh: bool = False, max_deliver: int = 4
) -> str | None:
    options = WorkerOptions(
        worker_id="w",
        stage="transcribe",
        device="cpu",
        failure=TranscriptionError,
        delivery=Delivery(max_deliver=max_deliver),
    )
    failure = failure_of(error, options=options, attempt=attempt, fresh=fresh)
    return None if failure is None else f"{failure.code}: {failure.message}"


def test_stalled_work_is_retried_once() -> None:
    assert verdict(STALLED, attempt=1) is None
    text = verdict(STALLED, attempt=2)
    assert text is not None
    assert text.startswith("TRANSCRIPTION_ERROR: Speech recognition made no progress for 91 secon")
    assert "at 25 %" in text
    assert "convert it to another format" in text
    assert text.endswith("This was attempt 2.")


def test_only_delivery_is_the_last() -> None:
    text = verdict(STALLED, attempt=1, max_deliver=1)
    assert text is not None
    assert "attempt" not in text


def test_recording_needing_too_much_memory_is_not_retried() -> None:
    text = verdict(TOO_LARGE, attempt=1, fresh=True)
    assert text is not None
    assert "needed 5.0 GB of memory, more than the 4.0 GB" in text
    assert "WORKER_MEMORY_LIMIT" in text


def test_memory_of_earlier_work_is_not_charged_to_a_task() -> None:
    assert verdict(TOO_LARGE, attempt=1) is None
    assert verdict(TOO_LARGE, attempt=2) is not None


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("secret words")])
def test_unexpected_errors_are_retried_until_the_last_delivery(error: Exception) -> None:
    assert verdict(error, attempt=3) is None
    text = verdict(error, attempt=4)
    assert text is not None
    assert f"failed 4 times ({type(error).__name__})" in text
    assert "secret" not in text


def test_permanent_failure_is_reported_at_once() -> None:
    assert verdict(AudioProcessingError("Broken."), attempt=1) == "AUDIO_PROCESSING_ERROR: Broken."
