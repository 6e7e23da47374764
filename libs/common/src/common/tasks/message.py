"""A task as JetStream delivered it, from the first look at it until it is settled."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import nats.errors
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg

from common import cancellation, logging
from securetranscribe.v1 import queue_pb2

_log = logging.get(__name__)
_ACK_ATTEMPTS = 5
_ACK_SECONDS = 2.0


class TaskMessage:
    """The message behind a task. An unsettled message is redelivered after a while.

    An outage of NATS while a message is settled is not an error. The message is redelivered, and
    its task has the same result.
    """

    def __init__(self, message: Msg) -> None:
        self._message = message

    @property
    def attempt(self) -> int:
        """Number of deliveries of the task, including this one."""
        return int(self._message.metadata.num_delivered)

    @property
    def headers(self) -> dict[str, str] | None:
        """Headers, with the trace."""
        return self._message.headers

    def task(self) -> queue_pb2.Task | None:
        """Return the task, or None if the message does not hold a complete one."""
        try:
            task = queue_pb2.Task.FromString(self._message.data)
        except DecodeError:
            return None
        named = task.task_id and task.job_id and task.audio_key and task.result_key
        return task if named else None

    async def done(self) -> None:
        """Remove the task for good, and wait until the server has confirmed it."""
        for _ in range(_ACK_ATTEMPTS):
            try:
                await self._message.ack_sync(timeout=_ACK_SECONDS)
            except nats.errors.TimeoutError:
                continue
            except nats.errors.Error:
                await asyncio.sleep(_ACK_SECONDS)
            else:
                return
        _log.warning("cannot acknowledge the task, which will be redelivered")

    async def give_back(self, delay_seconds: float = 0) -> None:
        """Have the task delivered again, after a delay."""
        try:
            await self._message.nak(delay=delay_seconds)
        except Exception as error:
            # Nothing is lost: an unsettled message is delivered again after a while.
            _log.warning("cannot give the task back", error=repr(error))

    async def discard(self) -> None:
        """Have the message never delivered again."""
        with contextlib.suppress(nats.errors.Error):
            await self._message.term()

    @contextlib.asynccontextmanager
    async def kept_alive(
        self, every_seconds: float, also: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[None]:
        """Report the task as in progress, so that JetStream does not redeliver it.

        Awaits `also` each time.
        """

        async def keep() -> None:
            while True:
                await asyncio.sleep(every_seconds)
                with contextlib.suppress(nats.errors.Error):
                    await self._message.in_progress()
                try:
                    await also()
                except Exception as error:
                    # The task must be kept, whatever else goes wrong.
                    _log.warning("a look at the task in hand failed", exc_info=error)

        keeping = asyncio.create_task(keep(), name="in-progress")
        try:
            yield
        finally:
            await cancellation.end([keeping])
