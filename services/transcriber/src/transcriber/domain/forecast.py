"""Forecast of when jobs begin and end, from measured speed.

Sound is the length of a recording times the number of its signals, because every signal is
processed by itself.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class Work(Protocol):
    """Anything with the attributes of a `QueuedWork`."""

    @property
    def job_id(self) -> str:
        """Identifier of the job."""
        ...

    @property
    def sound(self) -> float:
        """Seconds of sound to process."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuedWork:
    """A waiting job, and its seconds of sound."""

    job_id: str
    sound: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningWork:
    """A running job.

    `sound` is the sound of the recording and `elapsed` the time since the start, both in seconds.
    `progress` is in percent.
    """

    job_id: str
    sound: float
    elapsed: float
    progress: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Seconds from now, None or missing until speed has been measured.

    `begin` and `end` are by job. `next_begin` is for a job queued now.
    """

    begin: Mapping[str, float]
    end: Mapping[str, float]
    next_begin: float | None


#: Progress from which on a job's own speed is used.
_TELLING_PERCENT = 5.0


def measured_factor(
    recent: Sequence[tuple[float, float]], running: Sequence[RunningWork]
) -> float | None:
    """Return the real-time factor, in seconds of processing per second of sound.

    `recent` has (processing seconds, seconds of sound) of completed jobs. Without any, running jobs
    are extrapolated. None if there is nothing to measure.
    """
    spent = sum(processing for processing, _ in recent)
    sound = sum(seconds for _, seconds in recent)
    if sound > 0 and spent > 0:
        return spent / sound
    known = [work for work in running if work.progress >= _TELLING_PERCENT and work.sound > 0]
    sound = sum(work.sound for work in known)
    if not sound:
        return None
    return sum(work.elapsed * 100.0 / work.progress for work in known) / sound


def forecast(
    *,
    queued: Sequence[Work],
    running: Sequence[RunningWork],
    factor: float | None,
    slots: int,
) -> Forecast:
    """Forecast the queue in its order.

    `slots` is the number of jobs that run at the same time. At least one is assumed, because
    workers may be started on demand.

    Example: with a factor of 0.5 and one slot, jobs with 100 and 50 seconds of sound begin after 0
    and 50 seconds and end after 50 and 75.
    """
    end = {work.job_id: left for work in running if (left := _remaining(work, factor)) is not None}
    if factor is None and (queued or len(end) < len(running)):
        return Forecast(begin={}, end=end, next_begin=None)
    slots = max(1, slots)
    free = sorted(end.values())[-slots:]
    free = [0.0] * (slots - len(free)) + free
    heapq.heapify(free)
    begin: dict[str, float] = {}
    for work in queued:
        begin[work.job_id] = start = heapq.heappop(free)
        end[work.job_id] = start + work.sound * (factor or 0.0)
        heapq.heappush(free, end[work.job_id])
    return Forecast(begin=begin, end=end, next_begin=free[0])


def _remaining(work: RunningWork, factor: float | None) -> float | None:
    """Return the seconds until a running job ends, by its own progress or the usual speed."""
    by_usual = None if factor is None else max(0.0, work.sound * factor - work.elapsed)
    if work.progress < _TELLING_PERCENT or not work.elapsed:
        return by_usual
    by_own = work.elapsed * (100.0 - work.progress) / work.progress
    if by_usual is None:
        return by_own
    # The further a job is, the more its own progress counts.
    weight = min(1.0, work.progress / 50.0)
    return weight * by_own + (1.0 - weight) * by_usual
