"""Status of the queue: positions, waiting times and statistics."""

import datetime as dt
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from common.postgres import Connection, Database
from transcriber.domain.forecast import (
    Forecast,
    QueuedWork,
    RunningWork,
    forecast,
    measured_factor,
)
from transcriber.domain.jobs import Job, JobStatus, Stage
from transcriber.domain.queue_order import WaitingJob, in_order
from transcriber.queue.workers import WorkerRegistry
from transcriber.store.jobs import Jobs, LiveJobs
from transcriber.store.workspace_settings import StoredSettings

_LEAST_REST_SECONDS = 1.0
#: Estimates move little in this time.
_RECENT_SECONDS = 5.0


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

    async def snapshot(self, connection: Connection) -> QueueSnapshot:
        """Return the current queue."""
        jobs = Jobs(connection)
        weights = await StoredSettings(connection).weights()
        return self._snapshot(await jobs.live(), await jobs.recent(), weights)

    async def status(self, connection: Connection) -> QueueStatus:
        """Return the current queue with workers and statistics."""
        jobs = Jobs(connection)
        recent = await jobs.recent()
        spent = [processing for processing, _ in recent]
        weights = await StoredSettings(connection).weights()
        return QueueStatus(
            snapshot=self._snapshot(await jobs.live(), recent, weights),
            by_status=await jobs.by_status(),
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
                found = (await self.snapshot(connection)).forecast
            moment, now = dt.datetime.now(dt.UTC), time.monotonic()
            self._ends = {
                job_id: moment + dt.timedelta(seconds=seconds)
                for job_id, seconds in found.end.items()
            }
            self._ends_until = now + max(_RECENT_SECONDS, rest_after(now - begun))
        return self._ends

    def _snapshot(
        self,
        live: LiveJobs,
        recent: list[tuple[float, float]],
        weights: Mapping[str, float],
    ) -> QueueSnapshot:
        queued = {job.id: job for job in live.jobs if job.status is JobStatus.QUEUED}
        processing = [job for job in live.jobs if job.status is JobStatus.PROCESSING]
        ordered = in_order(
            (
                WaitingJob(
                    number=job.id,
                    workspace_id=job.workspace_id,
                    priority=job.priority,
                    release=job.release_number,
                )
                for job in queued.values()
            ),
            Counter(job.workspace_id for job in processing),
            weights,
        )
        running = [
            RunningWork(
                job_id=job.job_id,
                sound=job.sound_seconds,
                elapsed=job.processing_seconds(live.now),
                progress=job.progress,
            )
            for job in processing
        ]
        waiting = [queued[item.number] for item in ordered]
        expected = forecast(
            queued=[QueuedWork(job_id=job.job_id, sound=job.sound_seconds) for job in waiting],
            running=running,
            factor=measured_factor(recent, running),
            slots=min(self._workers.alive(Stage.TRANSCRIBE), self._workers.alive(Stage.DIARIZE)),
        )
        return QueueSnapshot(
            positions={job.job_id: place for place, job in enumerate(waiting, start=1)},
            forecast=expected,
            places=_places(waiting, expected),
            queued=len(waiting),
            processing=len(processing),
        )


def _places(waiting: list[Job], expected: Forecast) -> dict[str, QueuePlace]:
    places: dict[str, QueuePlace] = {}
    for position, job in enumerate(waiting, start=1):
        place = QueuePlace(position=position, wait=expected.begin.get(job.job_id))
        places.setdefault(job.workspace_id, place)
    return places
