"""Supervision: ended processes are restarted with the same ports and data."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from devstack.errors import DevstackError, StoppedError
from devstack.health import Probe, how_ended
from devstack.process import Process
from devstack.report import Report, Reporter
from devstack.restarts import RestartHistory, RestartPolicy

_POLL_SECONDS = 0.2
_FAULT_SECONDS = 5.0
_OBSTACLE_SECONDS = 2.0


async def _nothing() -> None:
    pass


def _none() -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Supervised:
    """A process, and the means to restart it."""

    process: Process
    probe: Probe
    """Healthy once the process is usable."""

    prepare: Callable[[], Awaitable[None]] = _nothing
    """Runs before each restart, to write configuration and remove stale files."""

    fault: Callable[[], str | None] = _none
    """Returns a fault of the running process that only a restart repairs, or None. Blocking."""

    essential: bool = False
    """Whether the stack stops if the process cannot be restarted."""

    @property
    def name(self) -> str:
        """Name in the stack."""
        return self.process.name


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Restarts and current problem of a process."""

    restarts: int = 0
    trouble: str = ""
    """Reason why it is not running or not healthy, empty if there is none."""


OnChange = Callable[[str, Condition], None]


class ProcessSupervisor:
    """Restarts processes when they end."""

    def __init__(
        self,
        supervised: Sequence[Supervised],
        *,
        reporter: Reporter,
        on_change: OnChange = lambda _name, _condition: None,
        obstacle: Callable[[], str | None] = _none,
        policy: RestartPolicy | None = None,
    ) -> None:
        """Initialize. `obstacle` returns a reason against restarts (a full disk), or None."""
        self._supervised = supervised
        self._report = reporter
        self._on_change = on_change
        self._obstacle = obstacle
        self._policy = policy or RestartPolicy()
        self._conditions = {one.name: Condition() for one in supervised}

    async def run(self) -> None:
        """Supervise until cancelled. Raise StoppedError if an essential process keeps failing."""
        tasks = [asyncio.create_task(self._keep(one), name=one.name) for one in self._supervised]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, one: Supervised) -> None:
        """Restart a process whenever it ends."""
        history = RestartHistory(self._policy, started_at=time.monotonic())
        while True:
            failure = await self._ended(one, history)
            while failure:
                await self._pause(one, history, failure)
                failure = await self._start(one, history)

    async def _ended(self, one: Supervised, history: RestartHistory) -> str:
        """Wait for the end of a process, or stop it because of a fault. Return the reason."""
        asked_at = time.monotonic()
        while one.process.exit_code is None:
            await asyncio.sleep(_POLL_SECONDS)
            if time.monotonic() - asked_at < _FAULT_SECONDS:
                continue
            fault = await asyncio.to_thread(one.fault)
            asked_at = time.monotonic()
            self._note(one, history, trouble=fault or "")
            if fault is not None and self._obstacle() is None:
                await one.process.stop()
                return f"stopped because of a fault ({fault})"
        return how_ended(one.process)

    async def _pause(self, one: Supervised, history: RestartHistory, failure: str) -> None:
        """Report a failure and wait until the process may be restarted.

        Raises:
            StoppedError: the process is essential and has failed for too long.
        """
        now = time.monotonic()
        delay = history.ended(now)
        if one.essential and history.hopeless(now):
            raise StoppedError(
                f"{one.name} {failure} and could not be restarted within "
                f"{self._policy.give_up_seconds / 60:g} minutes. See {one.process.log}\n"
                "The stack stops because everything depends on it"
            )
        again = f"restarting in {delay:g} s, see {one.process.log}"
        self._report(Report(name=one.name, happening="crashed", detail=f"{failure}, {again}"))
        self._note(one, history, trouble=failure)
        await asyncio.sleep(delay)
        obstacle = self._obstacle()
        if obstacle is not None:
            self._report(Report(name=one.name, happening="waiting", detail=obstacle))
            self._note(one, history, trouble=f"{failure}, waiting because {obstacle}")
        while self._obstacle() is not None:
            await asyncio.sleep(_OBSTACLE_SECONDS)
            history.excuse(_OBSTACLE_SECONDS)

    async def _start(self, one: Supervised, history: RestartHistory) -> str:
        """Start a process and wait until it is usable. Return a failure, or an empty text."""
        history.starting()
        try:
            await one.process.stop()  # its children may still hold the ports
            await one.prepare()
            one.process.start()
        except (OSError, DevstackError) as error:
            # Perhaps the disk is full. The next attempt may succeed.
            return f"cannot be started ({error})"
        self._report(Report(name=one.name, happening="restarting"))
        self._note(one, history, trouble="starting")
        deadline = time.monotonic() + self._policy.start_seconds
        while one.process.exit_code is None:
            problem = await self._problem(one)
            if problem is None:
                history.usable(time.monotonic())
                took = f"after {time.monotonic() - one.process.started_at:.1f} s"
                self._report(Report(name=one.name, happening="ready", detail=took))
                self._note(one, history, trouble="")
                return ""
            if time.monotonic() >= deadline:
                await one.process.stop()
                return f"was not usable within {self._policy.start_seconds:g} s ({problem})"
            await asyncio.sleep(_POLL_SECONDS)
        return how_ended(one.process)

    async def _problem(self, one: Supervised) -> str | None:
        try:
            return await asyncio.to_thread(one.probe.problem)
        except DevstackError as error:
            return str(error)

    def _note(self, one: Supervised, history: RestartHistory, *, trouble: str) -> None:
        condition = Condition(restarts=history.restarts, trouble=trouble)
        if condition != self._conditions[one.name]:
            self._conditions[one.name] = condition
            self._on_change(one.name, condition)
