"""Results of the tasks of a job, joined if the recording was processed in parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transcriber.domain.jobs import Stage, Task, TaskState
from transcriber.domain.parts import Part
from transcriber.domain.playback import StoredCopy
from transcriber.transcripts.joined_speech import RecognizedPart, join_speech
from transcriber.transcripts.joined_voices import (
    DiarizedPart,
    join_voices,
    missing,
    requested_speakers,
)
from transcriber.transcripts.stage_results import (
    DiarizedSpeech,
    RecognizedSpeech,
    read_diarization,
    read_recognition,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class JobResults:
    """Results of the stages. `voices` is None if diarization failed.

    `copies` are those of the parts in order, or of the whole recording. They are empty if one is
    missing.
    """

    speech: RecognizedSpeech
    voices: DiarizedSpeech | None
    copies: tuple[StoredCopy, ...] = ()
    in_parts: bool = False


def ended_tasks(tasks: Sequence[Task], stage: Stage) -> list[Task]:
    """Return the tasks of a stage with a result, in the order of their parts."""
    done = [task for task in tasks if task.stage is stage and task.state is TaskState.DONE]
    return sorted(done, key=lambda task: task.part)


def read_results(
    tasks: Sequence[Task], results: Mapping[str, bytes], *, separate: bool
) -> JobResults:
    """Read the result objects of a job's tasks, by the tasks' ids.

    With `separate`, signals are channels.
    """
    of_parts = ended_tasks(tasks, Stage.TRANSCRIBE)
    recognized = {
        task.task_id: read_recognition(results[task.task_id], separate=separate)
        for task in of_parts
    }
    copies = [
        StoredCopy(result_key=task.result_key, made=made, start=_start(task))
        for task in of_parts
        if (made := recognized[task.task_id].playback) is not None
    ]
    return JobResults(
        speech=_speech(of_parts, recognized),
        voices=read_voices(tasks, results, separate=separate),
        copies=tuple(copies) if len(copies) == len(of_parts) else (),
        in_parts=Part.of(of_parts[0].options) is not None,
    )


def _start(task: Task) -> int:
    part = Part.of(task.options)
    return 0 if part is None else part.start


def _speech(tasks: Sequence[Task], recognized: Mapping[str, RecognizedSpeech]) -> RecognizedSpeech:
    parts = [
        RecognizedPart(part=part, speech=recognized[task.task_id])
        for task in tasks
        if (part := Part.of(task.options)) is not None
    ]
    return join_speech(parts) if parts else recognized[tasks[0].task_id]


def read_voices(
    tasks: Sequence[Task], results: Mapping[str, bytes], *, separate: bool
) -> DiarizedSpeech | None:
    """Read the result of diarization, None without one.

    `results` has the objects of its tasks, by the tasks' ids.
    """
    done = ended_tasks(tasks, Stage.DIARIZE)
    if not done:
        return None
    found = [read_diarization(results[task.task_id], separate=separate) for task in done]
    parts = [
        DiarizedPart(part=part, speech=speech)
        for task, speech in zip(done, found, strict=True)
        if (part := Part.of(task.options)) is not None
    ]
    if not parts:
        return found[0]
    joined = join_voices(parts, requested_speakers(done[0].options))
    lost = [
        missing(part, diarization_failure([task]))
        for task in sorted(tasks, key=lambda task: task.part)
        if task.stage is Stage.DIARIZE
        and task.state is not TaskState.DONE
        and (part := Part.of(task.options)) is not None
    ]
    return joined.with_warnings(lost)


def diarization_failure(tasks: Sequence[Task]) -> str:
    """Return why diarization has no result."""
    for task in tasks:
        if task.stage is Stage.DIARIZE and task.failure is not None:
            return task.failure.message
        if task.stage is Stage.DIARIZE and task.state is TaskState.CANCELLED:
            return "it was cancelled."
    return "unknown."
