"""The workload of the simulation."""

import numpy as np

from bench.simulation.workload import LONGEST, SHORTEST, WorkloadOptions, generate

_OPTIONS = WorkloadOptions(recordings=20_000, owners=500)


def test_same_seed_gives_the_same_workload() -> None:
    assert generate(_OPTIONS, 1) == generate(_OPTIONS, 1)
    assert generate(_OPTIONS, 1) != generate(_OPTIONS, 2)


def test_lengths_are_the_stated_mixture() -> None:
    lengths = np.array(generate(_OPTIONS, 1).lengths)
    assert lengths.min() >= SHORTEST
    assert lengths.max() <= LONGEST
    # The mean of a log-normal distribution is its median times exp(sigma² / 2).
    mean = sum(one.share * one.median * np.exp(one.sigma**2 / 2) for one in _OPTIONS.lengths)
    assert abs(lengths.mean() / mean - 1) < 0.05


def test_arrivals_are_in_order_and_follow_the_wave() -> None:
    arrivals = np.array(generate(_OPTIONS, 1).arrivals)
    assert (np.diff(arrivals) >= 0).all()
    quiet = ((arrivals < 7200) | (arrivals >= 79_200)).sum()
    noon = ((arrivals >= 36_000) & (arrivals < 50_400)).sum()
    assert noon > 2 * quiet


def test_owners_follow_zipf() -> None:
    counts = np.sort(np.bincount(generate(_OPTIONS, 1).owners))[::-1]
    assert counts[0] > 5 * counts[20]
    assert counts[:5].sum() > 0.25 * counts.sum()


def test_flood_arrives_at_once_from_one_owner() -> None:
    options = WorkloadOptions(recordings=1000, owners=50, flood=300, flood_at=100.0)
    load = generate(options, 1)
    flood = [owner for at, owner in zip(load.arrivals, load.owners, strict=True) if at == 100.0]
    assert flood == [0] * 300
    assert len(load.arrivals) == len(load.lengths) == 1000
