"""A worker's loop: take a task, do it in a thread, keep it alive, hand in the result, acknowledge.

The order makes a task safe: the result object is written under the task's key, then the result is
announced under the task's id, and only then the task is acknowledged. If the worker dies in
between, another one does the task again, with the same outcome, or announces the stored result.
"""

import asyncio
import contextlib
import time

import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus, logging, message_spans, telemetry
from common.inference import Inference
from common.signed_objects import AccessExpiredError, SignedObjects
from common.tasks.attempt import TaskAttempts, failure_of
from common.tasks.cancellations import Cancellations
from common.tasks.interruption import (
    InterruptedWorkError,
    LostThreadError,
    PreventedWorkError,
)
from common.tasks.message import TaskMessage
from common.tasks.options import WorkerOptions
from common.tasks.parts import sound_seconds
from common.tasks.presence import WorkerPresence
from common.tasks.results import TaskResults
from common.tasks.task import ProgressReporter, TaskCancelledError, TaskControl, TaskHandler
from securetranscribe.v1 import queue_pb2

__all__ = ["TaskCancelledError", "TaskControl", "TaskHandler", "TaskWorker", "WorkerOptions"]

_log = logging.get(__name__)
_RETRY_SECONDS = 2.0
_FETCH_SECONDS = 2.0
#: How often a worker looks whether a task of its process no longer has to run alone.
_SHUT_SECONDS = 0.25
#: A stopping worker waits for so long until an interrupted task is given back.
_SETTLE_SECONDS = 4.0


