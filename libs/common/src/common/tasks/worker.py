"""A worker's life: take a task, do it in a thread, keep it alive, hand in the result, acknowledge.

The order is what makes a task safe: the result object is written under a key that the task names,
then the result is announced under the task's id, and only then is the task acknowledged. Dying
anywhere in between means that another worker does it again, with the same outcome, or announces
what it finds done.
"""

import asyncio
import contextlib
import contextvars
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import nats.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus, logging, message_spans, telemetry
from common.bus import Delivery
from common.errors import ApplicationError, NotFoundError, UnavailableError
from common.objects import ObjectStore
from common.tasks.cancellations import Cancellations
from common.tasks.message import TaskMessage
from common.tasks.presence import WorkerPresence
from common.tasks.results import TaskResults
from common.tasks.task import ProgressReporter, TaskCancelledError, TaskControl, TaskHandler
from securetranscribe.v1 import queue_pb2

__all__ = ["TaskCancelledError", "TaskControl", "TaskHandler", "TaskWorker", "WorkerOptions"]

_log = logging.get(__name__)
_RETRY_SECONDS = 2.0
_OUTAGE_RETRY_SECONDS = 2.0
_FETCH_SECONDS = 2.0
Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """Who the worker is and what it takes."""

    worker_id: str
    stage: str
    device: str
    failure: type[ApplicationError]
    bucket_audio: str
    bucket_results: str
    delivery: Delivery = field(default_factory=Delivery)
    shutdown_grace_seconds: float = 20


