"""The one thread on which a worker's models run, shared by tasks and direct calls."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

from common.errors import ResourceExhaustedError

Answer = TypeVar("Answer")
_WAITING_CALLS = 8


class Inference:
    """Runs blocking model code, one piece at a time, off the event loop.

    A direct call waits for the task in hand; more than a few waiting calls are refused.
    """

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting = 0

    @property
    def executor(self) -> Executor:
        """The thread itself."""
        return self._thread

    async def load(self, loader: Callable[[], Answer]) -> Answer:
        """Runs what loads the models."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, loader)

    async def call(self, work: Callable[[Callable[[], bool]], Answer]) -> Answer:
        """Runs work for a caller that waits; `work` gets a function that says when it left.

        Raises:
            ResourceExhaustedError: too many callers wait already.
        """
        if self._waiting >= _WAITING_CALLS:
            raise ResourceExhaustedError(
                "The worker is busy; try again later, or upload the recording to have it queued."
            )
        left = False
        self._waiting += 1
        try:
            # The thread starts with an empty context; the caller's trace and ids go with the work.
            context = contextvars.copy_context()
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, context.run, work, lambda: left
            )
        finally:
            left = True
            self._waiting -= 1

    def close(self) -> None:
        """Takes no more work; what runs is left to end by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)
