"""Finds what was lost between the tables and the stream of tasks, and puts it right.

Usually there is nothing to find. It takes a worker that dies again and again, an announcement that
went missing, or a NATS server that lost its data.
"""

import datetime as dt
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import nats.errors
import nats.js.errors
from google.protobuf.message import DecodeError
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo, RawStreamMsg
from nats.js.errors import NotFoundError as NotInStreamError

from common import bus, logging
from common.bus import Delivery
from common.objects import ObjectStore
from common.postgres import Connection, Database
from securetranscribe.v1 import queue_pb2
from transcriber.domain.jobs import WORKER_STAGES, Failure, Job, Stage, Task, TaskState
from transcriber.queue.lifecycle import Lifecycle
from transcriber.queue.workers import Fleet
from transcriber.store import locks
from transcriber.store.jobs import Jobs
from transcriber.store.outbox import Outbox
from transcriber.store.tasks import Tasks
from transcriber.store.transcriptions import Transcriptions
from transcriber.wakeups import Bells

_GROUP = "coordinator"
_MOST_RELEASES = 5
#: How long a merge may take beyond the time for processing (seconds).
_MERGE_SECONDS = 600.0
_CODES = {Stage.TRANSCRIBE: "TRANSCRIPTION_ERROR", Stage.DIARIZE: "DIARIZATION_ERROR"}
_WORK = {Stage.TRANSCRIBE: "recognising its speech", Stage.DIARIZE: "telling its speakers apart"}
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long (seconds) things may look wrong before they are taken to be.

    A task that was handed out or heard of within `young` is not looked into; a message may be
    gone from the stream for `missing` before its result must have come; a task may stay with
    nobody for `forgotten` while a worker has nothing to do.
    """

    young: float = 20.0
    missing: float = 15.0
    forgotten: float = 180.0


class Reconciler:
    """Looks after tasks that workers should have, and after jobs that take too long."""

    def __init__(
        self,
        database: Database,
        stream: JetStreamContext,
        objects: ObjectStore,
        fleet: Fleet,
        bells: Bells,
        *,
        delivery: Delivery,
        bucket_results: str,
        processing_timeout: float,
        patience: Patience = Patience(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._stream = stream
        self._objects = objects
        self._fleet = fleet
        self._bells = bells
        self._delivery = delivery
        self._bucket = bucket_results
        self._processing_timeout = processing_timeout
        self._patience = patience
        self._clock = clock
        self._missing: dict[str, float] = {}

    async def listen(self, client: Client) -> None:
        """Hears from now on when a task was delivered too often."""

        async def hear(message: Msg) -> None:
            advisory = json.loads(message.data)
            try:
                await self.bury(advisory["stream_seq"], advisory["deliveries"])
            except nats.errors.Error as error:
                # The regular look finds it too, only later.
                _log.warning("a dead task is left for later", reason=repr(error))

        await client.subscribe(bus.MAX_DELIVERIES_ADVISORY, queue=_GROUP, cb=hear)

    async def step(self) -> None:
        """Looks once; of several replicas one does."""
        async with self._database.transaction() as connection:
            if not await locks.attempt(connection, locks.RECONCILE):
                return
            await self._end_overdue()
            tasks = await Tasks(connection).handed_out()
            await self._look_into(tasks, await Jobs(connection).now())

    async def bury(self, sequence: int, deliveries: int) -> None:
        """Fails the task of a message that no worker could finish, and keeps it aside."""
        message = await self._message(sequence)
        if message is None:
            return
        try:
            task_id = queue_pb2.Task.FromString(message.data or b"").task_id
        except DecodeError:
            task_id = ""
        if task_id:
            await self._fail_dead(task_id, deliveries, message.data or b"")
        await self._remove(sequence)

    async def _end_overdue(self) -> None:
        """Ends what has been processed for too long, saving the transcript where there is one."""
        async with self._database.transaction() as connection:
            overdue = await Jobs(connection).overdue(self._processing_timeout)
            jobs = await Jobs(connection).get(overdue)
        for job in jobs:
            async with self._database.transaction() as connection:
                await Transcriptions(connection).lock(job.transcription_id)
                if await Jobs(connection).lock([job.job_id]):
                    await self._end(connection, job)
            self._bells.jobs_changed()

    async def _end(self, connection: Connection, job: Job) -> None:
        tasks = await Tasks(connection).of_job(job.job_id)
        seconds = f"{self._processing_timeout:.0f} seconds"
        missing = [task for task in tasks if task.stage in WORKER_STAGES and not task.state.settled]
        if missing and all(task.stage is Stage.DIARIZE for task in missing):
            failure = Failure(
                code=_CODES[Stage.DIARIZE], message=f"It took longer than the allowed {seconds}."
            )
            for task in missing:
                await Tasks(connection).failed(task.task_id, failure)
            await Outbox(connection).withdraw_tasks(job.job_id)
            await Outbox(connection).cancellation(job.job_id)
            await Lifecycle(connection).at_work(job.job_id)
            return
        merging = not missing
        now = await Jobs(connection).now()
        if merging and job.processing_seconds(now) < self._processing_timeout + _MERGE_SECONDS:
            return
        failure = Failure(
            code=_CODES[Stage.TRANSCRIBE],
            message=f"Processing took longer than the allowed {seconds}. "
            "A shorter recording, or more and faster workers, may help.",
        )
        await Lifecycle(connection).fail(job, failure, stop_workers=True)
        _log.warning("a job took too long", job_id=job.job_id)

    async def _look_into(self, tasks: list[Task], now: dt.datetime) -> None:
        consumers: dict[Stage, ConsumerInfo | None] = {}
        for task in tasks:
            if self._fleet.holds(task.task_id) or _is_young(task, now, self._patience.young):
                self._missing.pop(task.task_id, None)
                continue
            if task.stage not in consumers:
                consumers[task.stage] = await self._consumer(task.stage)
            await self._look_at(task, consumers[task.stage], now)
        known = {task.task_id for task in tasks}
        self._missing = {key: at for key, at in self._missing.items() if key in known}

    async def _look_at(self, task: Task, consumer: ConsumerInfo | None, now: dt.datetime) -> None:
        message = None
        if task.stream_sequence is not None:
            message = await self._message(task.stream_sequence)
        if message is None or not _is_of(message, task):
            await self._missing_from_stream(task)
            return
        self._missing.pop(task.task_id, None)
        if consumer is None or consumer.delivered is None or task.stream_sequence is None:
            return
        delivered = consumer.delivered.stream_seq >= task.stream_sequence
        if delivered and not consumer.num_ack_pending and not consumer.num_pending:
            # Delivered, not in anyone's hands, and not going to be delivered again.
            await self.bury(task.stream_sequence, self._delivery.max_deliver)
        elif delivered and self._is_forgotten(task, now):
            await self._remove(task.stream_sequence)
            await self._again(task, "nobody takes it")

    def _is_forgotten(self, task: Task, now: dt.datetime) -> bool:
        return self._fleet.idle(task.stage) and not _is_young(task, now, self._patience.forgotten)

    async def _missing_from_stream(self, task: Task) -> None:
        """The message is gone: its result is on its way, or was lost, or the task itself was."""
        since = self._missing.setdefault(task.task_id, self._clock())
        if self._clock() - since < self._patience.missing:
            return
        self._missing.pop(task.task_id, None)
        if await self._objects.keys(self._bucket, task.result_key):
            _log.warning("a result was found that nobody announced", task_id=task.task_id)
            async with self._database.transaction() as connection:
                if await Jobs(connection).lock([task.job_id]):
                    await Tasks(connection).done(task.task_id)
                    await Lifecycle(connection).at_work(task.job_id)
            self._bells.jobs_changed()
            return
        await self._again(task, "it is gone from the stream")

    async def _again(self, task: Task, reason: str) -> None:
        _log.warning("a task is handed out again", task_id=task.task_id, reason=reason)
        async with self._database.transaction() as connection:
            if not await Jobs(connection).lock([task.job_id]):
                return
            if task.releases < _MOST_RELEASES:
                await Tasks(connection).take_back(task.task_id)
            else:
                failure = Failure(
                    code=_CODES[task.stage], message="The work on it was lost again and again."
                )
                await Tasks(connection).failed(task.task_id, failure)
                await Lifecycle(connection).at_work(task.job_id)
        self._bells.jobs_changed()

    async def _fail_dead(self, task_id: str, deliveries: int, payload: bytes) -> None:
        async with self._database.transaction() as connection:
            tasks = Tasks(connection)
            task = await tasks.find(task_id)
            if task is None:
                return
            live = await Jobs(connection).lock([task.job_id])
            task = await tasks.find(task_id)
            if task is None or task.state not in {TaskState.RELEASED, TaskState.RUNNING}:
                return
            await tasks.bury(task, deliveries=deliveries, payload=payload)
            failure = Failure(
                code=_CODES[task.stage],
                message=f"The worker died {deliveries} times while {_WORK[task.stage]}. The "
                "recording may need more memory than the workers have.",
            )
            await tasks.failed(task.task_id, failure)
            if live:
                await Lifecycle(connection).at_work(task.job_id)
            _log.error("workers die at a task", task_id=task_id, deliveries=deliveries)
        self._bells.jobs_changed()

    async def _message(self, sequence: int) -> RawStreamMsg | None:
        try:
            return await self._stream.get_msg(bus.TASKS_STREAM, sequence)
        except NotInStreamError:
            return None

    async def _remove(self, sequence: int) -> None:
        try:
            await self._stream.delete_msg(bus.TASKS_STREAM, sequence)
        except nats.js.errors.Error:
            _log.debug("the message was gone already", sequence=sequence)

    async def _consumer(self, stage: Stage) -> ConsumerInfo | None:
        try:
            info: ConsumerInfo = await self._stream.consumer_info(bus.TASKS_STREAM, stage)
        except NotInStreamError:
            await bus.ensure_streams(self._stream, self._delivery)
            return None
        return info


def _is_young(task: Task, now: dt.datetime, seconds: float) -> bool:
    """Whether something was heard of a task not long ago."""
    latest = max(
        (moment for moment in (task.released_at, task.heartbeat_at) if moment is not None),
        default=None,
    )
    return latest is not None and (now - latest).total_seconds() < seconds


def _is_of(message: RawStreamMsg, task: Task) -> bool:
    try:
        return queue_pb2.Task.FromString(message.data or b"").task_id == task.task_id
    except DecodeError:
        return False
