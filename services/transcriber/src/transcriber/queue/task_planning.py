"""Division of jobs into tasks: parts of long recordings, and stages with results to reuse."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import uuid4

from common.postgres import Connection
from transcriber.domain.jobs import WORKER_STAGES, Stage, Task, TaskState
from transcriber.domain.options import WITHOUT_VOICEPRINTS
from transcriber.domain.parts import LENGTHS, PART, Part, plan
from transcriber.domain.transcriptions import Transcription
from transcriber.store.tasks import Tasks


class IdleWorkers(Protocol):
    """Counts idle workers."""

    def idle(self, stage: Stage) -> int:
        """Return the number of idle workers of a stage."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    """The work of one task, and the earlier task with its result."""

    stage: Stage
    part: int
    options: dict[str, Any]
    earlier: Task | None = None


class TaskPlanner:
    """Plans the tasks of jobs for the idle workers."""

    def __init__(self, workers: IdleWorkers) -> None:
        self._workers = workers

    async def tasks(
        self,
        connection: Connection,
        transcription: Transcription,
        job_id: str,
        wanted: Mapping[Stage, dict[str, Any]],
        rerun: Collection[Stage],
    ) -> list[Task]:
        """Return the tasks of a job, given the options of each stage.

        Those with a result to reuse are done, except of stages to `rerun`.
        """
        tasks: list[Task] = []
        for stage, options in wanted.items():
            if stage in WORKER_STAGES:
                works = await self._works(
                    connection, transcription, stage, options, again=stage in rerun
                )
            else:
                works = [_Work(stage=stage, part=0, options=options)]
            tasks += [_task(transcription.id, job_id, work) for work in works]
        return tasks

    async def _works(
        self,
        connection: Connection,
        transcription: Transcription,
        stage: Stage,
        options: dict[str, Any],
        *,
        again: bool,
    ) -> list[_Work]:
        """Return the work of a stage, cut as before if a result can be reused."""
        if not again:
            tasks = Tasks(connection)
            before = await tasks.cut_before(transcription.id, stage, options)
            if before:
                works = [_work(stage, options, Part.of(task.options)) for task in before]
                return [
                    replace(
                        work,
                        earlier=await tasks.reusable(transcription.id, stage, work.options),
                    )
                    for work in works
                ]
        parts = self._parts(stage, transcription.file.duration, options)
        return [_work(stage, options, part) for part in parts]

    def _parts(
        self, stage: Stage, seconds: float, options: Mapping[str, Any]
    ) -> Sequence[Part | None]:
        """Return the parts of a stage, None alone for the whole recording."""
        if options.get(WITHOUT_VOICEPRINTS):
            # The speakers of parts are joined by voiceprints, which have to be stored for that.
            return [None]
        parts = plan(seconds, LENGTHS[stage], idle=self._workers.idle(stage))
        return parts if len(parts) > 1 else [None]


def _work(stage: Stage, options: dict[str, Any], part: Part | None) -> _Work:
    if part is None:
        return _Work(stage=stage, part=0, options=options)
    return _Work(stage=stage, part=part.number, options={**options, PART: part.to_json()})


def _task(transcription_id: int, job_id: str, work: _Work) -> Task:
    earlier = work.earlier
    task_id = str(uuid4())
    return Task(
        task_id=task_id,
        job_id=job_id,
        transcription_id=transcription_id,
        stage=work.stage,
        part=work.part,
        state=TaskState.WAITING if earlier is None else TaskState.DONE,
        options=work.options,
        fraction=0.0 if earlier is None else 1.0,
        result_key=earlier.result_key if earlier else f"{transcription_id}/{task_id}.pb",
        reused=earlier is not None,
    )
