"""How a service process lives: named tasks that are watched, signals, and an orderly end."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

from common import logging, telemetry
from common.errors import ApplicationError, UnavailableError
from common.settings import ServiceSettings

_log = logging.get(__name__)
Answer = TypeVar("Answer")
_CANCEL_AGAIN_SECONDS = 3.0  # longer than the last words of a task take


class Supervisor:
    """Watches named tasks. One that ends with an exception stops the process."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = asyncio.Event()
        self.started = False
        self.failed = False

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs a coroutine as a watched task."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def stop(self) -> None:
        """Makes `wait` return."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """True once the process is to end."""
        return self._stopping.is_set()

    async def wait(self) -> None:
        """Returns when the process is to end: on SIGTERM, SIGINT, or the death of a task.

        A service awaits this once it is up; until then a signal cancels it where it stands.
        """
        self.started = True
        await self._stopping.wait()

    async def stopped(self) -> None:
        """Returns when the process is to end, for whoever only watches."""
        await self._stopping.wait()

    async def cancel(self) -> None:
        """Cancels the tasks that still run and waits for them."""
        await _cancelled(self._tasks)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _log.error("task died; the process stops", task=task.get_name(), exc_info=error)
            self.failed = True
            self.stop()


async def eventually(
    attempt: Callable[[], Awaitable[Answer]], *, wait_seconds: float = 60
) -> Answer:
    """Awaits something until the server it needs answers.

    Raises:
        UnavailableError: the server did not answer in time.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return await attempt()
        except UnavailableError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)


Serve = Callable[[Any, Supervisor], Awaitable[None]]


def run(service: str, settings: ServiceSettings, serve: Serve) -> None:
    """Runs a service until a signal, then exits: 0 after an orderly end, 1 after a failure."""
    level, style = settings.log_level_and_format
    logging.configure(service=service, level=level, style=style)
    telemetry.configure(
        service=service,
        otlp_endpoint=settings.otel_exporter_otlp_endpoint,
        metrics_host=settings.metrics_host,
        metrics_port=settings.metrics_port if settings.enable_metrics else 0,
    )
    # An inference thread cannot be interrupted, and a normal exit would wait for it, as would
    # closing the loop.
    code = asyncio.Runner().run(_main(settings, serve))
    with contextlib.suppress(OSError):  # the log's disk may be full
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


async def _main(settings: ServiceSettings, serve: Serve) -> int:
    supervisor = Supervisor()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    try:
        serving = asyncio.create_task(_serve(settings, serve, supervisor), name="serve")
        stopped = asyncio.create_task(supervisor.stopped(), name="signals")
        await asyncio.wait([serving, stopped], return_when=asyncio.FIRST_COMPLETED)
        if not serving.done() and supervisor.started:
            # serve() returns by itself once it sees that the supervisor stops. While it still
            # starts up, perhaps waiting for a server that is down, there is nothing to wait for.
            await asyncio.wait([serving], timeout=settings.shutdown_grace_seconds + 5)
            if not serving.done():
                _log.warning("the grace is over; what is left is broken off")
        await _cancelled({serving, stopped})
        with contextlib.suppress(asyncio.CancelledError):
            await serving
    except ApplicationError as error:
        _log.error("cannot run", reason=error.message)
        return 1
    except Exception as error:
        _log.critical("the process ends", exc_info=error)
        return 1
    finally:
        await supervisor.cancel()
        telemetry.shutdown()
    return 1 if supervisor.failed else 0


async def _cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks and waits for them.

    `asyncio.wait_for` before Python 3.12 loses a cancellation that comes together with its answer,
    and libraries use it; a task that goes on is therefore cancelled again.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN_SECONDS)


async def _serve(settings: ServiceSettings, serve: Serve, supervisor: Supervisor) -> None:
    await serve(settings, supervisor)
