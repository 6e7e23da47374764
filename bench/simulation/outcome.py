"""Figures of a simulation: waiting times, fairness, waste and use of the workers."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bench.simulation.cluster import Cluster
from bench.simulation.workload import Workload

PERCENTILES = (50, 90, 99, 100)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """The system at a moment. `shares` are those of owners with waiting tasks."""

    at: float
    queued: int
    workers: tuple[int, ...]
    busy: tuple[int, ...]
    shares: Mapping[int, int]
    taken: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Figures of one run. Times are in seconds, waits by class of owner are `PERCENTILES`.

    `fairness` is the Jain index of the shares of owners whose tasks waited at two successive
    samples, the mean and the least. `largest_share` is the highest part of all shares that one of
    them had. `idle_while_waiting` is a part of the workers' time.
    """

    recordings: int
    failed: int
    sound: float
    seconds: float
    waits: Mapping[str, tuple[float, ...]]
    turnaround: Mapping[str, tuple[float, ...]]
    fairness: tuple[float, float]
    largest_share: float
    longest_queue: int
    most_workers: int
    useful: float
    wasted: Mapping[str, float]
    utilization: float
    idle_while_waiting: float
    worker_hours: float


class Outcome:
    """Records of a run."""

    def __init__(self, workload: Workload, clusters: Sequence[Cluster]) -> None:
        self._load = workload
        self.clusters = clusters
        count = len(workload.arrivals)
        self.started = [-1.0] * count
        self.finished = [-1.0] * count
        self.work: list[float] = [0.0] * count
        self.samples: list[Sample] = []
        self.ended = 0
        self.failed: list[int] = []
        self.seconds = 0.0

    def begun(self, job: int, now: float) -> None:
        """Note that the recognition of a job has begun."""
        if self.started[job] < 0:
            self.started[job] = now

    def worked(self, job: int, seconds: float) -> None:
        """Note completed work on a job."""
        self.work[job] += seconds

    def end(self, job: int, now: float, *, failed: bool) -> None:
        """Note the end of a job."""
        self.ended += 1
        self.finished[job] = now
        if failed:
            self.failed.append(job)

    @property
    def waits(self) -> list[float]:
        """Return the seconds from arrival to the begin of the recognition, by job."""
        return [b - a for a, b in zip(self._load.arrivals, self.started, strict=True)]

    def figures(self) -> Figures:
        """Return the figures of a finished run."""
        waits = np.array(self.waits)
        turnaround = np.array(self.finished) - np.array(self._load.arrivals)
        alive = sum(cluster.alive_seconds for cluster in self.clusters)
        wasted: Counter[str] = Counter()
        for cluster in self.clusters:
            wasted.update(cluster.wasted)
        useful = sum(cluster.useful for cluster in self.clusters)
        classes = owner_classes(self._load)
        return Figures(
            recordings=len(waits),
            failed=len(self.failed),
            sound=float(sum(self._load.lengths)),
            seconds=self.seconds,
            waits={name: percentiles(waits[jobs]) for name, jobs in classes.items()},
            turnaround={name: percentiles(turnaround[jobs]) for name, jobs in classes.items()},
            fairness=self._fairness(),
            largest_share=max(
                (max(shares) / taken for shares, taken in self._contended()), default=0.0
            ),
            longest_queue=max(sample.queued for sample in self.samples),
            most_workers=max(sum(sample.workers) for sample in self.samples),
            useful=useful,
            wasted=dict(sorted(wasted.items())),
            utilization=(useful + wasted.total()) / alive,
            idle_while_waiting=sum(cluster.lost for cluster in self.clusters) / alive,
            worker_hours=alive / 3600,
        )

    def _fairness(self) -> tuple[float, float]:
        found = [jain(shares) for shares, _ in self._contended()]
        return (float(np.mean(found)), min(found)) if found else (1.0, 1.0)

    def _contended(self) -> Iterator[tuple[list[int], int]]:
        """Yield shares of owners that waited since the sample before, and the sum of all shares."""
        for before, sample in pairwise(self.samples):
            shares = [sample.shares[owner] for owner in sample.shares if owner in before.shares]
            if len(shares) > 1 and sample.taken:
                yield shares, sample.taken


def jain(shares: Sequence[float]) -> float:
    """Return the Jain index of shares: 1 if all are equal, 1 / n if one has all."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 1.0


def owner_classes(workload: Workload) -> dict[str, np.ndarray]:
    """Return all jobs, and those of the owners with most recordings, of the next and the others."""
    counts = np.bincount(workload.owners, minlength=workload.owner_count)
    rank = np.empty(len(counts), dtype=int)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    place = rank[np.array(workload.owners)] / len(counts)
    found = {
        "all": np.arange(len(place)),
        "largest 1 % of owners": np.flatnonzero(place < 0.01),
        "next 9 %": np.flatnonzero((place >= 0.01) & (place < 0.1)),
        "others": np.flatnonzero(place >= 0.1),
    }
    return {name: jobs for name, jobs in found.items() if len(jobs)}


def percentiles(values: np.ndarray) -> tuple[float, ...]:
    """Return `PERCENTILES` of values."""
    return tuple(float(found) for found in np.percentile(values, PERCENTILES))
