"""Takes in what workers hand in. The same result twice changes nothing."""

from nats.js import JetStreamContext

from common import bus, logging
from common.background.message_steps import Message, MessageStep
from common.bus import Delivery
from common.postgres import Database
from common.times import seconds
from securetranscribe.v1 import queue_pb2
from transcriber.domain.jobs import Failure, Task, TaskState
from transcriber.queue.lifecycle import Lifecycle
from transcriber.store.jobs import Jobs
from transcriber.store.tasks import Tasks
from transcriber.wakeups import WakeUps

_log = logging.get(__name__)


class ResultStep(MessageStep):
    """Takes in the results of workers from their stream, shared by all replicas."""

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
        """Bind to the consumer, making what is missing if the server lost its data."""
        await bus.ensure_streams(self._stream, self._delivery)
        return await self._stream.pull_subscribe_bind(
            durable=bus.RESULTS_CONSUMER, stream=bus.RESULTS_STREAM
        )

    async def handle(self, message: Message) -> None:
        """Take in one result."""
        await self.accept(queue_pb2.TaskResult.FromString(message.payload))

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


def _is_with_another(task: Task, result: queue_pb2.TaskResult) -> bool:
    """Whether the task has been handed out again, or delivered again, since it was handed back."""
    # Workers that know nothing of releases name none.
    again = result.release not in {0, task.releases}
    return again or task.worker_id not in {"", result.worker_id}
