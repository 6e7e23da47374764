"""Results announced by workers. A repeated result changes nothing."""

from nats.js import JetStreamContext

from common import bus, logging
from common.background.message_steps import Message, MessageStep
from common.bus import Delivery
from common.postgres import Connection, Database
from common.times import seconds
from securetranscribe.v1 import queue_pb2
from transcriber.domain.jobs import Failure, Task, TaskState
from transcriber.queue.lifecycle import Lifecycle
from transcriber.store.early_parts import EarlyParts
from transcriber.store.jobs import Jobs
from transcriber.store.tasks import Tasks
from transcriber.wakeups import WakeUps

_log = logging.get(__name__)


class ResultStep(MessageStep):
    """Accepts results from their stream, with one consumer for all replicas."""

    name = "results"
    items = "results that workers announced"
    outcome = "The task counts as lost: its stored result is taken, or it is done again."

    def __init__(
        self, database: Database, stream: JetStreamContext, delivery: Delivery, wake_ups: WakeUps
    ) -> None:
        super().__init__(database, stream)
        self._delivery = delivery
        self._wake_ups = wake_ups

    async def subscribe(self) -> JetStreamContext.PullSubscription:
        """Bind to the consumer, creating it if the server has lost its data."""
        await bus.ensure_streams(self._stream, self._delivery)
        return await self._stream.pull_subscribe_bind(
            durable=bus.RESULTS_CONSUMER, stream=bus.RESULTS_STREAM
        )

    async def handle(self, message: Message) -> None:
        """Accept one result."""
        await self.accept(queue_pb2.TaskResult.FromString(message.payload))

    async def accept(self, result: queue_pb2.TaskResult) -> bool:
        """Store a result. Return False if it is outdated.

        A finished task of an ended job is kept for the next job of the transcription.
        """
        async with self._database.transaction() as connection:
            tasks = Tasks(connection)
            task = await tasks.find(result.task_id)
            if task is None and await _end_early(connection, result):
                return True
            # Meanwhile a job may have taken an early part over.
            task = task or await tasks.find(result.task_id)
            if task is None:
                _log.info("result of a deleted task", task_id=result.task_id)
                return False
            live = await Jobs(connection).lock([task.job_id])
            task = await tasks.find(result.task_id)
            if task is None or task.state in {TaskState.DONE, TaskState.FAILED}:
                return False
            busy = seconds(result.busy_duration)
            if result.returned:
                if not live or _is_with_another(task, result):
                    return False
                await tasks.requeue(task.task_id)
            elif not result.HasField("failure"):
                await tasks.done(task.task_id, busy)
            elif live:
                failure = Failure(code=result.failure.code, message=result.failure.message)
                await tasks.failed(task.task_id, failure, busy)
                _log.warning("task failed", job_id=task.job_id, stage=task.stage, code=failure.code)
            if live:
                await Lifecycle(connection).update_progress(task.job_id)
        self._wake_ups.jobs_changed()
        return True


async def _end_early(connection: Connection, result: queue_pb2.TaskResult) -> bool:
    """Note the end of a part begun early. Return False if there is none."""
    return await EarlyParts(connection).ended(
        result.task_id,
        done=not result.returned and not result.HasField("failure"),
        busy_seconds=seconds(result.busy_duration),
    )


def _is_with_another(task: Task, result: queue_pb2.TaskResult) -> bool:
    """Return whether the task was handed out or delivered again since it was returned."""
    # Older workers send no release.
    again = result.release not in {0, task.releases}
    return again or task.worker_id not in {"", result.worker_id}
