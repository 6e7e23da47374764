"""Takes in what workers hand in. The same result twice changes nothing."""

from collections.abc import Iterable

import nats.errors
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from common import bus, logging, message_spans
from common.bus import Delivery
from common.errors import UnavailableError
from common.postgres import Database
from common.times import seconds
from securetranscribe.v1 import queue_pb2
from transcriber.domain.jobs import Failure, Task, TaskState
from transcriber.queue.lifecycle import Lifecycle
from transcriber.store.jobs import Jobs
from transcriber.store.tasks import Tasks
from transcriber.wakeups import Bells

_FETCH_SECONDS = 5.0
_BATCH = 16
_RETRY_SECONDS = 2.0
_log = logging.get(__name__)


class ResultsConsumer:
    """Reads the stream of results; replicas share it."""

    def __init__(
        self, database: Database, stream: JetStreamContext, delivery: Delivery, bells: Bells
    ) -> None:
        self._database = database
        self._stream = stream
        self._delivery = delivery
        self._bells = bells
        self._consumer: JetStreamContext.PullSubscription | None = None

    async def step(self) -> None:
        """Waits a while for results and takes them in."""
        try:
            messages = await self._fetch()
        except TimeoutError:  # the client raises its own kind, and at times the plain one
            return
        except nats.errors.Error:
            # The server may have lost its data; what is missing is made anew.
            self._consumer = None
            await bus.ensure_streams(self._stream, self._delivery)
            raise
        for message in messages:
            await self._take(message)

    async def _fetch(self) -> Iterable[Msg]:
        if self._consumer is None:
            self._consumer = await self._stream.pull_subscribe_bind(
                durable=bus.RESULTS_CONSUMER, stream=bus.RESULTS_STREAM
            )
        messages: list[Msg] = await self._consumer.fetch(_BATCH, timeout=_FETCH_SECONDS)
        return messages

    async def _take(self, message: Msg) -> None:
        try:
            result = queue_pb2.TaskResult.FromString(message.data)
        except DecodeError:
            _log.error("a message among the results is not a result; discarded")
            await message.term()
            return
        try:
            with message_spans.receiving(message.subject, message.headers):
                await self.accept(result)
        except UnavailableError:
            await message.nak(delay=_RETRY_SECONDS)
            raise
        await message.ack()

    async def accept(self, result: queue_pb2.TaskResult) -> bool:
        """Notes a result; False when it is of no use any more.

        What a worker finished of a job that has ended is kept for the transcription's next job.
        """
        async with self._database.transaction() as connection:
            tasks = Tasks(connection)
            task = await tasks.find(result.task_id)
            if task is None:
                _log.info("result of a task that was deleted", task_id=result.task_id)
                return False
            live = await Jobs(connection).lock([task.job_id])
            task = await tasks.find(result.task_id)
            if task is None or task.state in {TaskState.DONE, TaskState.FAILED}:
                return False
            busy = seconds(result.busy_duration)
            if result.returned:
                if not live or _is_with_another(task, result):
                    return False
                await tasks.take_back(task.task_id)
            elif not result.HasField("failure"):
                await tasks.done(task.task_id, busy)
            elif live:
                failure = Failure(code=result.failure.code, message=result.failure.message)
                await tasks.failed(task.task_id, failure, busy)
                _log.warning("task failed", job_id=task.job_id, stage=task.stage, code=failure.code)
            if live:
                await Lifecycle(connection).at_work(task.job_id)
        self._bells.jobs_changed()
        return True


def _is_with_another(task: Task, result: queue_pb2.TaskResult) -> bool:
    """Whether the task has been handed out again, or delivered again, since it was handed back."""
    # Workers that know nothing of releases name none.
    again = result.release not in {0, task.releases}
    return again or task.worker_id not in {"", result.worker_id}
