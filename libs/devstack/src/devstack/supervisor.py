"""Watching what runs: a service that ends is started again, a server that ends stops everything."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from devstack.errors import StoppedError
from devstack.health import ended
from devstack.process import Process
from devstack.report import Report, Reporter

_POLL_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class RestartPolicy:
    """How long to wait before a process that ended is started again."""

    first_seconds: float = 0.5
    longest_seconds: float = 30
    stable_seconds: float = 60
    """A process that ran this long counts as healthy: its next end is a first one again."""

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many ends in a row (at least 1), doubling each time."""
        doublings = min(failures - 1, 32)
        return float(min(self.longest_seconds, self.first_seconds * 2**doublings))


class Supervisor:
    """Keeps the services running for as long as the servers do."""

    def __init__(
        self,
        *,
        servers: Sequence[Process],
        services: Sequence[Process],
        reporter: Reporter,
        policy: RestartPolicy | None = None,
    ) -> None:
        self._servers = servers
        self._services = services
        self._report = reporter
        self._policy = policy or RestartPolicy()
        self._failures: dict[str, int] = {}
        self._due: dict[str, float] = {}

    async def run(self) -> None:
        """Watch until cancelled. Raises StoppedError when a server ends by itself."""
        while True:
            self.look(time.monotonic())
            await asyncio.sleep(_POLL_SECONDS)

    def look(self, now: float) -> None:
        """Look once; `now` is in monotonic seconds."""
        for server in self._servers:
            if server.exit_code is not None:
                raise StoppedError(f"{ended(server)}\neverything depends on it, so the stack stops")
        for service in self._services:
            if service.exit_code is not None:
                self._attend(service, now)

    def _attend(self, service: Process, now: float) -> None:
        due = self._due.get(service.name)
        if due is None:
            lived = now - service.started_at
            steady = lived >= self._policy.stable_seconds
            failures = 1 if steady else self._failures.get(service.name, 0) + 1
            delay = self._policy.delay(failures)
            self._failures[service.name] = failures
            self._due[service.name] = now + delay
            again = f"starting it again in {delay:g} s; see {service.log}"
            detail = f"exit code {service.exit_code}; {again}"
            self._report(Report(name=service.name, happening="crashed", detail=detail))
        elif now >= due:
            del self._due[service.name]
            service.start()
            self._report(Report(name=service.name, happening="restarting"))
