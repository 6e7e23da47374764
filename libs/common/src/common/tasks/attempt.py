"""One attempt at a task: the recording is opened, worked on, and the result is stored."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from common import logging
from common.errors import ApplicationError, NotFoundError, UnavailableError
from common.inference import Inference
from common.objects import RangedObject
from common.signed_objects import SignedObjects
from common.tasks import parts
from common.tasks.interruption import InterruptedWorkError, MemoryExceededError, subject_of
from common.tasks.options import WorkerOptions
from common.tasks.results import TaskResults
from common.tasks.task import TaskCancelledError, TaskControl, TaskHandler
from securetranscribe.v1 import queue_pb2

_log = logging.get(__name__)
_OUTAGE_RETRY_SECONDS = 2.0
#: Work that was interrupted is tried so often in all.
_MOST_INTERRUPTED = 2
Answer = TypeVar("Answer")


class TaskAttempts:
    """Performs tasks with a handler, and waits while a server is away."""

    def __init__(
        self,
        *,
        objects: SignedObjects,
        results: TaskResults,
        handler: TaskHandler,
        inference: Inference,
    ) -> None:
        self._objects = objects
        self._results = results
        self._handler = handler
        self._inference = inference

    async def perform(
        self, task: queue_pb2.Task, control: TaskControl, *, alone: bool = False
    ) -> None:
        """Do a task and store its result, unless it is stored already.

        Nothing else runs at the same time as a task `alone`.

        Raises the errors of the handler (see TaskHandler), InterruptedWorkError, LostThreadError or
        PreventedWorkError (see Inference), and AccessExpiredError when the URLs of the task are too
        old.
        """
        self._objects.unseal(task)
        if await self._outlast_outages(lambda: self._results.stored(task), control):
            return
        result = await self._outlast_outages(
            lambda: self._handle(task, control, alone=alone), control
        )
        await self._outlast_outages(lambda: self._results.store(task, result), control)

    async def _handle(self, task: queue_pb2.Task, control: TaskControl, *, alone: bool) -> bytes:
        try:
            stored = await self._objects.open(task.audio_url)
        except NotFoundError:
            raise NotFoundError(
                "The recording is no longer stored. Upload it again to transcribe it."
            ) from None
        audio = _Recording(stored, control)
        return await self._inference.run(
            lambda control: self._handler(task, audio, control),
            control,
            audio_seconds=parts.sound_seconds(task) * max(1, len(task.signals)),
            alone=alone,
        )

    async def _outlast_outages(
        self, attempt: Callable[[], Awaitable[Answer]], control: TaskControl
    ) -> Answer:
        """Try again while a server is away: an outage is not the task's fault."""
        while True:
            try:
                return await attempt()
            except UnavailableError as error:
                _log.warning("task waits for a server", reason=error.message)
                await asyncio.sleep(_OUTAGE_RETRY_SECONDS)
                if control.cancelled():
                    raise TaskCancelledError from error


class _Recording(RangedObject):
    """A recording. Reading it does not count as a standstill of the work."""

    def __init__(self, stored: RangedObject, control: TaskControl) -> None:
        super().__init__(stored.read_range, stored.size)
        self._control = control

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the current block goes."""
        self._control.waiting = True
        try:
            return super().readinto(buffer)
        finally:
            self._control.waiting = False


def failure_of(
    error: Exception, *, options: WorkerOptions, attempt: int, fresh: bool
) -> ApplicationError | None:
    """Return the failure for the owner, or None to try the task again.

    `attempt` counts deliveries of the task from 1. `fresh` is True for the first work of a process.
    """
    if isinstance(error, ApplicationError):
        _log.warning("the task cannot be done", code=error.code)
        return error
    most = options.delivery.max_deliver
    if isinstance(error, InterruptedWorkError):
        # Memory left over from earlier work is not the task's fault. A fresh process has none.
        alone = isinstance(error, MemoryExceededError) and fresh
        text = error.explain(subject_of(options.stage))
        _log.error("the task was interrupted", attempt=attempt, reason=text)
        if attempt < min(_MOST_INTERRUPTED, most) and not alone:
            return None
        return options.failure(text if attempt < 2 else f"{text} This was attempt {attempt}.")
    _log.error("task failed", attempt=attempt, exc_info=error)
    if attempt < most:
        return None
    return options.failure(
        f"The {options.stage} stage failed {attempt} times ({type(error).__name__}). "
        "The worker's log holds the reason."
    )
