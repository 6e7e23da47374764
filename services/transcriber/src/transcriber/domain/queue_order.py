"""The order of the queue: priority, then fair share between workspaces, then age.

`store.tasks` has this order in SQL for each stage, to take the next tasks out of a long queue. Jobs
begun by the other stage do not go first there, and parts count for the share of their workspace.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import Protocol, TypeVar


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


def in_order(
    jobs: Iterable[Job],
    running: Mapping[str, int],
    weights: Mapping[str, float] = MappingProxyType({}),
) -> list[Job]:
    """Return the jobs in the order of their beginning.

    Released jobs come first, in the order of their release. The others are sorted by priority,
    then by fair share, then by age. The share of a workspace's first job is one more than its jobs
    in `running`, of its second job two more, and so on. Every workspace thus gets its turn before
    anyone's second job. Shares are divided by the weight of the workspace, 1 if it has none.

    Example: of jobs 1 and 2 of one workspace and 3 of another, the order is 1, 3, 2.
    """
    released: list[Job] = []
    by_workspace: dict[str, list[tuple[int, int, Job]]] = defaultdict(list)
    taken = Counter(running)
    for job in jobs:
        if job.release is None:
            by_workspace[job.workspace_id].append((-job.priority, job.number, job))
        else:
            released.append(job)
            taken[job.workspace_id] += 1
    released.sort(key=lambda job: (job.release, job.number))
    ranked: list[tuple[int, float, int, Job]] = []
    for workspace, waiting in by_workspace.items():
        # Numbers differ, so that jobs themselves are not compared.
        waiting.sort()
        weight = weights.get(workspace, 1.0)
        ranked += [
            (priority, place / weight, number, job)
            for place, (priority, number, job) in enumerate(waiting, start=taken[workspace] + 1)
        ]
    ranked.sort()
    return released + list(map(itemgetter(3), ranked))
