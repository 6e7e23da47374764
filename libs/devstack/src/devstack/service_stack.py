"""All service processes, started concurrently. Each waits for its own dependencies."""

import asyncio
import time
from collections.abc import Iterable

from devstack.files import DataDirectory
from devstack.health import wait_healthy
from devstack.process import Process, stop_all
from devstack.report import Report, Reporter, silent
from devstack.services import PlannedProcess, ProcessPlan
from devstack.supervisor import Supervised


class ServiceStack:
    """Every service process of one plan."""

    def __init__(
        self,
        plan: ProcessPlan,
        files: DataDirectory,
        *,
        ready_seconds: float = 180,
        reporter: Reporter = silent,
    ) -> None:
        self.plan = plan
        self._ready_seconds = ready_seconds
        self._report = reporter
        self._planned = {planned.name: planned for planned in plan.processes}
        self._processes = {planned.name: Process(planned.spec, files) for planned in plan.processes}

    @property
    def processes(self) -> tuple[Process, ...]:
        """All processes."""
        return tuple(self._processes.values())

    @property
    def supervised(self) -> tuple[Supervised, ...]:
        """All processes for a supervisor."""
        return tuple(
            Supervised(process=self._processes[planned.name], probe=planned.probe)
            for planned in self.plan.processes
        )

    @property
    def gateway_url(self) -> str | None:
        """`http://host:port` of the gateway, or its `https://` address."""
        return self.plan.gateway_url

    def process(self, name: str) -> Process:
        """Return a process by name, such as `transcriber-worker-1`. Raise KeyError for others."""
        return self._processes[name]

    def address(self, name: str) -> str:
        """Return the gRPC address of a process, `host:port`. Raise KeyError for others."""
        return self._planned[name].address

    async def start(self) -> None:
        """Start all processes and wait until they are ready.

        Raises:
            StartError: a process ended or is not ready in time, and all are stopped. The message
                quotes the end of its log.
        """
        tasks: list[asyncio.Task[None]] = []
        try:
            for process in self.processes:
                self._report(Report(name=process.name, happening="starting"))
                process.start()
            tasks = [
                asyncio.create_task(self._wait_ready(planned), name=f"ready {planned.name}")
                for planned in self.plan.processes
            ]
            for task in asyncio.as_completed(tasks):
                await task
        except BaseException:
            await _cancel(tasks)
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop all processes. Idempotent."""
        await stop_all(self.processes, stopped=self._note_stopped)

    async def restart(self, name: str) -> None:
        """Stop a process if it is running, start it, and wait until it is ready.

        Raises:
            KeyError: there is no such process.
            StartError: it is not ready in time.
        """
        process = self._processes[name]
        await process.stop()
        process.start()
        await self.wait_ready(name)

    async def wait_ready(self, name: str) -> None:
        """Wait until a process is ready. Raise the errors of `restart`."""
        await self._wait_ready(self._planned[name])

    async def _wait_ready(self, planned: PlannedProcess) -> None:
        process = self._processes[planned.name]
        await wait_healthy(process, planned.probe, seconds=self._ready_seconds)
        place = (self.gateway_url if planned.service.http else None) or planned.address
        took = f"{place}, {time.monotonic() - process.started_at:.1f} s"
        self._report(Report(name=planned.name, happening="ready", detail=took))

    def _note_stopped(self, process: Process) -> None:
        self._report(Report(name=process.name, happening="stopped"))


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