class TaskWorker:
    """Takes tasks of one stage, one at a time, until stopped.

    A process that works on several recordings at once has several of these, with one Inference.
    """

    def __init__(
        self,
        *,
        client: Client,
        stream: JetStreamContext,
        objects: SignedObjects,
        handler: TaskHandler,
        options: WorkerOptions,
        inference: Inference | None = None,
    ) -> None:
        """`inference` runs the handler, by default on a thread of the worker's own."""
        self._client = client
        self._stream = stream
        self._options = options
        self._inference = inference or Inference(options.stage)
        self._owns_inference = inference is None
        self._presence = WorkerPresence(
            client,
            worker_id=options.worker_id,
            stage=options.stage,
            device=options.device,
            models=options.models,
        )
        self._results = TaskResults(
            stream,
            objects,
            stage=options.stage,
            worker_id=options.worker_id,
        )
        self._attempts = TaskAttempts(
            objects=objects,
            results=self._results,
            handler=handler,
            inference=self._inference,
        )
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._control: TaskControl | None = None
        self._current: asyncio.Task[None] | None = None
        self._pause_seconds = 0.0

    async def run(self) -> None:
        """Work until `stop`. Returns when the current task is done or given back.

        No error of a task ends the loop. It also ends when the process is to be replaced (see
        Inference).
        """
        cancelled = await Cancellations.listen(self._client, self._stream)
        consumer = await self._stream.pull_subscribe_bind(
            durable=self._options.stage, stream=bus.TASKS_STREAM
        )
        _log.info("worker ready", stage=self._options.stage, device=self._options.device)
        while not self._stopping.is_set() and not self._replacing:
            if self._inference.shut:
                await asyncio.sleep(_SHUT_SECONDS)
                continue
            try:
                messages = await consumer.fetch(1, timeout=_FETCH_SECONDS)
            except TimeoutError:  # the client raises its own kind, and at times the plain one
                continue
            except Exception as error:
                _log.warning("cannot fetch tasks", error=str(error))
                await asyncio.sleep(1)
                continue
            for message in messages:
                await self._isolated(TaskMessage(message), cancelled)
        if self._owns_inference:
            self._inference.close()

    async def heartbeat(self) -> None:
        """Publish heartbeats until cancelled. Run it next to `run`."""
        await self._presence.run()

    async def retire(self) -> None:
        """Take no further task. Returns when the current one is settled."""
        self._stopping.set()
        await self._presence.draining()
        await self._idle.wait()

    async def stop(self) -> None:
        """Take no further task. The current one may finish within the grace, else is given back.

        A task that cannot be settled after that, because NATS is away, is left to redelivery.
        """
        self._stopping.set()
        await self._presence.draining()
        if await self._idle_within(self._options.shutdown_grace_seconds):
            return
        if self._control is not None:
            self._control.stop()
        if await self._idle_within(_SETTLE_SECONDS) or self._current is None:
            return
        _log.warning("cannot settle the task, which will be redelivered")
        self._current.cancel()
        await self._idle.wait()

    async def _idle_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        return self._idle.is_set()

    async def _isolated(self, message: TaskMessage, cancelled: Cancellations) -> None:
        """Take a task. An error of handling it does not end the worker."""
        self._current = asyncio.create_task(self._take(message, cancelled), name="task")
        try:
            await self._current
        except asyncio.CancelledError:
            if not self._stopping.is_set():
                raise
        except Exception as error:
            _log.error("cannot settle the task, which will be retried", exc_info=error)
            await message.give_back(delay_seconds=_RETRY_SECONDS)
        if self._pause_seconds and not self._replacing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause_seconds):
                    await self._stopping.wait()
        self._pause_seconds = 0.0

    async def _take(self, message: TaskMessage, cancelled: Cancellations) -> None:
        task = message.task()
        if task is None:
            _log.error("message discarded, because it is not a task")
            await message.discard()
            return
        if self._stopping.is_set() or self._replacing:
            await self._hand_back(task, message)
            return
        self._idle.clear()
        reporter = ProgressReporter(
            lambda fraction, step: self._presence.progress(task, fraction, step)
        )
        self._control = control = TaskControl(reporter)
        control.queued = self._inference.busy
        ids = structlog.contextvars.bound_contextvars(
            task_id=task.task_id, job_id=task.job_id, session_id=task.session_id
        )
        try:
            with ids, cancelled.watched(task.job_id, control):
                await self._presence.at(task.task_id, control)
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
        """Do a task under its trace, and measure it."""
        stage = self._options.stage
        begun = time.perf_counter()
        outcome = "error"
        telemetry.WORKER_BUSY.labels(stage).inc()
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
                seconds = time.perf_counter() - begun - control.queued_seconds
                _log.info("task ended", outcome=outcome, seconds=round(seconds, 2))
        finally:
            seconds = time.perf_counter() - begun - control.queued_seconds
            telemetry.WORKER_BUSY.labels(stage).dec()
            telemetry.TASK_SECONDS.labels(stage, outcome).observe(seconds)
            duration = sound_seconds(task)
            if outcome == "done" and duration:
                telemetry.REAL_TIME_FACTOR.labels(stage).observe(seconds / duration)

    async def _work(
        self,
        task: queue_pb2.Task,
        message: TaskMessage,
        cancelled: Cancellations,
        control: TaskControl,
    ) -> str:
        """Do the task and settle its message. Returns the outcome as a word."""
        begun = time.perf_counter()
        try:
            if await cancelled.include(task.job_id):
                raise TaskCancelledError
            # A repeated task may be the one that broke the process, with all others in it.
            await self._attempts.perform(task, control, alone=message.attempt > 1)
        except (AccessExpiredError, PreventedWorkError) as error:
            await self._hand_back(task, message)
            if isinstance(error, AccessExpiredError):
                _log.warning("the task needs new URLs of its objects", reason=str(error))
                self._pause_seconds = _RETRY_SECONDS
            return "given back"
        except Exception as error:
            interrupted = isinstance(error, InterruptedWorkError)
            if interrupted or isinstance(error, (TaskCancelledError, LostThreadError)):
                if await cancelled.include(task.job_id):
                    await message.done()
                    return "cancelled"
                if not interrupted and (self._stopping.is_set() or self._replacing):
                    await self._hand_back(task, message)
                    return "given back"
            failure = failure_of(
                error,
                options=self._options,
                attempt=message.attempt,
                fresh=self._inference.fresh,
            )
            if failure is None:
                return await self._leave(message, error)
            busy = time.perf_counter() - begun - control.queued_seconds
            await self._results.announce(task, busy_seconds=busy, failure=failure)
            await message.done()
            return "failed"
        busy = time.perf_counter() - begun - control.queued_seconds
        await self._results.announce(task, busy_seconds=busy)
        await message.done()
        return "done"

    @property
    def _replacing(self) -> bool:
        return self._inference.replacement.is_set()

    async def _leave(self, message: TaskMessage, error: Exception) -> str:
        """Have a task tried again. Returns the outcome as a word."""
        delay = _RETRY_SECONDS * 2 ** (message.attempt - 1)
        await message.give_back(delay_seconds=delay)
        if not isinstance(error, InterruptedWorkError):
            return "error"
        # Another worker, where there is one, comes first: here it would stall again.
        self._pause_seconds = 2 * delay
        return error.outcome

    async def _hand_back(self, task: queue_pb2.Task, message: TaskMessage) -> None:
        """Leave a task to others.

        The coordinator hands it out again. Another delivery of the same message would count as a
        failed attempt, which stopping a worker is not.
        """
        if await self._results.give_back(task, message.attempt):
            await message.done()
        else:
            await message.give_back()
