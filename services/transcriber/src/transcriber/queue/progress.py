"""Progress reports of workers, stored in batches and published."""

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg

from common import bus
from common.background.attempts import ItemAttempts
from common.background.policy import Policy
from common.background.steps import BatchStep
from common.events import EventPublisher
from common.postgres import Connection, Database
from securetranscribe.v1 import queue_pb2
from transcriber.domain.jobs import Job
from transcriber.outbox import messages
from transcriber.queue.lifecycle import Lifecycle
from transcriber.queue.queue_status import QueueMonitor
from transcriber.store.jobs import Jobs
from transcriber.store.tasks import ProgressReport, Tasks
from transcriber.wakeups import WakeUps

_GROUP = "coordinator"
#: Least time between stored heartbeats of a task.
_HEARTBEAT_SECONDS = 5.0


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
            progress = queue_pb2.TaskProgress.FromString(message.data)
            UUID(progress.task_id)  # The client logs exceptions raised here and continues.
            self.note(
                ProgressReport(
                    task_id=progress.task_id,
                    worker_id=progress.worker_id,
                    fraction=min(1.0, max(0.0, progress.fraction)),
                    step=progress.step,
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
        self._wake_ups.progress.notify()

    def note_heartbeat(self, sign: ProgressReport) -> None:
        """Keep a heartbeat of a task until the next step, unless one was stored recently."""
        before = self._written.get(sign.task_id)
        if before is not None and self._clock() - before < _HEARTBEAT_SECONDS:
            return
        pending = self._heard.get(sign.task_id)
        if pending is None or pending.queued:
            self.note(sign)
        self._wake_ups.progress.notify()

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
        forecast = await self._monitor.recent_forecast()
        now = dt.datetime.now(dt.UTC)
        for job in jobs:
            seconds = forecast.end.get(job.job_id)
            expected = None if seconds is None else now + dt.timedelta(seconds=seconds)
            await self._publisher.publish(messages.job_progress(job, expected))


def _differ(job: Job, before: Job) -> bool:
    return (job.progress, job.current_step) != (before.progress, before.current_step)
