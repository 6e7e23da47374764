"""Takes in what workers say of their progress, writes it down in bundles, and makes it public."""

import datetime as dt
import time
from collections.abc import Callable

from nats.aio.client import Client
from nats.aio.msg import Msg

from common import bus
from common.events import EventPublisher
from common.postgres import Database
from securetranscribe.v1 import queue_pb2
from transcriber.domain.jobs import Job
from transcriber.outbox import messages
from transcriber.queue.lifecycle import Lifecycle
from transcriber.queue.queue_status import QueueView
from transcriber.store.jobs import Jobs
from transcriber.store.tasks import SignOfWork, Tasks
from transcriber.wakeups import Bells

_GROUP = "coordinator"
#: A heartbeat that says nothing new is written down only so often.
_HEARTBEAT_SECONDS = 5.0


class ProgressRecorder:
    """The last thing that was heard of each task, until it is written down."""

    def __init__(
        self,
        database: Database,
        view: QueueView,
        publisher: EventPublisher,
        bells: Bells,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._view = view
        self._publisher = publisher
        self._bells = bells
        self._clock = clock
        self._heard: dict[str, SignOfWork] = {}
        self._written: dict[str, float] = {}

    async def listen(self, client: Client) -> None:
        """Hears progress from now on; of several replicas one hears each message."""

        async def hear(message: Msg) -> None:
            progress = queue_pb2.TaskProgress.FromString(message.data)
            self.note(
                SignOfWork(
                    task_id=progress.task_id,
                    worker_id=progress.worker_id,
                    fraction=min(1.0, max(0.0, progress.fraction)),
                    step=progress.step,
                )
            )

        await client.subscribe(bus.progress_subject("*"), queue=_GROUP, cb=hear)

    def note(self, sign: SignOfWork) -> None:
        """Notes progress of a task."""
        self._heard[sign.task_id] = sign
        self._bells.progress.ring()

    def note_heartbeat(self, task_id: str, worker_id: str) -> None:
        """Notes that a worker is at a task, unless that was written down a moment ago."""
        before = self._written.get(task_id)
        if before is None or self._clock() - before >= _HEARTBEAT_SECONDS:
            self._heard.setdefault(task_id, SignOfWork(task_id=task_id, worker_id=worker_id))
            self._bells.progress.ring()

    async def step(self) -> None:
        """Writes down what was heard since the last time."""
        if not self._heard:
            return
        heard, self._heard = self._heard, {}
        try:
            jobs = await self._write(list(heard.values()))
        except BaseException:
            # What was heard in the meantime is newer.
            self._heard = {**heard, **self._heard}
            raise
        now = self._clock()
        self._written = {
            task_id: at for task_id, at in self._written.items() if now - at < _HEARTBEAT_SECONDS
        } | dict.fromkeys(heard, now)
        await self._announce(jobs)

    async def _write(self, signs: list[SignOfWork]) -> list[Job]:
        changed: list[Job] = []
        async with self._database.transaction() as connection:
            tasks, jobs = Tasks(connection), Jobs(connection)
            known = await tasks.jobs_of([sign.task_id for sign in signs])
            live = await jobs.lock(known)
            before = {job.job_id: job for job in await jobs.get(live)}
            await tasks.seen(signs)
            for job_id in live:
                job = await Lifecycle(connection).at_work(job_id)
                if job is not None and _differ(job, before[job_id]):
                    changed.append(job)
                if job is not None and job.status is not before[job_id].status:
                    self._bells.jobs_changed()
        return changed

    async def _announce(self, jobs: list[Job]) -> None:
        if not jobs:
            return
        forecast = await self._view.recent_forecast()
        now = dt.datetime.now(dt.UTC)
        for job in jobs:
            seconds = forecast.end.get(job.job_id)
            expected = None if seconds is None else now + dt.timedelta(seconds=seconds)
            await self._publisher.publish(messages.job_progress(job, expected))


def _differ(job: Job, before: Job) -> bool:
    return (job.progress, job.current_step) != (before.progress, before.current_step)
