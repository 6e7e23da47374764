"""Status of the queue: positions, waiting times and statistics."""

import asyncio
import datetime as dt
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from common.postgres import Connection, Database
from transcriber.domain.forecast import (
    Forecast,
    RunningWork,
    forecast,
    measured_factor,
)
from transcriber.domain.jobs import JobStatus, Stage
from transcriber.domain.queue_order import QueueOrder
from transcriber.queue.workers import WorkerRegistry
from transcriber.store.jobs import Jobs, LiveJob, LiveJobs
from transcriber.store.workspace_settings import StoredSettings

_LEAST_REST_SECONDS = 1.0
#: Estimates move little in this time.
_RECENT_SECONDS = 5.0
#: Jobs from which on a queue is long. Callers get a snapshot that was taken for an earlier one.
LONG_QUEUE = 200
#: Ended jobs from which on their number changes little in seconds.
_MANY_JOBS = 20_000
#: Age of what callers get of a long queue. The announcer takes a snapshot more often than this.
KEPT_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePlace:
    """Position of a workspace's first waiting job, and the seconds until it begins."""

    position: int
    wait: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueSnapshot:
    """The queue at one moment. Positions count from 1 and are by job, places by workspace."""

    positions: Mapping[str, int]
    forecast: Forecast
    places: Mapping[str, QueuePlace]
    queued: int
    processing: int


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueStatus:
    """The queue at one moment with workers and statistics. Durations are in seconds."""

    snapshot: QueueSnapshot
    by_status: Mapping[JobStatus, int]
    transcribe_workers: int
    diarize_workers: int
    mean_processing: float | None

    @property
    def success_rate(self) -> float:
        """Completed jobs in percent of completed and failed ones, 100 without any."""
        completed = self.by_status.get(JobStatus.COMPLETED, 0)
        failed = self.by_status.get(JobStatus.FAILED, 0)
        return 100.0 * completed / (completed + failed) if completed + failed else 100.0


def rest_after(seconds: float) -> float:
    """Return the seconds until the next regular snapshot, after one that took some seconds.

    Snapshots of a long queue take seconds. With the rest, they take a tenth of the time at most.
    """
    return max(_LEAST_REST_SECONDS, 9.0 * seconds)


