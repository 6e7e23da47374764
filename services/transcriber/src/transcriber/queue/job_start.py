"""Start of jobs: the stages to run are planned and queued in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from common import telemetry
from common.audio.signals import ChannelMode, ChannelPlan, Signal, dump_signals
from common.errors import ConflictError, NotFoundError, StateError, ValidationError
from common.identity import Owner
from common.postgres import Connection, Database
from transcriber.domain.early_parts import EarlyPart, adopt
from transcriber.domain.jobs import WORKER_STAGES, Job, Stage, Task
from transcriber.domain.options import ProcessingOptions, SpeakerBounds
from transcriber.domain.progress import QUEUED_STEP
from transcriber.domain.transcriptions import Transcription, TranscriptionStatus
from transcriber.outbox import messages
from transcriber.queue.admission import Admission
from transcriber.queue.lifecycle import Lifecycle
from transcriber.queue.task_planning import TaskPlanner
from transcriber.recordings import channels, sources
from transcriber.store.early_parts import EarlyParts
from transcriber.store.jobs import Jobs
from transcriber.store.outbox import JobOutbox
from transcriber.store.tasks import Tasks
from transcriber.store.transcriptions import Transcriptions
from transcriber.vocabulary import hot_words
from transcriber.wakeups import WakeUps


@dataclass(frozen=True, kw_only=True, slots=True)
class StartRequest:
    """Request to start a job. None means the options of the upload.

    `stages` run again even if they have a result. With `again`, a recording that has a transcript
    is processed again, if necessary from its playback copy.
    """

    priority: int
    again: bool = False
    request_id: str | None = None
    language: str | None = None
    speakers: SpeakerBounds | None = None
    channels: ChannelMode | None = None
    phrases: tuple[str, ...] | None = None
    diarize: bool | None = None
    model: str | None = None
    stages: frozenset[Stage] = frozenset()

    def __post_init__(self) -> None:
        """Check the request.

        Raises:
            ValidationError: diarization is to run and not to run.
        """
        if self.diarize is False and Stage.DIARIZE in self.stages:
            raise ValidationError.of(
                "stages", "The stage diarize cannot run again without diarization (diarize=false)."
            )

    def options_for(self, before: ProcessingOptions) -> ProcessingOptions:
        """Return the options of a job for a recording with these options so far."""
        return replace(
            before,
            language=before.language if self.language is None else self.language,
            phrases=before.phrases if self.phrases is None else self.phrases,
            speakers=self.speakers or before.speakers,
            channels=self.channels or before.channels,
            diarize=before.diarize if self.diarize is None else self.diarize,
            model=before.model if self.model is None else self.model,
        )


class JobStarter:
    """Queues jobs for transcriptions."""

    def __init__(
        self, database: Database, admission: Admission, planner: TaskPlanner, wake_ups: WakeUps
    ) -> None:
        self._database = database
        self._admission = admission
        self._planner = planner
        self._wake_ups = wake_ups

    async def start(self, transcription_id: int, owner: Owner, request: StartRequest) -> Job:
        """Queue a job for a transcription of the owner's workspace.

        Raises:
            NotFoundError: the workspace has no such transcription.
            ConflictError: a job is running, or the idempotency key belongs to another one.
            StateError: it is completed, no stage is named and no channel is processed in another
                way, or a stage must run and its recording has been deleted. If it is processed
                `again`: there is no transcript, or nothing is left to read. Or it is still being
                recorded.
            ResourceExhaustedError: the queue is full, or a quota is used up.
        """
        async with self._database.transaction() as connection:
            transcription = await Transcriptions(connection).lock_own(
                transcription_id, owner.workspace_id
            )
            if transcription is None:
                raise NotFoundError("There is no such transcription.")
            job = await self._earlier(connection, transcription, request.request_id)
            if job is None:
                await self._admit(connection, transcription, request)
                job = await queue_job(
                    connection, self._admission, self._planner, transcription, request, owner=owner
                )
        self.queued()
        return job

    def queued(self) -> None:
        """Wake the steps following new jobs. Call this after the transaction."""
        self._wake_ups.jobs_changed()
        self._wake_ups.queue.notify()

    async def _earlier(
        self, connection: Connection, transcription: Transcription, request_id: str | None
    ) -> Job | None:
        """Return the job made by an earlier attempt of the same request."""
        if request_id is None:
            return None
        job = await Jobs(connection).find_by_request(transcription.workspace_id, request_id)
        if job is not None and job.transcription_id != transcription.id:
            raise _used_elsewhere()
        return job

    async def _admit(
        self, connection: Connection, transcription: Transcription, request: StartRequest
    ) -> None:
        live = await Jobs(connection).live_of(transcription.id)
        if live is not None:
            raise ConflictError("This transcription is already being processed.", {"job_id": live})
        if transcription.status is TranscriptionStatus.PROCESSING:
            raise StateError("This recording is still being made. Start it when it has ended.")
        if request.again:
            if transcription.transcript_at is None:
                raise StateError("There is no transcript yet. Start the transcription.")
        elif transcription.status is TranscriptionStatus.COMPLETED and not request.stages:
            await _check_change(connection, transcription, request)
        await self._admission.check_place(connection, transcription.workspace_id)


async def _check_change(
    connection: Connection, transcription: Transcription, request: StartRequest
) -> None:
    """Check that a job for a complete transcription changes its stages or its channels.

    Raises:
        StateError: it would do the same again.
    """
    before = transcription.options
    if request.options_for(before).diarize is not before.diarize:
        return
    if request.channels is None:
        raise StateError("This transcription is complete. Name the stages to run again.")
    plan = await channels.plan_of(connection, transcription, request.channels)
    if signals_of(plan) == signals_of(transcription.channel_plan):
        raise StateError(
            "This transcription is complete, and its channels would be processed in the same way. "
            "Name the stages to run again."
        )


async def queue_job(
    connection: Connection,
    admission: Admission,
    planner: TaskPlanner,
    transcription: Transcription,
    request: StartRequest,
    *,
    owner: Owner,
    early: EarlyPart | None = None,
) -> Job:
    """Add a job with its tasks for a locked transcription without a live job.

    Stages with an earlier result for the same options start as done. `owner` has the workspace of
    the transcription. The job takes `early` over if its tasks have the same part.

    Raises:
        StateError: a stage must run and the recording has been deleted.
        ConflictError: the idempotency key belongs to another transcription.
        ResourceExhaustedError: the workspace or the address has too much sound in the queue.
    """
    options = request.options_for(transcription.options)
    job_id = f"job_{uuid4().hex}"
    plan = await channels.plan_of(connection, transcription, options.channels)
    signals = signals_of(plan)
    informed = await hot_words.with_terms(
        connection,
        transcription.id,
        transcription.workspace_id,
        options,
        signals,
        again=Stage.TRANSCRIBE in request.stages,
    )
    wanted = {stage: informed.of_stage(stage, signals) for stage in informed.stages}
    tasks = await planner.tasks(connection, transcription, job_id, wanted, request.stages)
    if not transcription.source_available and any(map(_must_run, tasks)):
        tasks = await _from_copy(connection, transcription, request, plan, tasks)
    if early is not None:
        # Meanwhile it may have ended, or given way.
        early = await EarlyParts(connection).lock(transcription.id)
    adopted = None if early is None else adopt(tasks, early)
    if early is not None and adopted is not None:
        tasks, job_id = adopted, early.job_id
    jobs = Jobs(connection)
    added = await jobs.add(
        job_id=job_id,
        transcription_id=transcription.id,
        owner=owner,
        request_id=request.request_id,
        priority=request.priority,
        current_step=QUEUED_STEP,
        trace=telemetry.inject(),
        channel_plan=plan,
        origin=admission.origin(),
    )
    if not added:
        raise _used_elsewhere()
    await Tasks(connection).add(tasks)
    await Transcriptions(connection).started(transcription.id, job_id, options, plan)
    job = await jobs.get(job_id)
    assert job is not None, "it was added in this transaction"
    await admission.check_sound(connection, transcription.workspace_id, job.sound_seconds)
    await JobOutbox(connection).event(messages.job_queued(job))
    if early is None or adopted is None:
        return job
    await EarlyParts(connection).take_over(early)
    await jobs.released([job_id])
    return await Lifecycle(connection).update_progress(job_id) or job


def signals_of(plan: ChannelPlan | None) -> list[Signal]:
    """Return the signals of a plan, none without one."""
    return [] if plan is None else [planned.signal for planned in plan.signals]


def _must_run(task: Task) -> bool:
    return task.stage in WORKER_STAGES and not task.reused


async def _from_copy(
    connection: Connection,
    transcription: Transcription,
    request: StartRequest,
    plan: ChannelPlan | None,
    tasks: Sequence[Task],
) -> list[Task]:
    """Return tasks reading the playback copy in place of the recording."""
    if not request.again:
        raise StateError("The recording was removed. Upload it again.")
    key, copied = await sources.copy_of(connection, transcription)
    signals = signals_of(sources.plan_for_copy(plan, copied))
    read = {"signals": dump_signals(signals)} if signals else {}
    return [
        replace(task, options={**task.options, **read, sources.COPY_KEY: key})
        if _must_run(task)
        else task
        for task in tasks
    ]


def _used_elsewhere() -> ConflictError:
    return ConflictError(
        "The request_id was used to start another transcription.", {"field": "request_id"}
    )
