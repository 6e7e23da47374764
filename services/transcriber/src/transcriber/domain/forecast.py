"""When waiting jobs will begin and end, from the speed that was measured."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuedWork:
    """A job that waits: its identifier and the length of its recording in seconds."""

    job_id: str
    duration: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningWork:
    """A job that is being processed.

    `duration` is the length of the recording, `elapsed` the time since it began (seconds),
    `progress` 0 to 100.
    """

    job_id: str
    duration: float
    elapsed: float
    progress: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Seconds from now; None or missing where nothing has been measured yet.

    `begin` and `end` are by job, `next_begin` is when a job queued now would begin.
    """

    begin: Mapping[str, float]
    end: Mapping[str, float]
    next_begin: float | None


#: Progress from which a running job's own speed is believed.
_TELLING_PERCENT = 5.0


def measured_factor(
    recent: Sequence[tuple[float, float]], running: Sequence[RunningWork]
) -> float | None:
    """Seconds of processing a second of audio; None when nothing has been measured.

    `recent` holds (processing seconds, audio seconds) of jobs that completed lately. Without any,
    the jobs that run are extrapolated.
    """
    spent = sum(processing for processing, _ in recent)
    audio = sum(duration for _, duration in recent)
    if audio > 0 and spent > 0:
        return spent / audio
    known = [work for work in running if work.progress >= _TELLING_PERCENT and work.duration > 0]
    audio = sum(work.duration for work in known)
    if not audio:
        return None
    return sum(work.elapsed * 100.0 / work.progress for work in known) / audio


def forecast(
    *,
    queued: Sequence[QueuedWork],
    running: Sequence[RunningWork],
    factor: float | None,
    slots: int,
) -> Forecast:
    """Work through the queue in its order on as many places as jobs can run at the same time.

    `slots` is that number; at least one is assumed, since workers may be started on demand.
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
        end[work.job_id] = start + work.duration * (factor or 0.0)
        heapq.heappush(free, end[work.job_id])
    return Forecast(begin=begin, end=end, next_begin=free[0])


def _remaining(work: RunningWork, factor: float | None) -> float | None:
    """Seconds until a running job ends, by its own progress, else by the usual speed."""
    by_usual = None if factor is None else max(0.0, work.duration * factor - work.elapsed)
    if work.progress < _TELLING_PERCENT or not work.elapsed:
        return by_usual
    by_own = work.elapsed * (100.0 - work.progress) / work.progress
    if by_usual is None:
        return by_own
    # The further it is, the more its own progress tells.
    weight = min(1.0, work.progress / 50.0)
    return weight * by_own + (1.0 - weight) * by_usual
