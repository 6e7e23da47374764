"""Workers of one stage, and the time that they and their tasks spend."""

from collections import defaultdict, deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery of a task: its job, and how many times its message has been delivered."""

    job: int
    attempt: int


class Worker:
    """A worker. `token` changes with its state, so that outdated events are recognized."""

    __slots__ = ("alive", "begun", "draining", "ends", "task", "token")

    def __init__(self) -> None:
        self.alive = True
        self.draining = False
        self.task: Delivered | None = None
        self.begun = 0.0
        self.ends = 0.0
        self.token = 0


class Cluster:
    """Workers and tasks of one stage.

    Tasks that are `open` have not ended, and those `handed_out` are at the workers or in the
    stream. `useful` and `wasted` are seconds of work, `lost` are seconds in which a worker was idle
    and a task waited.
    """

    def __init__(self) -> None:
        # Dictionaries keep the order in which workers were added, which sets do not.
        self.idle: dict[Worker, None] = {}
        self.workers: dict[Worker, None] = {}
        self.booting = 0
        #: Boots to leave out, because the pod was removed before it was ready.
        self.cancelled_boots = 0
        #: Workers that the registry still counts although they are dead.
        self.unnoticed = 0
        self.stream: deque[Delivered] = deque()
        self.open = 0
        self.handed_out = 0
        self.useful = 0.0
        self.wasted: dict[str, float] = defaultdict(float)
        self.alive_seconds = 0.0
        self.lost = 0.0
        self._accounted = 0.0

    @property
    def pods(self) -> int:
        """Return the number of pods, ready or not."""
        return self.booting + len(self.workers)

    @property
    def known(self) -> int:
        """Return the number of workers that the dispatcher counts."""
        return len(self.workers) + self.unnoticed

    def account(self, now: float) -> None:
        """Count the time since the last change."""
        passed = now - self._accounted
        self._accounted = now
        self.alive_seconds += passed * len(self.workers)
        self.lost += passed * min(len(self.idle), self.open - self.handed_out + len(self.stream))
