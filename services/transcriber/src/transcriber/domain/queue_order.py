"""The order of the queue: priority, then fair share between workspaces, then age.

`store.tasks` has this order in SQL for each stage, to take the next tasks out of a long queue. Jobs
begun by the other stage do not go first there, and parts count for the share of their workspace.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar


class Waiting(Protocol):
    """Anything with the attributes of a `WaitingJob`."""

    @property
    def number(self) -> int:
        """Number of the job, lowest for the oldest."""
        ...

    @property
    def workspace_id(self) -> str:
        """Workspace that owns it."""
        ...

    @property
    def priority(self) -> int:
        """Priority, highest first."""
        ...

    @property
    def release(self) -> int | None:
        """Number of its release, None while it can be overtaken."""
        ...


Job = TypeVar("Job", bound=Waiting)


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingJob:
    """A waiting job.

    The oldest job has the lowest `number`. `release` numbers its release to the workers, None
    while it can still be overtaken.
    """

    number: int
    workspace_id: str
    priority: int
    release: int | None = None


class QueueOrder(Generic[Job]):
    """Waiting jobs in the order of their beginning.

    Released jobs come first, in the order of their release. The others are sorted by priority,
    then by fair share, then by age. The share of a workspace's first job is one more than its jobs
    that are running or released, of its second job two more, and so on. Every workspace thus gets
    its turn before anyone's second job. Shares are divided by the weight of the workspace, 1 if it
    has none.

    Example: of jobs 1 and 2 of one workspace and 3 of another, the order is 1, 3, 2.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        running: Mapping[str, int],
        weights: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """Sort the jobs. `running` is the number of running ones by workspace."""
        released: list[Job] = []
        waiting: dict[str, list[tuple[int, int, Job]]] = defaultdict(list)
        self._weights = weights
        self._taken = Counter(running)
        for job in jobs:
            if job.release is None:
                waiting[job.workspace_id].append((-job.priority, job.number, job))
            else:
                released.append(job)
                self._taken[job.workspace_id] += 1
        released.sort(key=lambda job: (job.release, job.number))
        ranked: list[tuple[int, float, int, Job]] = []
        for workspace, own in waiting.items():
            # Numbers differ, so that jobs themselves are not compared.
            own.sort()
            weight = weights.get(workspace, 1.0)
            ranked += [
                (priority, place / weight, number, job)
                for place, (priority, number, job) in enumerate(
                    own, start=self._taken[workspace] + 1
                )
            ]
        ranked.sort()
        self.jobs = released + list(map(itemgetter(3), ranked))
        self._released = len(released)
        self._ranks = [(priority, share, number) for priority, share, number, _ in ranked]
        self._own = defaultdict(
            list,
            {
                workspace: [(priority, number) for priority, number, _ in own]
                for workspace, own in waiting.items()
            },
        )

    def add(self, job: Job) -> int:
        """Put a job that was queued later into its place, and return its index.

        The shares of its workspace's jobs behind it stay what they were.
        """
        if job.release is None:
            own = self._own[job.workspace_id]
            place = bisect_left(own, (-job.priority, job.number))
            own.insert(place, (-job.priority, job.number))
            share = self._taken[job.workspace_id] + place + 1
            rank = (
                -job.priority,
                share / self._weights.get(job.workspace_id, 1.0),
                job.number,
            )
            index = bisect_left(self._ranks, rank)
            self._ranks.insert(index, rank)
            index += self._released
        else:
            index = self._released
            self._released += 1
            self._taken[job.workspace_id] += 1
        self.jobs.insert(index, job)
        return index

    def remove(self, number: int) -> None:
        """Take a job out. Nothing happens if it is not there."""
        index = next((at for at, job in enumerate(self.jobs) if job.number == number), None)
        if index is None:
            return
        job = self.jobs.pop(index)
        if index < self._released:
            self._released -= 1
            self._taken[job.workspace_id] -= 1
        else:
            del self._ranks[index - self._released]
            self._own[job.workspace_id].remove((-job.priority, number))
