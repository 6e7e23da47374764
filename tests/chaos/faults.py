"""Faults of a schedule, done to a running stack."""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devstack.files import DataDirectory
from devstack.leftovers import Leftover, recorded_children
from tests import small_disk
from tests.chaos import clocks
from tests.chaos.book import Book
from tests.chaos.deliveries import Deliveries
from tests.chaos.network import Network
from tests.chaos.schedule import OF_LINKS, Fault, Kind
from tests.e2e.supervised import SupervisedStack

#: A process that keeps ending is restarted after pauses of up to 30 s, and loads models then.
_PATIENCE_SECONDS = 600.0


@dataclass(kw_only=True)
class Faults:
    """Does faults, several at a time, and ends all of them in the end."""

    stack: SupervisedStack
    network: Network
    deliveries: Deliveries
    book: Book
    disk_megabytes: int
    clocks: Path
    done: Counter[Kind] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    """How often each process was killed or told to stop."""

    _killed: dict[str, int] = field(default_factory=dict)
    _filling: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, schedule: Sequence[Fault], *, seed: int) -> None:
        """Do faults one after the other. Those that last go on meanwhile."""
        dice = random.Random(seed)
        async with asyncio.TaskGroup() as group:
            for fault in schedule:
                await asyncio.sleep(fault.pause)
                self.book.note(fault=str(fault))
                task = group.create_task(self._do(fault, dice), name=str(fault))
                if not fault.seconds:
                    await asyncio.wait({task})

    async def _do(self, fault: Fault, dice: random.Random) -> None:
        match fault.kind:
            case Kind.KILL:
                await self._kill(fault)
            case Kind.RESTART:
                await self._restart(fault)
            case Kind.FREEZE:
                await self._freeze(fault)
            case Kind.FILL:
                await self._fill(fault)
            case Kind.TURN_CLOCK:
                await self._turn(fault)
            case Kind.REPEAT:
                await self.deliveries.repeat(dice)
            case kind if kind in OF_LINKS:
                await self._disturb(fault)
        self.done[fault.kind] += 1

    async def _kill(self, fault: Fault) -> None:
        child = await self._victim(fault.process)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.stamp.pid, signal.SIGKILL)

    async def _restart(self, fault: Fault) -> None:
        child = await self._victim(fault.process)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.stamp.pid, child.stop_signal)

    async def _victim(self, process: str) -> Leftover:
        """Return a process that is to end."""
        child = await self._running(process)
        self._killed[process] = child.stamp.pid
        self.ended[process] += 1
        return child

    async def _freeze(self, fault: Fault) -> None:
        child = await self._running(fault.process)
        stopped: list[int] = []
        try:
            for pid in child.stamp.session_members():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    stopped.append(pid)
            await asyncio.sleep(fault.seconds)
        finally:
            # Also those that a member had begun before it was stopped.
            for pid in {*stopped, *child.stamp.session_members()}:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    async def _fill(self, fault: Fault) -> None:
        async with self._filling:
            try:
                await self._leave_free(fault.amount)
                await asyncio.sleep(fault.seconds)
            finally:
                await self._leave_free(self.disk_megabytes)

    async def _leave_free(self, megabytes: float) -> None:
        pid, directory = self.stack.runner.pid, self.stack.data.parent
        await asyncio.to_thread(small_disk.leave_free, pid, directory, megabytes)

    async def _turn(self, fault: Fault) -> None:
        try:
            clocks.turn(self.clocks, fault.process, fault.amount)
            await asyncio.sleep(fault.seconds)
        finally:
            clocks.turn(self.clocks, fault.process, 0.0)

    async def _disturb(self, fault: Fault) -> None:
        link = self.network.links[fault.process, fault.peer]
        starts: dict[Kind, Callable[[], None]] = {
            Kind.CUT: link.cut,
            Kind.HALF_OPEN: link.half_open,
            Kind.RESET: link.reset,
            Kind.SLOW: lambda: link.slow(fault.amount),
        }
        try:
            starts[fault.kind]()
            await asyncio.sleep(fault.seconds)
        finally:
            link.heal()

    async def _running(self, process: str) -> Leftover:
        """Return a process that has not been killed yet, once its supervisor has started it."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            for child in recorded_children(DataDirectory(root=self.stack.seen)):
                fresh = child.stamp.pid != self._killed.get(process)
                if child.name == process and fresh and child.stamp.alive():
                    return child
            if self.stack.runner.poll() is not None:
                raise TimeoutError(f"the stack has ended:\n{self.stack.log()[-2000:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{process} was not started again within {_PATIENCE_SECONDS:.0f} s. See "
                    f"its log in {self.stack.seen / 'logs'}"
                )
            await asyncio.sleep(0.1)
