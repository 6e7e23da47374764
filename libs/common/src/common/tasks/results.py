"""Handing in the outcome of a task: the result object first, then its announcement."""

import asyncio

import nats.errors
from nats.js import JetStreamContext

from common import bus, logging, message_spans
from common.errors import ApplicationError
from common.signed_objects import SignedObjects
from common.times import duration
from securetranscribe.v1 import queue_pb2

_log = logging.get(__name__)
_RETRY_SECONDS = 2.0
_LONGEST_MESSAGE = 2_000


class TaskResults:
    """Where a worker of one stage hands in its results."""

    def __init__(
        self,
        stream: JetStreamContext,
        objects: SignedObjects,
        *,
        stage: str,
        worker_id: str,
    ) -> None:
        self._stream = stream
        self._objects = objects
        self._subject = bus.results_subject(stage)
        self._worker_id = worker_id

    async def stored(self, task: queue_pb2.Task) -> bool:
        """Return whether the task's result object exists: a worker died before announcing it.

        Raises:
            UnavailableError: the object store is away.
        """
        return await self._objects.exists(task.stored_result_url)

    async def store(self, task: queue_pb2.Task, result: bytes) -> None:
        """Write the result object under the task's key.

        Raises:
            UnavailableError: the object store is away.
            ResourceExhaustedError: it is full.
        """
        await self._objects.put(task.result_url, result)

    async def announce(
        self,
        task: queue_pb2.Task,
        *,
        busy_seconds: float,
        failure: ApplicationError | None = None,
    ) -> None:
        """Announce that a task is done or has failed for good, until JetStream confirms it.

        A repetition is harmless: the task's id is the message's.
        """
        result = self._result(task)
        result.busy_duration.CopyFrom(duration(busy_seconds))
        if failure is None:
            result.result_key = task.result_key
        else:
            result.failure.code = failure.code
            # Lone surrogates, from names of files, have no place in a message.
            text = failure.message.encode(errors="replace").decode()
            result.failure.message = text[:_LONGEST_MESSAGE]
        while True:
            try:
                await self._publish(result, task.task_id)
            except nats.errors.Error as error:
                _log.warning("cannot announce the result, retrying", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def give_back(self, task: queue_pb2.Task, attempt: int) -> bool:
        """Have an unfinished task handed out again, as if for the first time.

        Tries once: a stopping worker has no time. Returns False if JetStream did not confirm it.
        """
        result = self._result(task)
        result.returned = True
        try:
            identity = f"{task.task_id} {self._worker_id} {task.release} {attempt}"
            await self._publish(result, identity)
        except nats.errors.Error as error:
            _log.warning("cannot hand the task back", error=str(error))
            return False
        return True

    def _result(self, task: queue_pb2.Task) -> queue_pb2.TaskResult:
        return queue_pb2.TaskResult(
            task_id=task.task_id,
            job_id=task.job_id,
            worker_id=self._worker_id,
            release=task.release,
        )

    async def _publish(self, result: queue_pb2.TaskResult, message_id: str) -> None:
        identified = {"Nats-Msg-Id": message_id}
        with message_spans.publishing(self._subject, identified) as headers:
            await self._stream.publish(self._subject, result.SerializeToString(), headers=headers)
