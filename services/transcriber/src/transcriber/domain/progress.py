"""Progress of a job from the progress of its tasks, and the next action on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from transcriber.domain.jobs import WORKER_STAGES, Failure, Stage, StageProgress, Task, TaskState
from transcriber.domain.parts import Part

#: Share of a job's work by stage. Recognition takes slightly longer than diarization, and both run
#: at the same time.
WEIGHTS = {Stage.TRANSCRIBE: 0.55, Stage.DIARIZE: 0.40, Stage.MERGE: 0.05}

QUEUED_STEP = "Waiting in the queue"
STARTING_STEP = "Starting"
MERGE_STEP = "Assigning words to speakers"
COMPLETED_STEP = "Completed"
FAILED_STEP = "Failed"
CANCELLED_STEP = "Cancelled"

_ORDER = {stage: number for number, stage in enumerate(Stage)}
_DEFAULT_STEPS = {
    Stage.TRANSCRIBE: "Recognizing speech",
    Stage.DIARIZE: "Telling speakers apart",
    Stage.MERGE: MERGE_STEP,
}


def stages_of(tasks: Iterable[Task]) -> tuple[StageProgress, ...]:
    """Return the stages of tasks in display order."""
    by_stage: dict[Stage, list[Task]] = {}
    for task in tasks:
        by_stage.setdefault(task.stage, []).append(task)
    return tuple(
        _stage(stage, by_stage[stage]) for stage in sorted(by_stage, key=lambda s: _ORDER[s])
    )


def percent(stages: Sequence[StageProgress]) -> float:
    """Return the progress of a job in percent, the mean of its stages weighted by cost.

    A failed or cancelled stage counts as complete, because the job continues without it. The
    result is below 100 until every stage has ended.
    """
    total = sum(WEIGHTS[item.stage] for item in stages)
    if not total:
        return 0.0
    done = sum(
        WEIGHTS[item.stage] * (1.0 if item.state.settled else item.fraction) for item in stages
    )
    return round(100.0 * done / total, 2)


def current_step(stages: Sequence[StageProgress]) -> str:
    """Describe the current work for a user."""
    for item in stages:
        if item.state is TaskState.RUNNING:
            return item.step or _DEFAULT_STEPS[item.stage]
    if all(item.state.settled for item in stages if item.stage is not Stage.MERGE):
        return MERGE_STEP
    return STARTING_STEP


class Action(Enum):
    """Kind of action on a job."""

    WAIT = auto()
    MERGE = auto()
    FAIL = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class NextAction:
    """Next action on a job, and the reason if it is to fail."""

    action: Action
    failure: Failure | None = None


def next_action(tasks: Sequence[Task]) -> NextAction:
    """Return the next action on a live job with these tasks.

    Failed recognition fails the job at once, because there is no transcript without words. After
    failed diarization there still is one.
    """
    for task in tasks:
        if task.stage is Stage.TRANSCRIBE and task.state is TaskState.FAILED:
            failure = task.failure or Failure(
                code="TRANSCRIPTION_ERROR", message="Speech recognition failed."
            )
            return NextAction(action=Action.FAIL, failure=failure)
    work = [task for task in tasks if task.stage in WORKER_STAGES]
    if all(task.state.settled for task in work):
        return NextAction(action=Action.MERGE)
    return NextAction(action=Action.WAIT)


def _stage(stage: Stage, tasks: list[Task]) -> StageProgress:
    states = [task.state for task in tasks]
    return StageProgress(
        stage=stage,
        state=_state(states),
        fraction=_weighted_fraction(tasks),
        step=next((task.step for task in tasks if task.state is TaskState.RUNNING), ""),
        failure=next((task.failure for task in tasks if task.failure is not None), None),
        part_count=len(tasks),
        parts_done=states.count(TaskState.DONE),
        reused=all(task.reused for task in tasks),
    )


def _weighted_fraction(tasks: list[Task]) -> float:
    if len(tasks) == 1:
        return _fraction(tasks[0])
    weighted = [(task, _seconds(task)) for task in tasks]
    total = sum(weight for _, weight in weighted)
    return sum(_fraction(task) * weight for task, weight in weighted) / total


def _seconds(task: Task) -> int:
    """Return the length of a task's part, one where it has none."""
    part = Part.of(task.options)
    return 1 if part is None else max(1, part.seconds)


def _fraction(task: Task) -> float:
    return 1.0 if task.state is TaskState.DONE else min(1.0, max(0.0, task.fraction))


def _state(states: list[TaskState]) -> TaskState:
    """Combine the states of all parts. A stage goes on until all have ended."""
    if all(state.settled for state in states):
        return next(
            (state for state in (TaskState.FAILED, TaskState.CANCELLED) if state in states),
            TaskState.DONE,
        )
    begun = any(state.settled or state is TaskState.RUNNING for state in states)
    return TaskState.RUNNING if begun else TaskState.WAITING
