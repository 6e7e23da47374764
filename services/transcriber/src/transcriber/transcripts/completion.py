"""Completion of jobs: results are merged into a transcript, or the job fails.

Any replica may complete a job and may die while it does. A merge is leased for seconds at a time,
and its outcome is written in one transaction while the job is locked and live.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from common import logging, telemetry
from common.audio.playback import PlaybackError
from common.audio.signals import ChannelPlan
from common.background.attempts import ItemAttempts
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.errors import NotFoundError
from common.objects import ObjectStore
from common.postgres import Connection, Database
from transcriber.domain.jobs import Failure, Job, Stage, Task, TaskState
from transcriber.domain.playback import NO_COPY, StoredCopy
from transcriber.domain.progress import MERGE_STEP, Action, next_action
from transcriber.domain.transcriptions import Transcription
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.names import rules
from transcriber.names.suggestion import NameSuggestions
from transcriber.outbox import messages
from transcriber.queue.lifecycle import Lifecycle
from transcriber.recordings import sources
from transcriber.recordings.playback_joining import CopyJoiner
from transcriber.store import locks, step_names
from transcriber.store.decisions import DueDecisions
from transcriber.store.edit_history import Head
from transcriber.store.jobs import Jobs
from transcriber.store.outbox import JobOutbox
from transcriber.store.playback import PlaybackCopies
from transcriber.store.repeated_edits import RepeatedEdits
from transcriber.store.tasks import ProgressReport, Tasks
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.transcripts import Completion, Transcripts
from transcriber.transcripts import kept_edits
from transcriber.transcripts.assembly import (
    AssembledTranscript,
    assemble,
    is_separate,
    keep_names,
)
from transcriber.transcripts.job_results import JobResults, read_results
from transcriber.vocabulary import application
from transcriber.wakeups import WakeUps

#: Steps that a new transcript gives new work.
_NEW_WORK = (step_names.CLIPS, step_names.NAMES, step_names.DECISIONS)
#: How often a stage is repeated because its result was lost.
_MOST_RELEASES = 5
_NOT_MERGED = Failure(
    code="TRANSCRIPTION_ERROR",
    message="The transcript could not be assembled. The service's log has the reason.",
)
_RESULT_LOST = Failure(
    code="TRANSCRIPTION_ERROR",
    message="A result was lost, and the recording needed to repeat it has been deleted.",
)
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Merge:
    """A merge that has begun, and the trace of the request behind it."""

    job: Job
    tasks: list[Task]
    task: Task
    trace: dict[str, str]


class MergeStep(ItemStep[str]):
    """Completes jobs whose workers are done."""

    name = "merges"
    items = "jobs whose stages are done"
    outcome = "The job fails with a reason. It can be started again."
    policy = Policy(most_attempts=3, timeout=3600.0, first_pause=2.0, at_a_time=2)

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        suggestions: NameSuggestions,
        wake_ups: WakeUps,
        executor: Executor,
        *,
        copies: CopyJoiner,
        bucket_results: str,
    ) -> None:
        super().__init__(database)
        self._objects = objects
        self._copies = copies
        self._suggestions = suggestions
        self._wake_ups = wake_ups
        self._executor = executor
        self._bucket = bucket_results

    def key(self, item: str) -> str:
        """Return the job's id."""
        return item

    async def due(self, connection: Connection, limit: int) -> Sequence[str]:
        """Return jobs whose workers are done."""
        return await Tasks(connection).settled_jobs(limit)

    async def handle(self, item: str) -> None:
        """Merge the results of a job, or fail it."""
        async with self._database.transaction() as connection:
            merge = await self._begin(connection, item)
        self._wake_ups.outbox.notify()
        if merge is None:
            return
        begun = time.perf_counter()
        context = telemetry.extract(merge.trace)
        with telemetry.tracer().start_as_current_span("merge", context=context):
            await self._merge(merge.job, merge.tasks, merge.task)
        telemetry.TASK_SECONDS.labels(Stage.MERGE, "ended").observe(time.perf_counter() - begun)
        self._wake_ups.jobs_changed()
        self._wake_ups.queue.notify()
        self._wake_ups.clips.notify()

    async def set_aside(self, connection: Connection, item: str) -> None:
        """Fail the job."""
        job = await Jobs(connection).get(item)
        if job is None:
            return
        await Transcriptions(connection).lock(job.transcription_id)
        if await Jobs(connection).lock([item]):
            await Lifecycle(connection).fail(job, _NOT_MERGED, stop_workers=False)
        self._wake_ups.jobs_changed()
        self._wake_ups.queue.notify()

    async def _begin(self, connection: Connection, job_id: str) -> _Merge | None:
        """Begin the merge of a job. Return None if the job failed, ended or still waits."""
        job = await Jobs(connection).get(job_id)
        if job is None:
            return None
        await Transcriptions(connection).lock(job.transcription_id)
        if not await Jobs(connection).lock([job_id]):
            return None
        tasks = await Tasks(connection).of_job(job_id)
        decision = next_action(tasks)
        if decision.failure is not None:
            await Lifecycle(connection).fail(job, decision.failure, stop_workers=False)
            return None
        task = (
            await Tasks(connection).begin_merge(job_id) if decision.action is Action.MERGE else None
        )
        if task is None:
            return None
        await Tasks(connection).seen(
            [ProgressReport(task_id=task.task_id, worker_id="", step=MERGE_STEP)]
        )
        await Lifecycle(connection).update_progress(job_id)
        trace = await Jobs(connection).trace(job_id)
        return _Merge(job=job, tasks=tasks, task=task, trace=trace)

    async def _merge(self, job: Job, tasks: list[Task], merge: Task) -> None:
        async with self._database.transaction() as connection:
            transcription = await Transcriptions(connection).get(job.transcription_id)
        if transcription is None:
            return
        objects: dict[str, bytes] = {}
        lost: list[Task] = []
        for task in tasks:
            if task.stage is Stage.MERGE or task.state is not TaskState.DONE:
                continue
            try:
                objects[task.task_id] = await self._objects.get(self._bucket, task.result_key)
            except NotFoundError:
                lost.append(task)
        if lost:
            await self._repeat(job, lost, merge)
            return
        results, assembled = await asyncio.get_running_loop().run_in_executor(
            self._executor, _assembled, tasks, objects, job.channel_plan
        )
        if results.in_parts and results.copies:
            assembled = await self._with_copy(assembled, results.copies, merge)
        if not transcription.options.voice_memory:
            # Also if a worker of the version before has computed them.
            assembled = assembled.without_voiceprints()
        async with self._suggestions.during(transcription, assembled.speakers) as (
            connection,
            suggestions,
        ):
            await self._store(connection, job, merge, assembled, suggestions)

    async def _with_copy(
        self, assembled: AssembledTranscript, parts: Sequence[StoredCopy], merge: Task
    ) -> AssembledTranscript:
        """Return a transcript with the joined copy of parts, or with a warning."""
        try:
            return replace(assembled, copy=await self._copies.join(parts, merge))
        except PlaybackError:
            return replace(assembled, warnings=(*assembled.warnings, NO_COPY))

    async def _store(
        self,
        connection: Connection,
        job: Job,
        merge: Task,
        assembled: AssembledTranscript,
        suggestions: list[rules.Suggestion] | None,
    ) -> None:
        """Store the transcript, unless the job has ended in the meantime."""
        await locks.acquire(connection, locks.names_of(job.transcription_id))
        transcriptions, transcripts = Transcriptions(connection), Transcripts(connection)
        await transcriptions.lock(job.transcription_id)
        if not await Jobs(connection).lock([job.job_id]):
            return
        before = await transcriptions.get(job.transcription_id)
        assert before is not None, "its job is locked"
        kept = await kept_edits.keep(connection, before)
        speakers = await self._with_names(connection, job, before, assembled, suggestions)
        moment = await transcripts.replace(
            job.transcription_id,
            Completion(
                transcript=assembled.transcript,
                speakers=speakers,
                languages=assembled.languages,
                warnings=assembled.warnings,
                speech_model=assembled.speech_model,
                diarization_model=assembled.diarization_model,
                names_due=suggestions is None,
                clips_due=any(speaker.clean for speaker in speakers),
            ),
        )
        if kept is not None:
            first = before.revision + 1
            head = Head(revision=first, machine_revision=first, transcript_at=moment)
            await kept.repeat(connection, before.id, head)
            _, newest = await transcripts.version(before.id)
            await JobOutbox(connection).event(messages.transcript_renewed(before, newest))
        await application.apply_to_new(connection, job.transcription_id, before.workspace_id)
        await PlaybackCopies(connection).settle(job.transcription_id, assembled.copy)
        await ItemAttempts(connection).forget(_NEW_WORK, str(job.transcription_id))
        await Tasks(connection).done(merge.task_id)
        await Lifecycle(connection).complete(
            job,
            confidence=assembled.transcript.confidence,
            speakers=len(rules.group_by_name(speakers).speakers),
            warnings=bool(assembled.warnings or before.file.warnings),
        )

    async def _with_names(
        self,
        connection: Connection,
        job: Job,
        before: Transcription,
        assembled: AssembledTranscript,
        suggestions: list[rules.Suggestion] | None,
    ) -> tuple[TranscriptSpeaker, ...]:
        """Return the speakers with names of the earlier transcript, and with suggested names."""
        speakers = assembled.speakers
        if rules.confirmed(before.speakers):
            # Names that were assigned as edits are repeated like all edits.
            unrecorded = await RepeatedEdits(connection, before.id).unrecorded_names()
            speakers = keep_names(
                speakers,
                assembled.transcript.segments,
                [speaker for speaker in before.speakers if speaker.label in unrecorded],
                await Transcripts(connection).segments(before.id),
            )
            # Labels and voiceprints may have changed.
            await DueDecisions(connection).ask(before.id, 0.0)
        return rules.suggest(speakers, suggestions or [], rules.titles_of(job.channel_plan))

    async def _repeat(self, job: Job, lost: Sequence[Task], merge: Task) -> None:
        """Repeat the tasks whose result objects are missing."""
        _log.error("result objects missing", job_id=job.job_id, tasks=len(lost))
        async with self._database.transaction() as connection:
            transcription = await Transcriptions(connection).lock(job.transcription_id)
            if not await Jobs(connection).lock([job.job_id]):
                return
            if all(_can_repeat(task, transcription) for task in lost):
                for task in lost:
                    await Tasks(connection).redo(task.task_id)
                await Tasks(connection).requeue_merge(merge.task_id)
                return
            await Lifecycle(connection).fail(job, _RESULT_LOST, stop_workers=True)


def _can_repeat(task: Task, transcription: Transcription | None) -> bool:
    if transcription is None or task.releases >= _MOST_RELEASES:
        return False
    return transcription.source_available or bool(sources.copy_key(task.options))


def _assembled(
    tasks: Sequence[Task], objects: Mapping[str, bytes], plan: ChannelPlan | None
) -> tuple[JobResults, AssembledTranscript]:
    """Read the result objects of tasks and assemble them."""
    results = read_results(tasks, objects, separate=is_separate(plan))
    return results, assemble(tasks, results, plan)