class TaskWorker:
    """Takes tasks of one stage, one at a time, until it is told to stop."""

    def __init__(
        self,
        *,
        client: Client,
        stream: JetStreamContext,
        objects: ObjectStore,
        handler: TaskHandler,
        options: WorkerOptions,
        executor: Executor | None = None,
    ) -> None:
        """`executor` runs the handler; by default a thread of the worker's own."""
        self._client = client
        self._stream = stream
        self._objects = objects
        self._handler = handler
        self._options = options
        self._thread = executor or ThreadPoolExecutor(1, thread_name_prefix=options.stage)
        self._owns_thread = executor is None
        self._presence = WorkerPresence(
            client, worker_id=options.worker_id, stage=options.stage, device=options.device
        )
        self._results = TaskResults(
            stream,
            objects,
            bucket=options.bucket_results,
            stage=options.stage,
            worker_id=options.worker_id,
        )
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._control: TaskControl | None = None

    async def run(self) -> None:
        """Works until `stop`; returns when the task in hand is done or given back."""
        cancelled = await Cancellations.listen(self._client, self._stream)
        consumer = await self._stream.pull_subscribe_bind(
            durable=self._options.stage, stream=bus.TASKS_STREAM
        )
        _log.info("worker ready", stage=self._options.stage, device=self._options.device)
        while not self._stopping.is_set():
            try:
                messages = await consumer.fetch(1, timeout=_FETCH_SECONDS)
            except TimeoutError:  # the client raises its own kind, and at times the plain one
                continue
            except nats.errors.Error as error:
                _log.warning("cannot fetch tasks", error=str(error))
                await asyncio.sleep(1)
                continue
            for message in messages:
                await self._take(TaskMessage(message), cancelled)
        if self._owns_thread:
            self._thread.shutdown(wait=False)

    async def heartbeat(self) -> None:
        """Shows for ever that the worker is alive; run it beside `run`."""
        await self._presence.run()

    async def stop(self) -> None:
        """Takes no further task; a task in hand may finish within the grace, else is given back."""
        self._stopping.set()
        await self._presence.draining()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._options.shutdown_grace_seconds):
                await self._idle.wait()
        if self._control is not None:
            self._control.stop()
        await self._idle.wait()

    async def _take(self, message: TaskMessage, cancelled: Cancellations) -> None:
        task = message.task()
        if task is None:
            _log.error("a message among the tasks is not a task; discarded")
            await message.discard()
            return
        if self._stopping.is_set():
            await self._hand_back(task, message)
            return
        self._idle.clear()
        reporter = ProgressReporter(
            lambda fraction, step: self._presence.progress(task, fraction, step)
        )
        self._control = control = TaskControl(reporter)
        ids = structlog.contextvars.bound_contextvars(
            task_id=task.task_id, job_id=task.job_id, session_id=task.session_id
        )
        try:
            with ids, cancelled.watched(task.job_id, control):
                await self._presence.at(task.task_id)
                await self._observed(task, message, cancelled, control)
        finally:
            self._control = None
            self._idle.set()
            await self._presence.at("")

    async def _observed(
        self,
        task: queue_pb2.Task,
        message: TaskMessage,
        cancelled: Cancellations,
        control: TaskControl,
    ) -> None:
        """Does a task under its trace, and measures it."""
        stage = self._options.stage
        begun = time.perf_counter()
        outcome = "error"
        telemetry.WORKER_BUSY.labels(stage).set(1)
        try:
            with (
                message_spans.receiving(bus.tasks_subject(stage), message.headers),
                telemetry.tracer().start_as_current_span(f"task {stage}"),
            ):
                alive = message.kept_alive(
                    self._options.delivery.ack_wait_seconds / 3, cancelled.look_up
                )
                async with alive:
                    outcome = await self._work(task, message, cancelled, control)
                seconds = time.perf_counter() - begun
                _log.info("task ended", outcome=outcome, seconds=round(seconds, 2))
        finally:
            seconds = time.perf_counter() - begun
            telemetry.WORKER_BUSY.labels(stage).set(0)
            telemetry.TASK_SECONDS.labels(stage, outcome).observe(seconds)
            duration = task.audio_duration.ToTimedelta().total_seconds()
            if outcome == "done" and duration:
                telemetry.REAL_TIME_FACTOR.labels(stage).observe(seconds / duration)

    async def _work(
        self,
        task: queue_pb2.Task,
        message: TaskMessage,
        cancelled: Cancellations,
        control: TaskControl,
    ) -> str:
        """Does the task and settles its message; returns the outcome as a word."""
        begun = time.perf_counter()
        try:
            if await cancelled.include(task.job_id):
                raise TaskCancelledError
            if not await self._outlasting_outages(lambda: self._results.stored(task), control):
                result = await self._outlasting_outages(
                    lambda: self._handle(task, control), control
                )
                await self._outlasting_outages(lambda: self._results.store(task, result), control)
        except Exception as error:
            if isinstance(error, TaskCancelledError):
                if await cancelled.include(task.job_id):
                    await message.done()
                    return "cancelled"
                if self._stopping.is_set():
                    await self._hand_back(task, message)
                    return "given back"
            failure = self._failure(error, message.attempt)
            if failure is None:
                await message.give_back(delay_seconds=_RETRY_SECONDS * 2 ** (message.attempt - 1))
                return "error"
            await self._results.announce(task, begun=begun, failure=failure)
            await message.done()
            return "failed"
        await self._results.announce(task, begun=begun)
        await message.done()
        return "done"

    async def _hand_back(self, task: queue_pb2.Task, message: TaskMessage) -> None:
        """Leaves a task to others.

        The coordinator hands it out anew, since another delivery of the same message would count
        as a failed attempt, and stopping a worker says nothing against its task.
        """
        if await self._results.give_back(task, message.attempt):
            await message.done()
        else:
            await message.give_back()

    def _failure(self, error: Exception, attempt: int) -> ApplicationError | None:
        """What the user is told, or None when the task is to be tried again."""
        if isinstance(error, ApplicationError):
            _log.warning("the task cannot be done", code=error.code)
            return error
        _log.error("task failed", attempt=attempt, exc_info=error)
        if attempt < self._options.delivery.max_deliver:
            return None
        return self._options.failure(
            f"The {self._options.stage} stage failed {attempt} times ({type(error).__name__}); "
            "the worker's log says why."
        )

    async def _handle(self, task: queue_pb2.Task, control: TaskControl) -> bytes:
        try:
            audio = await self._objects.open(self._options.bucket_audio, task.audio_key)
        except NotFoundError:
            raise NotFoundError(
                "The recording is not stored any more; upload it again to transcribe it."
            ) from None
        # A thread of an executor starts with an empty context; the ids and the trace go with it.
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, context.run, self._handler, task, audio, control
        )

    async def _outlasting_outages(
        self, attempt: Callable[[], Awaitable[Answer]], control: TaskControl
    ) -> Answer:
        """Tries again while a server is away: an outage is not the task's fault."""
        while True:
            try:
                return await attempt()
            except UnavailableError as error:
                _log.warning("a server is away; the task waits", reason=error.message)
                await asyncio.sleep(_OUTAGE_RETRY_SECONDS)
                if control.cancelled():
                    raise TaskCancelledError from error
