"""A worker's life: take a task, do it in a thread, keep it alive, hand in the result, acknowledge.

The order is what makes a task safe: the result object is written under a key that the task names,
then the result is announced under the task's id, and only then is the task acknowledged. Dying
anywhere in between means that another worker does it again, with the same outcome.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KeyValue

from common import bus, logging, telemetry
from common.bus import Delivery
from common.errors import ApplicationError, NotFoundError, UnavailableError
from common.objects import ObjectStore, RangedObject
from securetranscribe.v1 import queue_pb2

_log = logging.get(__name__)
_HEARTBEAT_SECONDS = 2.0
_PROGRESS_SECONDS = 0.5
_OUTAGE_RETRY_SECONDS = 2.0
_FETCH_SECONDS = 2.0
Answer = TypeVar("Answer")


class TaskCancelledError(Exception):
    """Raised by a handler that noticed that it was told to stop."""


class TaskControl:
    """What a handler, on its thread, may ask and say."""

    def __init__(self, report: Callable[[float, str], None]) -> None:
        self._report = report
        self._stopped = False

    def progress(self, fraction: float, step: str) -> None:
        """Says how far the task is: 0 to 1, and what is being done."""
        self._report(fraction, step)

    def cancelled(self) -> bool:
        """True when the handler should raise TaskCancelledError soon."""
        return self._stopped

    def stop(self) -> None:
        """Asks the handler to stop."""
        self._stopped = True


class TaskHandler(Protocol):
    """The work itself."""

    def __call__(self, task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
        """Does a task on a thread; returns the serialized result object.

        Raises:
            TaskCancelledError: `control` said to stop.
            ApplicationError: the task can never succeed; its message is for the user.
            Exception: anything else may succeed another time.
        """
        ...


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


_STAGES = {
    "transcribe": queue_pb2.STAGE_TRANSCRIBE,
    "diarize": queue_pb2.STAGE_DIARIZE,
}


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
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._control: TaskControl | None = None
        self._job_id = ""
        self._task_id = ""

    async def run(self) -> None:
        """Works until `stop`; returns when the task in hand is done or given back."""
        cancelled = await self._cancelled_bucket()
        await self._client.subscribe(bus.cancel_subject("*"), cb=self._on_cancel)
        consumer = await self._stream.pull_subscribe_bind(
            durable=self._options.stage, stream=bus.TASKS_STREAM
        )
        _log.info("worker ready", stage=self._options.stage, device=self._options.device)
        while not self._stopping.is_set():
            try:
                messages = await consumer.fetch(1, timeout=_FETCH_SECONDS)
            except (TimeoutError, nats.errors.TimeoutError):
                continue
            except nats.errors.Error as error:
                _log.warning("cannot fetch tasks", error=str(error))
                await asyncio.sleep(1)
                continue
            for message in messages:
                await self._take(message, cancelled)
        self._thread.shutdown(wait=False)

    async def heartbeat(self) -> None:
        """Shows for ever that the worker is alive; run it beside `run`."""
        while True:
            with contextlib.suppress(nats.errors.Error):
                await self._beat()
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def stop(self) -> None:
        """Takes no further task; a task in hand may finish within the grace, else is given back."""
        self._stopping.set()
        await self._beat()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._options.shutdown_grace_seconds):
                await self._idle.wait()
        if self._control is not None:
            self._control.stop()
        await self._idle.wait()

    async def _take(self, message: Msg, cancelled: KeyValue) -> None:
        task = queue_pb2.Task.FromString(message.data)
        if self._stopping.is_set():
            await message.nak()
            return
        self._task_id, self._job_id = task.task_id, task.job_id
        self._idle.clear()
        bound = structlog.contextvars.bind_contextvars(
            task_id=task.task_id, job_id=task.job_id, session_id=task.session_id
        )
        begun = time.perf_counter()
        outcome = "error"
        telemetry.WORKER_BUSY.labels(self._options.stage).set(1)
        context = telemetry.extract(message.headers)
        try:
            with telemetry.tracer().start_as_current_span(
                f"task {self._options.stage}", context=context
            ):
                async with self._kept_alive(message):
                    outcome = await self._work(task, message, cancelled, begun)
        finally:
            seconds = time.perf_counter() - begun
            telemetry.WORKER_BUSY.labels(self._options.stage).set(0)
            telemetry.TASK_SECONDS.labels(self._options.stage, outcome).observe(seconds)
            duration = task.audio_duration.ToTimedelta().total_seconds()
            if outcome == "done" and duration:
                telemetry.REAL_TIME_FACTOR.labels(self._options.stage).observe(seconds / duration)
            _log.info("task ended", outcome=outcome, seconds=round(seconds, 2))
            self._task_id, self._job_id, self._control = "", "", None
            self._idle.set()
            structlog.contextvars.reset_contextvars(**bound)
            with contextlib.suppress(nats.errors.Error):
                await self._beat()

    async def _work(
        self, task: queue_pb2.Task, message: Msg, cancelled: KeyValue, begun: float
    ) -> str:
        """Does the task and settles its message; returns the outcome as a word."""
        self._control = control = TaskControl(self._reporter(task))
        await self._beat()
        try:
            if await _is_cancelled(cancelled, task.job_id):
                raise TaskCancelledError
            result = await self._outlasting_outages(lambda: self._handle(task, control), control)
            await self._outlasting_outages(lambda: self._store(task, result), control)
        except TaskCancelledError:
            given_back = self._stopping.is_set() and not await _is_cancelled(cancelled, task.job_id)
            await (message.nak() if given_back else message.ack())
            return "given back" if given_back else "cancelled"
        except Exception as error:
            failure = self._failure(error, message.metadata.num_delivered)
            if failure is None:
                await message.nak(delay=2**message.metadata.num_delivered)
                return "error"
            await self._announce(task, begun, failure=failure)
            await message.ack()
            return "failed"
        await self._announce(task, begun)
        await message.ack()
        return "done"

    def _failure(self, error: Exception, attempt: int) -> ApplicationError | None:
        """What the user is told, or None when the task is to be tried again."""
        if isinstance(error, ApplicationError):
            return error
        _log.error("task failed", attempt=attempt, exc_info=error)
        if attempt < self._options.delivery.max_deliver:
            return None
        return self._options.failure(
            f"The {self._options.stage} stage failed {attempt} times ({type(error).__name__}); "
            "the worker's log says why."
        )

    async def _store(self, task: queue_pb2.Task, result: bytes) -> None:
        await self._objects.put(self._options.bucket_results, task.result_key, result)

    async def _handle(self, task: queue_pb2.Task, control: TaskControl) -> bytes:
        try:
            audio = await self._objects.open(self._options.bucket_audio, task.audio_key)
        except NotFoundError:
            raise NotFoundError(
                "The recording is not stored any more; upload it again to transcribe it."
            ) from None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._handler, task, audio, control)

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

    async def _announce(
        self, task: queue_pb2.Task, begun: float, failure: ApplicationError | None = None
    ) -> None:
        result = queue_pb2.TaskResult(
            task_id=task.task_id, job_id=task.job_id, worker_id=self._options.worker_id
        )
        result.busy_duration.FromNanoseconds(int((time.perf_counter() - begun) * 1e9))
        if failure is None:
            result.result_key = task.result_key
        else:
            result.failure.code = failure.code
            result.failure.message = failure.message
        headers = {"Nats-Msg-Id": task.task_id, **telemetry.inject()}
        subject = bus.results_subject(self._options.stage)
        while True:
            try:
                await self._stream.publish(subject, result.SerializeToString(), headers=headers)
                return
            except nats.errors.Error as error:
                _log.warning("cannot announce the result; trying again", error=str(error))
                await asyncio.sleep(_OUTAGE_RETRY_SECONDS)

    def _reporter(self, task: queue_pb2.Task) -> Callable[[float, str], None]:
        """A function for the handler's thread that publishes progress, not too often."""
        loop = asyncio.get_running_loop()
        last_time, last_step = 0.0, ""

        def report(fraction: float, step: str) -> None:
            nonlocal last_time, last_step
            now = time.monotonic()
            if step == last_step and now - last_time < _PROGRESS_SECONDS:
                return
            last_time, last_step = now, step
            progress = queue_pb2.TaskProgress(
                task_id=task.task_id,
                job_id=task.job_id,
                fraction=min(1.0, max(0.0, fraction)),
                step=step,
                worker_id=self._options.worker_id,
            )
            asyncio.run_coroutine_threadsafe(self._publish_progress(progress), loop)

        return report

    async def _publish_progress(self, progress: queue_pb2.TaskProgress) -> None:
        with contextlib.suppress(nats.errors.Error):
            await self._client.publish(
                bus.progress_subject(progress.task_id), progress.SerializeToString()
            )

    @contextlib.asynccontextmanager
    async def _kept_alive(self, message: Msg) -> AsyncIterator[None]:
        """Tells JetStream while the task is in hand that it need not be delivered again."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(self._options.delivery.ack_wait_seconds / 3)
                with contextlib.suppress(nats.errors.Error):
                    await message.in_progress()

        keeping = asyncio.create_task(keep(), name="in-progress")
        try:
            yield
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping

    async def _beat(self) -> None:
        beat = queue_pb2.WorkerHeartbeat(
            worker_id=self._options.worker_id,
            stage=_STAGES[self._options.stage],
            task_id=self._task_id,
            draining=self._stopping.is_set(),
            device=self._options.device,
        )
        subject = bus.worker_subject(self._options.stage, self._options.worker_id)
        await self._client.publish(subject, beat.SerializeToString())

    async def _on_cancel(self, message: Msg) -> None:
        if self._control is not None and message.subject == bus.cancel_subject(self._job_id):
            self._control.stop()

    async def _cancelled_bucket(self) -> KeyValue:
        return await self._stream.key_value(bus.CANCELLED_BUCKET)


async def _is_cancelled(bucket: KeyValue, job_id: str) -> bool:
    try:
        await bucket.get(job_id)
    except KeyNotFoundError:
        return False
    return True