class QueueMonitor:
    """Reads the queue and forecasts when its jobs begin and end."""

    def __init__(self, database: Database, workers: WorkerRegistry) -> None:
        self._database = database
        self._workers = workers
        self._ends: Mapping[str, dt.datetime] = {}
        self._ends_until = 0.0
        self._kept: _ReadQueue | None = None
        self._kept_until = 0.0
        self._counts: Mapping[JobStatus, int] = {}
        self._counts_until = 0.0

    async def snapshot(self, connection: Connection) -> QueueSnapshot:
        """Return the current queue."""
        jobs = Jobs(connection)
        weights = await StoredSettings(connection).weights()
        begun = time.monotonic()
        live, recent = await jobs.live(), await jobs.recent()
        if len(live.jobs) < LONG_QUEUE:
            self._kept = None
            return self._read(live, recent, weights).snapshot
        # Other calls go on meanwhile.
        found = await asyncio.to_thread(self._read, live, recent, weights)
        now = time.monotonic()
        self._kept, self._kept_until = found, now + max(KEPT_SECONDS, rest_after(now - begun))
        return found.snapshot

    async def shown(
        self, connection: Connection, *job_ids: str, moved: bool = False
    ) -> QueueSnapshot:
        """Return the queue for an answer about some queued jobs, which may have `moved`.

        The one of a long queue may be as old as `KEPT_SECONDS`, or nine times the seconds that it
        took. These jobs have their places among its jobs.
        """
        kept = self._kept
        if kept is None or time.monotonic() >= self._kept_until:
            return await self.snapshot(connection)
        unknown = [job_id for job_id in job_ids if moved or job_id not in kept.snapshot.positions]
        if unknown:
            kept.place(await Jobs(connection).queued(unknown))
        return kept.snapshot

    async def status(self, connection: Connection) -> QueueStatus:
        """Return the queue as `shown`, with workers and statistics."""
        recent = await Jobs(connection).recent()
        spent = [processing for processing, _ in recent]
        return QueueStatus(
            snapshot=await self.shown(connection),
            by_status=await self._by_status(connection),
            transcribe_workers=self._workers.alive(Stage.TRANSCRIBE),
            diarize_workers=self._workers.alive(Stage.DIARIZE),
            mean_processing=sum(spent) / len(spent) if spent else None,
        )

    async def expected_ends(self) -> Mapping[str, dt.datetime]:
        """Return when running jobs are expected to end, as seen a few seconds ago at most.

        With a long queue it is as long ago as `rest_after` returns.
        """
        begun = time.monotonic()
        if begun >= self._ends_until:
            async with self._database.statements() as connection:
                found = (await self.shown(connection)).forecast
            moment, now = dt.datetime.now(dt.UTC), time.monotonic()
            self._ends = {
                job_id: moment + dt.timedelta(seconds=seconds)
                for job_id, seconds in found.end.items()
            }
            self._ends_until = now + max(_RECENT_SECONDS, rest_after(now - begun))
        return self._ends

    async def _by_status(self, connection: Connection) -> Mapping[JobStatus, int]:
        """Return the number of jobs by status, of many jobs as they were recently."""
        now = time.monotonic()
        if now >= self._counts_until:
            self._counts = await Jobs(connection).by_status()
            many = sum(self._counts.values()) >= _MANY_JOBS
            self._counts_until = now + KEPT_SECONDS if many else 0.0
        return self._counts

    def _read(
        self,
        live: LiveJobs,
        recent: list[tuple[float, float]],
        weights: Mapping[str, float],
    ) -> "_ReadQueue":
        queued = [job for job in live.jobs if job.status == JobStatus.QUEUED]
        processing = [job for job in live.jobs if job.status == JobStatus.PROCESSING]
        order = QueueOrder(queued, Counter(job.workspace_id for job in processing), weights)
        running = [
            RunningWork(
                job_id=job.job_id,
                sound=job.sound,
                elapsed=_elapsed(job, live.now),
                progress=job.progress,
            )
            for job in processing
        ]
        factor = measured_factor(recent, running)
        expected = forecast(
            queued=order.jobs,
            running=running,
            factor=factor,
            slots=min(self._workers.alive(Stage.TRANSCRIBE), self._workers.alive(Stage.DIARIZE)),
        )
        return _ReadQueue(order, expected, factor=factor, processing=len(processing))


class _ReadQueue:
    """The queue as it was read, and places of later jobs in it."""

    def __init__(
        self,
        order: QueueOrder[LiveJob],
        expected: Forecast,
        *,
        factor: float | None,
        processing: int,
    ) -> None:
        """`factor` is the real-time factor of the forecast."""
        self._order = order
        self._factor = factor
        self._positions = {job.job_id: place for place, job in enumerate(order.jobs, start=1)}
        self._begin, self._end = dict(expected.begin), dict(expected.end)
        self._places: dict[str, QueuePlace] = {}
        for job in order.jobs:
            self._lead(job)
        self.snapshot = QueueSnapshot(
            positions=self._positions,
            forecast=replace(expected, begin=self._begin, end=self._end),
            places=self._places,
            queued=len(order.jobs),
            processing=processing,
        )

    def place(self, jobs: Iterable[LiveJob]) -> None:
        """Add queued jobs, or move them. Positions of others stay what they were."""
        for job in jobs:
            if job.job_id in self._positions:
                self._order.remove(job.number)
            index = self._order.add(job)
            self._positions[job.job_id] = index + 1
            if index + 1 < len(self._order.jobs):
                begin = self._begin.get(self._order.jobs[index + 1].job_id)
            else:
                begin = self.snapshot.forecast.next_begin
            if begin is not None and self._factor is not None:
                self._begin[job.job_id] = begin
                self._end[job.job_id] = begin + job.sound * self._factor
            self._lead(job)
        self.snapshot = replace(self.snapshot, queued=len(self._order.jobs))

    def _lead(self, job: LiveJob) -> None:
        """Note the place of a job that is the first one of its workspace."""
        position = self._positions[job.job_id]
        first = self._places.get(job.workspace_id)
        if first is None or position < first.position:
            self._places[job.workspace_id] = QueuePlace(
                position=position, wait=self._begin.get(job.job_id)
            )


def _elapsed(job: LiveJob, now: dt.datetime) -> float:
    """Return the seconds since the start of a job, 0 before it."""
    return 0.0 if job.started_at is None else max(0.0, (now - job.started_at).total_seconds())
