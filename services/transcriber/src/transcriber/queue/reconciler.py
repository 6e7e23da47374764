"""Reconciliation of the tables with the task stream.

Differences are rare: a worker that dies at every delivery, a lost announcement of a result, or a
NATS server that lost its data.
"""

import datetime as dt
import json
import time
from collections.abc import Callable, Sequence
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
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.bus import Delivery
from common.objects import ObjectStore
from common.postgres import Connection, Database
from securetranscribe.v1 import queue_pb2
from transcriber.domain.jobs import Failure, Stage, Task, TaskState
from transcriber.queue.lifecycle import Lifecycle
from transcriber.queue.workers import WorkerRegistry
from transcriber.store.dead_letters import DeadLetters
from transcriber.store.jobs import Jobs
from transcriber.store.tasks import Tasks
from transcriber.wakeups import WakeUps

_GROUP = "coordinator"
_LOST = "The task was lost repeatedly."
_MOST_RELEASES = 5
_CODES = {Stage.TRANSCRIBE: "TRANSCRIPTION_ERROR", Stage.DIARIZE: "DIARIZATION_ERROR"}
_WORK = {Stage.TRANSCRIBE: "recognizing its speech", Stage.DIARIZE: "telling its speakers apart"}
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Times in seconds before a task counts as lost.

    A task handed out or reported within `recent` is not checked. A message may be missing from
    the stream for `missing` until its result arrives. A task may stay without a worker for
    `stuck` while a worker is idle. A task is checked every `recheck`.
    """

    recent: float = 20.0
    missing: float = 15.0
    stuck: float = 180.0
    recheck: float = 4.0


class LostTaskStep(ItemStep[Task]):
    """Checks tasks handed out but not reported by any worker."""

    name = "lost-tasks"
    items = "tasks that no worker reports"
    outcome = "The task fails. Without recognition its job fails with a reason."
    policy = Policy(at_a_time=100, timeout=60.0)

    def __init__(
        self,
        database: Database,
        stream: JetStreamContext,
        objects: ObjectStore,
        workers: WorkerRegistry,
        wake_ups: WakeUps,
        *,
        delivery: Delivery,
        bucket_results: str,
        thresholds: Thresholds = Thresholds(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(database)
        self._stream = stream
        self._objects = objects
        self._workers = workers
        self._wake_ups = wake_ups
        self._delivery = delivery
        self._bucket = bucket_results
        self._thresholds = thresholds
        self._clock = clock
        self._missing: dict[str, float] = {}
        self._looked_at: dict[str, float] = {}

    async def listen(self, client: Client) -> None:
        """Subscribe to advisories about tasks delivered too often."""

        async def hear(message: Msg) -> None:
            advisory = json.loads(message.data)
            try:
                await self.dead_letter(advisory["stream_seq"], advisory["deliveries"])
            except nats.errors.Error as error:
                # The step finds the task later.
                _log.warning("dead task left for the next check", reason=repr(error))

        await client.subscribe(bus.MAX_DELIVERIES_ADVISORY, queue=_GROUP, cb=hear)

    def key(self, item: Task) -> str:
        """Return the task's id."""
        return item.task_id

    async def due(self, connection: Connection, limit: int) -> Sequence[Task]:
        """Return tasks not reported by any worker for a time."""
        tasks = await Tasks(connection).handed_out()
        now = await Jobs(connection).now()
        known = {task.task_id for task in tasks}
        self._missing = {key: at for key, at in self._missing.items() if key in known}
        self._looked_at = {key: at for key, at in self._looked_at.items() if key in known}
        silent = []
        for task in tasks:
            if self._workers.holds(task.task_id) or _is_recent(task, now, self._thresholds.recent):
                self._missing.pop(task.task_id, None)
            elif (
                self._clock() - self._looked_at.get(task.task_id, -1e9) >= self._thresholds.recheck
            ):
                silent.append(task)
        return silent[:limit]

    async def handle(self, item: Task) -> None:
        """Find and repair one lost task."""
        self._looked_at[item.task_id] = self._clock()
        async with self._database.transaction() as connection:
            now = await Jobs(connection).now()
        await self._check(item, await self._consumer(item.stage), now)

    async def set_aside(self, connection: Connection, item: Task) -> None:
        """Fail the task, and the job if it has no transcript without the task."""
        if await Jobs(connection).lock([item.job_id]):
            failure = Failure(code=_CODES[item.stage], message=_LOST)
            await Tasks(connection).failed(item.task_id, failure)
            await Lifecycle(connection).update_progress(item.job_id)
        self._wake_ups.jobs_changed()

    async def dead_letter(self, sequence: int, deliveries: int) -> None:
        """Fail the task of a message delivered too often, and keep the message as a dead letter."""
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

    async def _check(self, task: Task, consumer: ConsumerInfo | None, now: dt.datetime) -> None:
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
            # Delivered, not held by a worker, and not to be delivered again.
            await self.dead_letter(task.stream_sequence, self._delivery.max_deliver)
        elif delivered and self._is_stuck(task, now):
            await self._remove(task.stream_sequence)
            await self._hand_out_again(task, "no worker takes it")

    def _is_stuck(self, task: Task, now: dt.datetime) -> bool:
        return self._workers.idle(task.stage) > 0 and not _is_recent(
            task, now, self._thresholds.stuck
        )

    async def _missing_from_stream(self, task: Task) -> None:
        """Handle a missing message. Its result may be on the way, or lost, or the task was lost."""
        since = self._missing.setdefault(task.task_id, self._clock())
        if self._clock() - since < self._thresholds.missing:
            return
        self._missing.pop(task.task_id, None)
        if await self._objects.keys(self._bucket, task.result_key):
            _log.warning("found the result of a task without an announcement", task_id=task.task_id)
            async with self._database.transaction() as connection:
                if await Jobs(connection).lock([task.job_id]):
                    await Tasks(connection).done(task.task_id)
                    await Lifecycle(connection).update_progress(task.job_id)
            self._wake_ups.jobs_changed()
            return
        await self._hand_out_again(task, "its message is missing from the stream")

    async def _hand_out_again(self, task: Task, reason: str) -> None:
        _log.warning("task handed out again", task_id=task.task_id, reason=reason)
        async with self._database.transaction() as connection:
            if not await Jobs(connection).lock([task.job_id]):
                return
            if task.releases < _MOST_RELEASES:
                await Tasks(connection).requeue(task.task_id)
            else:
                failure = Failure(code=_CODES[task.stage], message=_LOST)
                await Tasks(connection).failed(task.task_id, failure)
                await Lifecycle(connection).update_progress(task.job_id)
        self._wake_ups.jobs_changed()

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
            await DeadLetters(connection).add(task, deliveries=deliveries, payload=payload)
            failure = Failure(
                code=_CODES[task.stage],
                message=f"The worker died {deliveries} times while {_WORK[task.stage]}. The "
                "recording may need more memory than the workers have.",
            )
            await tasks.failed(task.task_id, failure)
            if live:
                await Lifecycle(connection).update_progress(task.job_id)
            _log.error("workers died at a task", task_id=task_id, deliveries=deliveries)
        self._wake_ups.jobs_changed()

    async def _message(self, sequence: int) -> RawStreamMsg | None:
        try:
            return await self._stream.get_msg(bus.TASKS_STREAM, sequence)
        except NotInStreamError:
            return None

    async def _remove(self, sequence: int) -> None:
        try:
            await self._stream.delete_msg(bus.TASKS_STREAM, sequence)
        except nats.js.errors.Error:
            _log.debug("message already deleted", sequence=sequence)

    async def _consumer(self, stage: Stage) -> ConsumerInfo | None:
        try:
            info: ConsumerInfo = await self._stream.consumer_info(bus.TASKS_STREAM, stage)
        except NotInStreamError:
            await bus.ensure_streams(self._stream, self._delivery)
            return None
        return info


def _is_recent(task: Task, now: dt.datetime, seconds: float) -> bool:
    """Return whether a task was handed out or reported recently."""
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
