"""First parts of recordings, recognized before the whole recording has arrived."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transcriber.domain.jobs import Stage, Task, TaskState
from transcriber.domain.parts import FIRST, LONG, PART, Part

#: The part, as it is before the number of parts is known. It is not the last one.
EARLY = Part(start=0, end=FIRST, number=0, count=2)
#: Only recordings longer than this (seconds) are cut so that they have this part. What the bytes so
#: far promise is an estimate.
LEAST_SECONDS = LONG * 1.1


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlyPart:
    """The first part of a recording on its way.

    `options` are those of its task, and `sound` is a digest of what the worker hears. `done` tells
    whether there is a result.
    """

    transcription_id: int
    workspace_id: str
    task_id: str
    job_id: str
    options: Mapping[str, Any]
    audio_key: str
    result_key: str
    sound: str
    done: bool = False
    busy_seconds: float = 0.0
    stream_sequence: int | None = None

    @property
    def task(self) -> Task:
        """The task of the part."""
        return Task(
            task_id=self.task_id,
            job_id=self.job_id,
            transcription_id=self.transcription_id,
            stage=Stage.TRANSCRIBE,
            options=self.options,
            result_key=self.result_key,
        )


def beginning_key(transcription_id: int) -> str:
    """Return the key of the object with the beginning of a recording on its way."""
    return f"{transcription_id}/beginning"


def adopt(tasks: Sequence[Task], early: EarlyPart) -> list[Task] | None:
    """Return the tasks of a job with an early part in the place of the same one.

    Return None if none of them does the same.
    """
    adopted = [_adopted(task, early) if _is_same(task, early) else task for task in tasks]
    if adopted == list(tasks):
        return None
    return [replace(task, job_id=early.job_id) for task in adopted]


def _is_same(task: Task, early: EarlyPart) -> bool:
    part = Part.of(task.options)
    return (
        task.stage is Stage.TRANSCRIBE
        and not task.reused
        and part is not None
        and not part.last
        and replace(part, count=EARLY.count) == EARLY
        and {**task.options, PART: None} == {**early.options, PART: None}
    )


def _adopted(task: Task, early: EarlyPart) -> Task:
    return replace(
        task,
        task_id=early.task_id,
        result_key=early.result_key,
        state=TaskState.DONE if early.done else TaskState.RELEASED,
        fraction=1.0 if early.done else 0.0,
        releases=1,
        stream_sequence=early.stream_sequence,
    )
