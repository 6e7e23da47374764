"""Brings jobs to their end: merges what the workers found, or fails what cannot be completed.

Any replica may do it, and may die at it: the merge is claimed for seconds at a time, and what it
comes to is written in one transaction that only the first one gets through.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from dataclasses import dataclass

from common import logging, telemetry
from common.errors import (
    ApplicationError,
    NotFoundError,
    ResourceExhaustedError,
    TimedOutError,
    UnavailableError,
)
from common.objects import ObjectStore
from common.postgres import Connection, Database
from transcriber.domain.jobs import Failure, Job, Stage, Task, TaskState
from transcriber.domain.progress import MERGE_STEP, Next, decide
from transcriber.domain.transcriptions import Transcription
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.names import rules as naming
from transcriber.names.assignment import SpeakerNames
from transcriber.queue.lifecycle import Lifecycle
from transcriber.store import locks
from transcriber.store.jobs import Jobs
from transcriber.store.tasks import SignOfWork, Tasks
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.transcripts import Completion, Transcripts
from transcriber.transcripts.assembly import Assembled, assemble, keep_names
from transcriber.wakeups import Bells

#: A merge that was silent for so long (seconds) is taken over by whoever finds it.
_SILENT_SECONDS = 20.0
_AT_A_TIME = 2
_MOST_ATTEMPTS = 3
#: How often a stage is done again because its result was lost.
_MOST_RELEASES = 5
_NOT_MERGED = Failure(
    code="TRANSCRIPTION_ERROR",
    message="The transcript could not be put together; the service's log says why.",
)
_RESULT_LOST = Failure(
    code="TRANSCRIPTION_ERROR",
    message="A result was lost, and the recording is no longer there to do it again.",
)
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claim:
    """A merge to be done by this process, and the trace of the request behind it."""

    job: Job
    tasks: list[Task]
    merge: Task
    trace: dict[str, str]


class Completer:
    """Settles jobs of which nothing is left to do for the workers."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        names: SpeakerNames,
        bells: Bells,
        executor: Executor,
        *,
        owner: str,
        bucket_results: str,
    ) -> None:
        """`owner` names this process among the replicas."""
        self._database = database
        self._objects = objects
        self._names = names
        self._bells = bells
        self._executor = executor
        self._owner = owner
        self._bucket = bucket_results

    async def step(self) -> None:
        """Settles every job that can be, a few at a time."""
        async with self._database.transaction() as connection:
            job_ids = await Tasks(connection).settled_jobs(_SILENT_SECONDS)
        turn = asyncio.Semaphore(_AT_A_TIME)

        async def settle(job_id: str) -> None:
            async with turn:
                try:
                    await self.settle(job_id)
                except ApplicationError as error:
                    _log.warning("a merge is delayed", job_id=job_id, reason=error.message)

        async with asyncio.TaskGroup() as group:
            for job_id in job_ids:
                group.create_task(settle(job_id), name=f"settle {job_id}")

    async def settle(self, job_id: str) -> None:
        """Merges a job, or fails it, if it is time for that and nobody else is at it."""
        async with self._database.transaction() as connection:
            claim = await self._claim(connection, job_id)
        self._bells.outbox.ring()
        if claim is None:
            return
        begun = time.perf_counter()
        context = telemetry.extract(claim.trace)
        with telemetry.tracer().start_as_current_span("merge", context=context):
            await self._attempt(claim.job, claim.tasks, claim.merge)
        telemetry.TASK_SECONDS.labels(Stage.MERGE, "ended").observe(time.perf_counter() - begun)
        self._bells.jobs_changed()
        self._bells.queue.ring()
        self._bells.clips.ring()

    async def _claim(self, connection: Connection, job_id: str) -> "_Claim | None":
        """Decides what is to be done; None unless it is a merge and for this process to do."""
        job = next(iter(await Jobs(connection).get([job_id])), None)
        if job is None:
            return None
        await Transcriptions(connection).lock(job.transcription_id)
        if not await Jobs(connection).lock([job_id]):
            return None
        tasks = await Tasks(connection).of_job(job_id)
        decision = decide(tasks)
        failure = decision.failure
        merge = None
        if decision.next is Next.MERGE:
            merge = await Tasks(connection).claim_merge(job_id, self._owner, _SILENT_SECONDS)
            if merge is not None and merge.releases > _MOST_ATTEMPTS:
                # Processes have died at it without being able to say so.
                failure = _NOT_MERGED
        if failure is not None:
            await Lifecycle(connection).fail(job, failure, stop_workers=False)
            return None
        if merge is None:
            return None
        await Tasks(connection).seen(
            [SignOfWork(task_id=merge.task_id, worker_id=self._owner, step=MERGE_STEP)]
        )
        await Lifecycle(connection).at_work(job_id)
        trace = await Jobs(connection).trace(job_id)
        return _Claim(job=job, tasks=tasks, merge=merge, trace=trace)

    async def _attempt(self, job: Job, tasks: list[Task], merge: Task) -> None:
        try:
            async with self._kept(merge):
                await self._merge(job, tasks, merge)
        except (UnavailableError, TimedOutError, ResourceExhaustedError):
            await self._give_back(merge, counts=False)
            raise
        except Exception as error:
            # One recording that cannot be merged must not keep the others from it.
            _log.error("a merge failed", job_id=job.job_id, exc_info=error)
            if merge.releases < _MOST_ATTEMPTS:
                await self._give_back(merge, counts=True)
                return
            await self._fail(job, _NOT_MERGED)

    async def _merge(self, job: Job, tasks: list[Task], merge: Task) -> None:
        async with self._database.transaction() as connection:
            transcription = await Transcriptions(connection).get(job.transcription_id)
        if transcription is None:
            return
        results: dict[Stage, bytes] = {}
        for task in tasks:
            if task.stage is Stage.MERGE or task.state is not TaskState.DONE:
                continue
            try:
                results[task.stage] = await self._objects.get(self._bucket, task.result_key)
            except NotFoundError:
                await self._lost(job, task, merge)
                return
        assembled = await asyncio.get_running_loop().run_in_executor(
            self._executor,
            assemble,
            tasks,
            results[Stage.TRANSCRIBE],
            results.get(Stage.DIARIZE),
        )
        async with self._names.recognising(transcription, assembled.speakers) as (
            connection,
            recognised,
        ):
            await self._store(connection, job, merge, assembled, recognised)

    async def _store(
        self,
        connection: Connection,
        job: Job,
        merge: Task,
        assembled: Assembled,
        recognised: list[naming.Recognised] | None,
    ) -> None:
        """Writes the transcript, unless the job has ended in the meantime."""
        await locks.wait_for(connection, locks.voices_of(job.transcription_id))
        transcriptions, transcripts = Transcriptions(connection), Transcripts(connection)
        await transcriptions.lock(job.transcription_id)
        if not await Jobs(connection).lock([job.job_id]):
            return
        before = await transcriptions.get(job.transcription_id)
        assert before is not None, "its job is locked"
        speakers = await self._named(connection, before, assembled, recognised)
        await transcripts.replace(
            job.transcription_id,
            Completion(
                transcript=assembled.transcript,
                speakers=speakers,
                languages=assembled.languages,
                warnings=assembled.warnings,
                speech_model=assembled.speech_model,
                diarization_model=assembled.diarization_model,
                names_due=recognised is None,
                clips_due=any(speaker.clean for speaker in speakers),
            ),
        )
        await Tasks(connection).done(merge.task_id)
        await Lifecycle(connection).complete(
            job,
            confidence=assembled.transcript.confidence,
            speakers=len(naming.shown(speakers).speakers),
            warnings=bool(assembled.warnings),
        )

    async def _named(
        self,
        connection: Connection,
        before: Transcription,
        assembled: Assembled,
        recognised: list[naming.Recognised] | None,
    ) -> tuple[TranscriptSpeaker, ...]:
        """The speakers with the names that hold on from an earlier transcript, or are known."""
        speakers = assembled.speakers
        if naming.confirmed(before.speakers):
            speakers = keep_names(
                speakers,
                assembled.transcript.segments,
                before.speakers,
                await Transcripts(connection).segments(before.id),
            )
            # Labels and voiceprints may be others now.
            await Transcriptions(connection).decisions_due(before.id, 0.0)
        return naming.suggested(speakers, recognised or [])

    async def _lost(self, job: Job, task: Task, merge: Task) -> None:
        """Has a stage done again whose result object is gone."""
        _log.error("a result object is gone", job_id=job.job_id, stage=task.stage)
        async with self._database.transaction() as connection:
            transcription = await Transcriptions(connection).lock(job.transcription_id)
            if not await Jobs(connection).lock([job.job_id]):
                return
            again = transcription is not None and transcription.source_available
            if again and task.releases < _MOST_RELEASES:
                await Tasks(connection).begin_anew(task.task_id)
                await Tasks(connection).release_merge(merge.task_id, self._owner, counts=False)
                return
            await Lifecycle(connection).fail(job, _RESULT_LOST, stop_workers=True)

    async def _fail(self, job: Job, failure: Failure) -> None:
        async with self._database.transaction() as connection:
            await Transcriptions(connection).lock(job.transcription_id)
            if await Jobs(connection).lock([job.job_id]):
                await Lifecycle(connection).fail(job, failure, stop_workers=False)

    async def _give_back(self, merge: Task, *, counts: bool) -> None:
        with contextlib.suppress(ApplicationError):
            async with self._database.transaction() as connection:
                await Tasks(connection).release_merge(merge.task_id, self._owner, counts=counts)

    @contextlib.asynccontextmanager
    async def _kept(self, merge: Task) -> AsyncIterator[None]:
        """Keeps others from taking the merge over."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(_SILENT_SECONDS / 4)
                with contextlib.suppress(ApplicationError):
                    async with self._database.transaction() as connection:
                        await Tasks(connection).keep_merge(merge.task_id, self._owner)

        keeping = asyncio.create_task(keep(), name=f"merge {merge.job_id}")
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
