"""Background work of a service: its steps, loops and metrics."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from common import telemetry
from common.background.attempts import ItemAttempts
from common.background.steps import LEASE_SECONDS, Step
from common.background.times_ahead import TimeColumn, bring_back
from common.background.wakeups import WakeUp, repeat
from common.postgres import Database
from common.runtime import Supervisor

_COUNT_SECONDS = 30.0
_PURGE_SECONDS = 3600.0
_BRING_BACK_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Work:
    """A step over items, taken when notified and at least every `every` seconds."""

    step: Step
    every: float
    wake_up: WakeUp = field(default_factory=WakeUp)


@dataclass(frozen=True, kw_only=True)
class Loop:
    """Repeated work without items, such as measuring or announcing a summary."""

    name: str
    take: Callable[[], Awaitable[object]]
    every: float
    wake_up: WakeUp = field(default_factory=WakeUp)


class Background:
    """Everything a service does besides answering calls."""

    def __init__(
        self,
        database: Database,
        work: Iterable[Work],
        loops: Iterable[Loop] = (),
        *,
        times: Iterable[TimeColumn] = (),
    ) -> None:
        """Take the work, and the `times` that it waits for besides the attempts at its items."""
        self._database = database
        self.work = tuple(work)
        self.loops = tuple(loops)
        pauses = (step.policy.longest_pause for step in self.steps)
        self._times = (
            TimeColumn(
                table="item_attempts",
                column="next_attempt_at",
                furthest=max(LEASE_SECONDS, *pauses),
                where="set_aside_at IS NULL",
            ),
            *times,
        )

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step over items, for tests and documentation."""
        return tuple(work.step for work in self.work)

    def start(self, supervisor: Supervisor) -> None:
        """Start everything as watched tasks."""
        for work in self.work:
            work.step.use(work.wake_up)
            self._database.when_given_work(work.step.name, work.wake_up.notify_in)
            supervisor.start(
                work.step.name,
                repeat(
                    work.step.name,
                    work.step.step,
                    wake_up=work.wake_up,
                    every_seconds=work.every,
                ),
            )
        bookkeeping = (
            Loop(name="figures", take=self.measure, every=_COUNT_SECONDS),
            Loop(name="gone-items", take=self.purge, every=_PURGE_SECONDS),
            Loop(name="times-ahead", take=self.bring_back, every=_BRING_BACK_SECONDS),
        )
        for loop in (*self.loops, *bookkeeping):
            supervisor.start(
                loop.name,
                repeat(loop.name, loop.take, wake_up=loop.wake_up, every_seconds=loop.every),
            )

    async def measure(self) -> None:
        """Update the metric of items set aside."""
        async with self._database.statements() as connection:
            counts = await ItemAttempts(connection).counts()
        for step in self.steps:
            telemetry.ITEMS_SET_ASIDE.labels(step.name).set(counts.get(step.name, 0))

    async def purge(self) -> None:
        """Forget attempts at items gone from their tables."""
        async with self._database.transaction() as connection:
            await ItemAttempts(connection).purge()

    async def bring_back(self) -> None:
        """Shorten waits that began while a clock was ahead."""
        await bring_back(self._database, self._times)
