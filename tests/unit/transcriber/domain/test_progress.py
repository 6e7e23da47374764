"""Progress of jobs and the next action on them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcriber.domain.jobs import Failure, Stage, Task, TaskState
from transcriber.domain.progress import (
    MERGE_STEP,
    STARTING_STEP,
    Action,
    current_step,
    next_action,
    percent,
    stages_of,
)

BAD = Failure(code="TRANSCRIPTION_ERROR", message="bad")


def task(
    stage: Stage,
    state: TaskState = TaskState.WAITING,
    fraction: float = 0.0,
    *,
    part: int = 0,
    step: str = "",
    reused: bool = False,
    failure: Failure | None = None,
) -> Task:
    return Task(
        task_id=f"{stage}-{part}",
        job_id="job",
        transcription_id=1,
        stage=stage,
        part=part,
        state=state,
        fraction=fraction,
        step=step,
        reused=reused,
        failure=failure,
    )


def tasks(transcribe: TaskState, diarize: TaskState, merge: TaskState) -> list[Task]:
    return [
        task(Stage.MERGE, merge),
        task(Stage.DIARIZE, diarize),
        task(Stage.TRANSCRIBE, transcribe, failure=BAD if transcribe is TaskState.FAILED else None),
    ]


W, R, D, F = TaskState.WAITING, TaskState.RUNNING, TaskState.DONE, TaskState.FAILED


def test_progress_is_0_at_start_and_100_at_end() -> None:
    assert percent(stages_of(tasks(W, W, W))) == 0.0
    assert percent(stages_of(tasks(D, D, D))) == 100.0
    assert percent(stages_of(tasks(D, F, D))) == 100.0
    assert percent(()) == 0.0


def test_stages_are_weighted() -> None:
    assert percent(stages_of(tasks(D, W, W))) == 55.0
    assert percent(stages_of(tasks(D, D, W))) == 95.0
    half = [task(Stage.TRANSCRIBE, R, 0.5), task(Stage.DIARIZE), task(Stage.MERGE)]
    assert percent(stages_of(half)) == 27.5


def test_failed_stage_counts_as_complete() -> None:
    assert percent(stages_of(tasks(R, F, W))) == 40.0


def test_parts_of_a_stage_are_combined() -> None:
    parts = [
        task(Stage.TRANSCRIBE, D, 1.0, part=0),
        task(Stage.TRANSCRIBE, R, 0.5, part=1, step="Second part"),
        task(Stage.TRANSCRIBE, W, part=2),
    ]
    (stage,) = stages_of(parts)
    assert (stage.state, stage.part_count, stage.parts_done) == (R, 3, 1)
    assert stage.fraction == pytest.approx(0.5)
    assert current_step([stage]) == "Second part"


def test_stages_are_in_order_of_work() -> None:
    assert [stage.stage for stage in stages_of(tasks(W, W, W))] == list(Stage)


def test_reused_stage_is_marked() -> None:
    (stage,) = stages_of([task(Stage.DIARIZE, D, 1.0, reused=True)])
    assert stage.reused


def test_current_step_is_that_of_running_stage() -> None:
    assert current_step(stages_of(tasks(W, W, W))) == STARTING_STEP
    assert current_step(stages_of(tasks(R, R, W))) == "Recognizing speech"
    assert current_step(stages_of(tasks(D, R, W))) == "Telling speakers apart"
    assert current_step(stages_of(tasks(D, D, W))) == MERGE_STEP
    assert current_step(stages_of(tasks(D, D, R))) == MERGE_STEP


@pytest.mark.parametrize(
    ("transcribe", "diarize", "wanted"),
    [
        (W, W, Action.WAIT),
        (D, R, Action.WAIT),
        (R, D, Action.WAIT),
        (R, F, Action.WAIT),
        (D, D, Action.MERGE),
        (D, F, Action.MERGE),
        (F, R, Action.FAIL),
        (F, D, Action.FAIL),
        (F, F, Action.FAIL),
    ],
)
def test_next_action_depends_on_stages(
    transcribe: TaskState, diarize: TaskState, wanted: Action
) -> None:
    decision = next_action(tasks(transcribe, diarize, W))
    assert decision.action is wanted
    assert (decision.failure == BAD) is (wanted is Action.FAIL)


states = st.sampled_from(list(TaskState))


@given(st.lists(st.tuples(st.sampled_from(list(Stage)), states, st.floats(-1, 2)), max_size=9))
def test_progress_stays_within_bounds(drawn: list[tuple[Stage, TaskState, float]]) -> None:
    made = [
        task(stage, state, fraction, part=number)
        for number, (stage, state, fraction) in enumerate(drawn)
    ]
    assert 0.0 <= percent(stages_of(made)) <= 100.0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_progress_never_falls(a: float, b: float, diarize: float) -> None:
    low, high = sorted((a, b))

    def at(fraction: float) -> float:
        running = [task(Stage.TRANSCRIBE, R, fraction), task(Stage.DIARIZE, R, diarize)]
        return percent(stages_of([*running, task(Stage.MERGE)]))

    assert at(low) <= at(high)
