"""How far a job is, from how far its tasks are; and what is to be done next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from transcriber.domain.jobs import WORKER_STAGES, Failure, Stage, StageProgress, Task, TaskState

#: Share of a job's work by stage. Recognition takes a little longer than diarization, and both
#: run at the same time.
WEIGHTS = {Stage.TRANSCRIBE: 0.55, Stage.DIARIZE: 0.40, Stage.MERGE: 0.05}

QUEUED_STEP = "Waiting in the queue"
STARTING_STEP = "Starting"
MERGE_STEP = "Putting words and speakers together"
COMPLETED_STEP = "Completed"
FAILED_STEP = "Failed"
CANCELLED_STEP = "Cancelled"

_ORDER = {stage: number for number, stage in enumerate(Stage)}
_DEFAULT_STEPS = {
    Stage.TRANSCRIBE: "Recognising speech",
    Stage.DIARIZE: "Telling speakers apart",
    Stage.MERGE: MERGE_STEP,
}


def stages_of(tasks: Iterable[Task]) -> tuple[StageProgress, ...]:
    """The stages that tasks belong to, in the order in which they are listed to users."""
    by_stage: dict[Stage, list[Task]] = {}
    for task in tasks:
        by_stage.setdefault(task.stage, []).append(task)
    return tuple(
        _stage(stage, by_stage[stage]) for stage in sorted(by_stage, key=lambda s: _ORDER[s])
    )


def percent(stages: Sequence[StageProgress]) -> float:
    """Progress of a job, 0 to 100: the mean over its stages, weighted by what they cost.

    A stage that failed counts as over: the job goes on without it. Less than 100 until every
    stage is over.
    """
    total = sum(WEIGHTS[item.stage] for item in stages)
    if not total:
        return 0.0
    done = sum(
        WEIGHTS[item.stage] * (1.0 if item.state.settled else item.fraction) for item in stages
    )
    return round(100.0 * done / total, 2)


def current_step(stages: Sequence[StageProgress]) -> str:
    """What is being done, in words for a user."""
    for item in stages:
        if item.state is TaskState.RUNNING:
            return item.step or _DEFAULT_STEPS[item.stage]
    if all(item.state.settled for item in stages if item.stage is not Stage.MERGE):
        return MERGE_STEP
    return STARTING_STEP


class Action(Enum):
    """What is to be done with a job now."""

    WAIT = auto()
    MERGE = auto()
    FAIL = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class NextAction:
    """What is to be done with a job now, and why when it is to fail."""

    action: Action
    failure: Failure | None = None


def next_action(tasks: Sequence[Task]) -> NextAction:
    """Decide by the state of a live job's tasks.

    Without words there is no transcript, so a failed recognition fails the job at once. Without
    speakers there still is one.
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
        fraction=sum(_fraction(task) for task in tasks) / len(tasks),
        step=next((task.step for task in tasks if task.state is TaskState.RUNNING), ""),
        failure=next((task.failure for task in tasks if task.failure is not None), None),
        part_count=len(tasks),
        parts_done=states.count(TaskState.DONE),
        reused=all(task.reused for task in tasks),
    )


def _fraction(task: Task) -> float:
    return 1.0 if task.state is TaskState.DONE else min(1.0, max(0.0, task.fraction))


def _state(states: list[TaskState]) -> TaskState:
    """One state for all parts: failed or cancelled as soon as one is, done when all are."""
    for state in (TaskState.FAILED, TaskState.CANCELLED):
        if state in states:
            return state
    if all(state is TaskState.DONE for state in states):
        return TaskState.DONE
    begun = any(state in {TaskState.RUNNING, TaskState.DONE} for state in states)
    return TaskState.RUNNING if begun else TaskState.WAITING
