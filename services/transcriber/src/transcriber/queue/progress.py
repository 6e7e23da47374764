"""Progress reports of workers, stored in batches and published."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg

from common import bus, logging
from common.background.attempts import ItemAttempts
from common.background.policy import Policy, is_outage
from common.background.steps import BatchStep
from common.events import EventPublisher
from common.postgres import Connection, Database
from securetranscribe.v1 import queue_pb2
from transcriber.domain import progress
from transcriber.domain.jobs import Job, JobStatus, StageProgress
from transcriber.outbox import messages
from transcriber.queue.lifecycle import Lifecycle
from transcriber.queue.queue_status import QueueMonitor
from transcriber.store.jobs import Jobs
from transcriber.store.tasks import ProgressReport, Tasks
from transcriber.wakeups import WakeUps

_GROUP = "coordinator"
#: Least time between stored heartbeats of a task.
_HEARTBEAT_SECONDS = 5.0
#: Least time between stored reports of a task. Its first one is stored at once.
_REPORT_SECONDS = 2.0
#: The progress of a job that has not ended.
_MOST_PERCENT = 99.99
#: Most reports in one transaction.
_AT_ONCE = 1000
_log = logging.get(__name__)


class ProgressRecorder(BatchStep[ProgressReport]):
    """Stores the latest report of each task."""

    name = "progress"
    items = "progress reports of workers"
    outcome = "The task goes on. Its progress is not shown."
    policy = Policy(most_attempts=3)

    def __init__(
        self,
        database: Database,
        monitor: QueueMonitor,
        publisher: EventPublisher,
        wake_ups: WakeUps,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(database)
        self._monitor = monitor
        self._publisher = publisher
        self._wake_ups = wake_ups
        self._clock = clock
        self._heard: dict[str, ProgressReport] = {}
        self._written: dict[str, float] = {}
        self._taken: dict[str, ProgressReport] = {}
        self._changed: dict[str, Job] = {}

    async def listen(self, client: Client) -> None:
        """Subscribe to progress reports. Each is received by one replica."""

        async def hear(message: Msg) -> None:
            report = queue_pb2.TaskProgress.FromString(message.data)
            self.note(
                ProgressReport(
                    # The client logs exceptions raised here and continues.
                    task_id=str(UUID(report.task_id)),
                    worker_id=report.worker_id,
                    fraction=min(1.0, max(0.0, report.fraction)),
                    step=report.step,
                )
            )

        await client.subscribe(bus.progress_subject("*"), queue=_GROUP, cb=hear)

    def note(self, sign: ProgressReport) -> None:
        """Keep a report until the next step."""
        pending = self._heard.get(sign.task_id)
        if pending is not None:
            waited = max(sign.queued_seconds, pending.queued_seconds)
            sign = replace(sign, queued_seconds=waited)
        self._heard[sign.task_id] = sign
        before = self._written.get(sign.task_id)
        rest = 0.0 if before is None else before + _REPORT_SECONDS - self._clock()
        self._wake_ups.progress.notify_in(rest)

    def note_heartbeat(self, sign: ProgressReport) -> None:
        """Keep a heartbeat of a task until the next step, unless one was stored recently."""
        before = self._written.get(sign.task_id)
        if before is not None and self._clock() - before < _HEARTBEAT_SECONDS:
            return
        pending = self._heard.get(sign.task_id)
        if pending is None or pending.queued:
            self.note(sign)

    async def step(self) -> None:
        """Store the newest report of each task, all at once if each of them can be stored."""
        while self._heard:
            try:
                async with self._database.transaction() as connection:
                    self._taken = dict(islice(self._heard.items(), _AT_ONCE))
                    self._changed = {}
                    started = await self.handle_together(connection, self._taken)
            except Exception as error:
                if is_outage(error):
                    raise
                _log.warning("reports of progress are stored one by one", exc_info=error)
                await super().step()
                return
            if started:
                self._wake_ups.jobs_changed()
            full = len(self._taken) == _AT_ONCE
            await self.committed()
            if not full:
                return

    async def handle_together(
        self, connection: Connection, reports: Mapping[str, ProgressReport]
    ) -> bool:
        """Store reports by task. Return whether they have started a job."""
        tasks, jobs = Tasks(connection), Jobs(connection)
        reported = [one for one in await tasks.reported(list(reports)) if not one.rests]
        signs = {one.task_id: reports[one.task_id] for one in reported}
        locked = {
            job.job_id: job for job in await jobs.lock_all(sorted({one.job_id for one in reported}))
        }
        await tasks.seen(list(signs.values()))
        # Heartbeats of running tasks change no job. A task that waits for its worker starts none.
        moved = {
            one.job_id
            for one in reported
            if one.job_id in locked
            and not signs[one.task_id].queued
            and not (one.running and signs[one.task_id].is_heartbeat)
        }
        stages = await tasks.of_jobs(sorted(moved)) if moved else {}
        started = False
        for job_id, of_job in stages.items():
            before = locked[job_id]
            if before.status is JobStatus.QUEUED:
                job = await Lifecycle(connection).update_progress(job_id)
                started = True
            else:
                job = _progressed(before, progress.stages_of(of_job))
            if job is not None and _differ(job, before):
                self._changed[job_id] = job
        if self._changed:
            await jobs.progressed(list(self._changed.values()))
        return started

    def key(self, item: ProgressReport) -> str:
        """Return the task's id."""
        return item.task_id

    async def due(self, connection: Connection, limit: int) -> Sequence[ProgressReport]:
        """Lock the live jobs and return the newest report of each task.

        Heartbeats of running tasks change no job, and are stored all at once.
        """
        self._changed = {}
        tasks = Tasks(connection)
        beats = {key: sign for key, sign in self._heard.items() if sign.is_heartbeat}
        running = await tasks.running(list(beats)) if beats else set()
        beats = {key: sign for key, sign in beats.items() if key in running}
        others = dict(islice(((k, v) for k, v in self._heard.items() if k not in beats), limit))
        self._taken = beats | others
        if not self._taken:
            return []
        resting = await ItemAttempts(connection).resting(self.name, list(others))
        # All at once and in order, so that replicas cannot deadlock.
        await Jobs(connection).lock(await tasks.jobs_of(list(self._taken)))
        if beats:
            await tasks.seen(list(beats.values()))
        return [sign for task_id, sign in others.items() if task_id not in resting]

    async def handle(self, connection: Connection, item: ProgressReport) -> None:
        """Store one report."""
        tasks, jobs = Tasks(connection), Jobs(connection)
        live = await jobs.lock(await tasks.jobs_of([item.task_id]))
        before = {job.job_id: job for job in await jobs.get_all(live)}
        await tasks.seen([item])
        # A task that waits for its worker does not start its job.
        for job_id in [] if item.queued else live:
            job = await Lifecycle(connection).update_progress(job_id)
            if job is None:
                continue
            if _differ(job, before[job_id]):
                self._changed[job_id] = job
            if job.status is not before[job_id].status:
                self._wake_ups.jobs_changed()

    async def committed(self) -> None:
        """Drop stored reports and publish the progress of their jobs."""
        taken, self._taken = self._taken, {}
        for task_id, sign in taken.items():
            # Another object is a newer report.
            if self._heard.get(task_id) is sign:
                del self._heard[task_id]
        now = self._clock()
        self._written = {
            task_id: at for task_id, at in self._written.items() if now - at < _HEARTBEAT_SECONDS
        } | dict.fromkeys(taken, now)
        changed, self._changed = self._changed, {}
        await self._announce(list(changed.values()))

    async def _announce(self, jobs: list[Job]) -> None:
        if not jobs:
            return
        ends = await self._monitor.expected_ends()
        for job in jobs:
            await self._publisher.publish(messages.job_progress(job, ends.get(job.job_id)))


def _progressed(job: Job, stages: Sequence[StageProgress]) -> Job:
    """Return a running job with the progress of its stages, which never falls."""
    return replace(
        job,
        progress=max(job.progress, min(progress.percent(stages), _MOST_PERCENT)),
        current_step=progress.current_step(stages),
    )


def _differ(job: Job, before: Job) -> bool:
    return (job.progress, job.current_step) != (before.progress, before.current_step)
