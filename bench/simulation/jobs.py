"""Jobs of a simulation, and the order in which their tasks are released.

`store.tasks` orders the whole queue in SQL, which takes too long for each of a million releases.
This module returns the same next task in logarithmic time. Tests compare it with
`transcriber.domain.queue_order`.

Per stage, tasks are ordered by priority, then by the share of their owner, then by age. The share
counts the tasks of the stage at the workers.

Under the earlier rule of `released_first`, a released job without a task of the stage at the
workers went first, by its release, and counted one for the share.
"""

import heapq
from collections import defaultdict
from collections.abc import Sequence

STAGES = (0, 1)
Head = tuple[int, int, int, int]


class StageOrder:
    """Order of one stage's tasks."""

    def __init__(self) -> None:
        #: Tasks that wait and tasks at the workers, by job.
        self.waiting: dict[int, int] = {}
        self.busy: dict[int, int] = defaultdict(int)
        #: Share of each owner.
        self.taken: dict[int, int] = defaultdict(int)
        #: Jobs of each owner, and the current head of each.
        self.of_owner: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.current: dict[int, Head] = {}
        self.heads: list[Head] = []
        #: Under the earlier rule, released jobs without a task at the workers: release, job.
        self.idle: list[tuple[int, int]] = []


class QueuedJobs:
    """Jobs that have arrived and not ended."""

    def __init__(
        self,
        owners: Sequence[int],
        priorities: Sequence[int] | None = None,
        *,
        released_first: bool = False,
    ) -> None:
        """`owners` and `priorities` are by job. The oldest job has the lowest number.

        With `released_first`, the earlier rule holds.
        """
        self._released_first = released_first
        self._owners = owners
        self._priorities = priorities
        self._releases: dict[int, int] = {}
        self._orders = tuple(StageOrder() for _ in STAGES)
        self._released = 0
        #: Jobs not yet released.
        self.unreleased = 0

    def add(self, job: int, parts: int) -> None:
        """Add a job with a task per part and stage."""
        self.unreleased += 1
        for order in self._orders:
            order.waiting[job] = parts
            self._list(order, job)

    def take(self, stage: int) -> int | None:
        """Release the next task of a stage. Return its job, None if no task waits."""
        order = self._orders[stage]
        job = self._next(order)
        if job is None:
            return None
        order.waiting[job] -= 1
        if job not in self._releases:
            self._release(job)
        order.busy[job] += 1
        if order.busy[job] > 1 or not self._released_first:
            order.taken[self._owners[job]] += 1
        self._refresh(order, self._owners[job])
        if order.busy[job] == 1 and order.waiting[job] and self._released_first:
            self._list(order, job)
        return job

    def leave(self, job: int, stage: int, *, again: bool = False) -> None:
        """Take a task from the workers. With `again`, it waits once more."""
        order = self._orders[stage]
        order.busy[job] -= 1
        order.waiting[job] += again
        if order.busy[job] or not self._released_first:
            order.taken[self._owners[job]] -= 1
            if again:
                self._list(order, job)
        elif order.waiting[job]:
            heapq.heappush(order.idle, (self._releases[job], job))
        self._refresh(order, self._owners[job])

    def end(self, job: int) -> int:
        """Remove a released job. Return the number of its tasks that still waited."""
        dropped = 0
        for order in self._orders:
            dropped += order.waiting.pop(job)
            least = 1 if self._released_first else 0
            order.taken[self._owners[job]] -= max(least, order.busy.pop(job, 0))
            self._refresh(order, self._owners[job])
        del self._releases[job]
        return dropped

    def waiting(self, job: int, stage: int) -> int:
        """Return the number of a job's tasks that wait."""
        return self._orders[stage].waiting[job]

    def shares(self) -> dict[int, int]:
        """Return the share of each owner that has tasks of the first stage waiting."""
        order = self._orders[0]
        return {owner: order.taken[owner] for owner in order.current}

    def total_taken(self) -> int:
        """Return the sum of all shares of the first stage."""
        return sum(self._orders[0].taken.values())

    def _release(self, job: int) -> None:
        self._released += 1
        self._releases[job] = self._released
        self.unreleased -= 1
        if not self._released_first:
            return
        owner = self._owners[job]
        for order in self._orders:
            order.taken[owner] += 1
            if order.waiting[job] and not order.busy[job]:
                heapq.heappush(order.idle, (self._released, job))
            self._refresh(order, owner)

    def _next(self, order: StageOrder) -> int | None:
        while order.idle:
            _, job = heapq.heappop(order.idle)
            if order.waiting.get(job) and not order.busy[job]:
                return job
        while order.heads:
            head = heapq.heappop(order.heads)
            owner = head[3]
            if order.current.get(owner) == head:
                del order.current[owner]
                return head[2]
        return None

    def _list(self, order: StageOrder, job: int) -> None:
        priority = self._priorities[job] if self._priorities else 0
        heapq.heappush(order.of_owner[self._owners[job]], (-priority, job))
        self._refresh(order, self._owners[job])

    def _refresh(self, order: StageOrder, owner: int) -> None:
        """Bring the head of an owner up to date."""
        jobs = order.of_owner[owner]
        while jobs and not self._is_listed(order, jobs[0][1]):
            heapq.heappop(jobs)
        if not jobs:
            order.current.pop(owner, None)
            return
        head = (jobs[0][0], order.taken[owner] + 1, jobs[0][1], owner)
        if order.current.get(owner) != head:
            order.current[owner] = head
            heapq.heappush(order.heads, head)

    def _is_listed(self, order: StageOrder, job: int) -> bool:
        """Return whether a job is ordered by share, not by its release."""
        if not order.waiting.get(job):
            return False
        return not self._released_first or job not in self._releases or order.busy[job] > 0
