"""Jobs take an early part over only if it is the one that they would process."""

from dataclasses import replace
from typing import Any

import pytest

from transcriber.domain.early_parts import EARLY, EarlyPart, adopt
from transcriber.domain.jobs import Stage, Task, TaskState
from transcriber.domain.parts import LENGTHS, PART, Part, plan

OPTIONS = {"language": "en", "phrases": [], "signals": [{"title": "", "parts": []}]}
PART_DONE = EarlyPart(
    transcription_id=7,
    workspace_id="w",
    task_id="early",
    job_id="job_early",
    options={**OPTIONS, PART: EARLY.to_json()},
    audio_key="7/beginning",
    result_key="7/early.pb",
    sound="digest",
    done=True,
    stream_sequence=12,
)


def tasks(seconds: float = 1000.0, *, idle: int = 2, **changes: Any) -> list[Task]:
    """Return tasks of a job, with changes of the first one."""
    planned = plan(seconds, LENGTHS[Stage.TRANSCRIBE], idle=idle)
    made = [
        Task(
            task_id=f"task {part.number}",
            job_id="job_new",
            transcription_id=7,
            stage=Stage.TRANSCRIBE,
            part=part.number,
            options={**OPTIONS, PART: part.to_json()},
            result_key=f"7/{part.number}.pb",
        )
        for part in planned
    ]
    merge = Task(task_id="merge", job_id="job_new", transcription_id=7, stage=Stage.MERGE)
    return [replace(made[0], **changes), *made[1:], merge]


@pytest.mark.parametrize("seconds", [301.0, 1000.0, 36_000.0])
@pytest.mark.parametrize("idle", [0, 1, 2, 7, 16])
def test_every_plan_of_a_long_recording_has_the_part(seconds: float, idle: int) -> None:
    first = plan(seconds, LENGTHS[Stage.TRANSCRIBE], idle=idle)[0]
    assert first.heard == EARLY.heard
    planned = tasks(seconds, idle=idle)
    adopted = adopt(planned, PART_DONE)
    assert adopted is not None
    assert {task.job_id for task in adopted} == {"job_early"}
    assert adopted[0].options == planned[0].options  # with the number of parts
    assert adopted[1:] == [replace(task, job_id="job_early") for task in planned[1:]]


def test_a_part_with_a_result_is_done() -> None:
    adopted = adopt(tasks(), PART_DONE)
    assert adopted is not None
    first = adopted[0]
    assert (first.task_id, first.result_key) == ("early", "7/early.pb")
    assert (first.state, first.fraction, first.releases) == (TaskState.DONE, 1.0, 1)


def test_a_part_without_a_result_is_at_a_worker() -> None:
    adopted = adopt(tasks(), replace(PART_DONE, done=False))
    assert adopted is not None
    assert adopted[0].state is TaskState.RELEASED
    assert adopted[0].stream_sequence == 12


@pytest.mark.parametrize(
    "changes",
    [
        {"options": {**OPTIONS, "language": "de", PART: replace(EARLY, count=5).to_json()}},
        {"options": {**OPTIONS, "signals": [], PART: replace(EARLY, count=5).to_json()}},
        {"options": {**OPTIONS, PART: Part(start=0, end=90, number=0, count=5).to_json()}},
        {"options": OPTIONS},
        {"stage": Stage.DIARIZE},
        {"reused": True},
    ],
)
def test_other_work_is_not_replaced(changes: dict[str, Any]) -> None:
    assert adopt(tasks(**changes), PART_DONE) is None


def test_short_recordings_do_not_have_the_part() -> None:
    assert adopt(tasks(250.0, idle=0), PART_DONE) is None
    assert adopt(tasks(100.0), PART_DONE) is None
