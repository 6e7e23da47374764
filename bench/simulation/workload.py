"""Recordings of a simulated day: their lengths, their owners and their arrival.

Lengths are a mixture of log-normal distributions. Owners follow Zipf's law. Arrivals follow a wave
of one day, and some owners upload many recordings at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY = 86_400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LengthClass:
    """A kind of recording: its share of all, its median in seconds and its spread (sigma)."""

    name: str
    share: float
    median: float
    sigma: float


LENGTHS = (
    LengthClass(name="voice notes and short calls", share=0.40, median=120.0, sigma=0.8),
    LengthClass(name="meetings and interviews", share=0.45, median=1500.0, sigma=0.6),
    LengthClass(name="lectures and long meetings", share=0.12, median=3600.0, sigma=0.4),
    LengthClass(name="whole days, hearings", share=0.03, median=10_800.0, sigma=0.6),
)
SHORTEST = 5.0
LONGEST = 12 * 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkloadOptions:
    """Size and shape of a workload.

    `wave` is the amplitude of the daily wave, 0 to 1. `burst_share` of the recordings arrive in
    bursts of about `burst_size`, each from one owner and within `burst_seconds`. `flood` recordings
    of the owner with most recordings arrive together at `flood_at`.
    """

    recordings: int
    owners: int
    seconds: float = DAY
    zipf: float = 1.1
    wave: float = 0.6
    burst_share: float = 0.05
    burst_size: int = 200
    burst_seconds: float = 600.0
    flood: int = 0
    flood_at: float = DAY / 2
    lengths: tuple[LengthClass, ...] = LENGTHS


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """Recordings in the order of their arrival. Times and lengths are in seconds."""

    arrivals: list[float]
    lengths: list[float]
    owners: list[int]
    owner_count: int


def generate(options: WorkloadOptions, seed: int) -> Workload:
    """Return the workload of a seed."""
    dice = np.random.default_rng(seed)
    arrivals, owners = _steady(options, dice)
    burst_arrivals, burst_owners = _bursts(options, dice)
    flood = np.full(options.flood, options.flood_at)
    arrivals = np.concatenate([arrivals, burst_arrivals, flood])
    owners = np.concatenate([owners, burst_owners, np.zeros(options.flood, dtype=np.int64)])
    order = np.argsort(arrivals, kind="stable")
    return Workload(
        arrivals=arrivals[order].tolist(),
        lengths=_lengths(options, dice).tolist(),
        owners=owners[order].tolist(),
        owner_count=options.owners,
    )


def _lengths(options: WorkloadOptions, dice: np.random.Generator) -> NDArray[np.float64]:
    shares = [one.share for one in options.lengths]
    kinds = dice.choice(len(shares), size=options.recordings, p=np.divide(shares, sum(shares)))
    medians = np.array([one.median for one in options.lengths])[kinds]
    sigmas = np.array([one.sigma for one in options.lengths])[kinds]
    lengths = medians * np.exp(sigmas * dice.standard_normal(options.recordings))
    return np.asarray(np.clip(lengths, SHORTEST, LONGEST), dtype=np.float64)


def _burst_count(options: WorkloadOptions) -> int:
    return round(options.burst_share * options.recordings)


def _steady(
    options: WorkloadOptions, dice: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return arrivals along the wave, by inversion of its integral, and their owners."""
    count = options.recordings - options.flood - _burst_count(options)
    grid = np.linspace(0.0, options.seconds, 2001)
    # The quietest hour is the beginning.
    rate = 1.0 - options.wave * np.cos(2 * np.pi * grid / DAY)
    total = np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2)])
    arrivals = np.interp(dice.uniform(0.0, total[-1], count), total, grid)
    weights = 1.0 / np.arange(1, options.owners + 1) ** options.zipf
    owners = dice.choice(options.owners, size=count, p=weights / weights.sum())
    return arrivals, owners


def _bursts(
    options: WorkloadOptions, dice: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return arrivals of bursts and their owners, of whom all are equally likely."""
    count = _burst_count(options)
    bursts = max(1, count // options.burst_size)
    of_burst = dice.integers(0, bursts, size=count)
    begin = dice.uniform(0.0, max(1.0, options.seconds - options.burst_seconds), bursts)
    owner = dice.integers(0, options.owners, size=bursts)
    within = dice.uniform(0.0, min(options.burst_seconds, options.seconds), count)
    return begin[of_burst] + within, owner[of_burst]
