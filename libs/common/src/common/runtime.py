"""Lifecycle of a service process: supervised tasks, signals, and an orderly shutdown."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import uvloop

from common import cancellation, logging, telemetry
from common.errors import ApplicationError, UnavailableError
from common.settings import ServiceSettings

_log = logging.get(__name__)
Answer = TypeVar("Answer")


class Supervisor:
    """Supervisor of named tasks. An exception in any of them stops the process."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = asyncio.Event()
        self.started = False
        self.failed = False

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine as a supervised task."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def stop(self) -> None:
        """Stop the process: make `wait` and `stopped` return."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """Whether the process is stopping."""
        return self._stopping.is_set()

    async def wait(self) -> None:
        """Return when the process is to stop: on SIGTERM, SIGINT, or the death of a task.

        A service awaits this once it has started. Before that, a signal cancels its start.
        """
        self.started = True
        await self._stopping.wait()

    async def stopped(self) -> None:
        """Return when the process is to stop, without marking the service as started."""
        await self._stopping.wait()

    async def cancel(self) -> None:
        """Cancel the running tasks and wait for them."""
        await cancellation.end(self._tasks)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _log.error("task died, stopping the process", task=task.get_name(), exc_info=error)
            self.failed = True
            self.stop()


async def eventually(
    attempt: Callable[[], Awaitable[Answer]], *, wait_seconds: float = 60
) -> Answer:
    """Repeat an attempt until the server it needs answers. Return its result.

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
    """Run a service until a signal, then exit: 0 after an orderly end, 1 after a failure."""
    level, style = settings.log_level_and_format
    logging.configure(service=service, level=level, style=style)
    telemetry.configure(
        service=service,
        otlp_endpoint=settings.otel_exporter_otlp_endpoint,
        metrics_host=settings.metrics_host,
        metrics_port=settings.metrics_port if settings.enable_metrics else 0,
    )
    # An inference thread cannot be interrupted. A normal exit would wait for it, and so would
    # closing the loop.
    code = asyncio.Runner(loop_factory=uvloop.new_event_loop).run(_main(settings, serve))
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
            # A started service returns from serve() by itself. One that is still starting, perhaps
            # waiting for a server, has nothing to finish.
            await asyncio.wait([serving], timeout=settings.shutdown_grace_seconds + 5)
            if not serving.done():
                _log.warning("grace period over, cancelling the remaining work")
        await cancellation.end({serving, stopped})
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


async def _serve(settings: ServiceSettings, serve: Serve, supervisor: Supervisor) -> None:
    await serve(settings, supervisor)
