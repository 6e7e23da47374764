"""Properties of the queue in virtual time."""

import pytest

from bench.simulation.autoscaler import ScalingOptions
from bench.simulation.options import FailureOptions, SimulationOptions, fixed
from bench.simulation.outcome import Outcome
from bench.simulation.simulator import Simulation
from bench.simulation.workload import Workload, WorkloadOptions, generate

_RELIABLE = FailureOptions(error_rate=0.0, poison=0.0, crash_every=1e12, spot_share=0.0)
_UNRELIABLE = FailureOptions(
    error_rate=0.05, poison=0.01, crash_every=7200.0, evict_every=3600.0, spot_share=1.0
)
_LOAD = generate(WorkloadOptions(recordings=1500, owners=60, seconds=20_000.0), 7)


def simulated(
    load: Workload = _LOAD,
    *,
    workers: int = 12,
    failures: FailureOptions = _RELIABLE,
    part: float = 0.0,
    scaling: ScalingOptions | None = None,
    idle_first: bool = False,
) -> Outcome:
    pool = scaling or fixed(workers)
    options = SimulationOptions(
        scaling=(pool, pool), failures=failures, part=part, idle_first=idle_first
    )
    return Simulation(load, options, 3).run()


@pytest.mark.parametrize("part", [0.0, 600.0])
def test_same_seed_gives_the_same_figures(part: float) -> None:
    first = simulated(failures=_UNRELIABLE, part=part)
    second = simulated(failures=_UNRELIABLE, part=part)
    assert first.figures() == second.figures()
    assert first.finished == second.finished


@pytest.mark.parametrize("part", [0.0, 600.0])
def test_everything_ends_whatever_fails(part: float) -> None:
    outcome = simulated(failures=_UNRELIABLE, part=part)
    assert outcome.ended == len(_LOAD.arrivals)
    assert all(
        arrival <= begin <= end
        for arrival, begin, end in zip(
            _LOAD.arrivals, outcome.started, outcome.finished, strict=True
        )
    )
    # Deterministic deaths fail their jobs. Everything else is repeated.
    assert 0 < len(outcome.failed) < 0.03 * len(_LOAD.arrivals)
    for cluster in outcome.clusters:
        assert (cluster.open, cluster.handed_out) == (0, 0)
    assert set(outcome.figures().wasted) >= {"crashes", "errors", "evictions"}


def test_work_is_conserved() -> None:
    outcome = simulated()
    figures = outcome.figures()
    assert figures.useful == pytest.approx(sum(outcome.work))
    assert sum(figures.wasted.values()) == 0
    for cluster in outcome.clusters:
        assert cluster.useful <= cluster.alive_seconds
    # Workers idle only during the rounds of the dispatcher while tasks wait.
    assert figures.idle_while_waiting < 0.01


@pytest.mark.parametrize("part", [0.0, 600.0])
def test_small_owners_do_not_wait_for_a_flood(part: float) -> None:
    quiet = WorkloadOptions(
        recordings=400, owners=100, seconds=40_000.0, burst_share=0.0, zipf=0.0, wave=0.0
    )
    flooded = WorkloadOptions(
        recordings=2400,
        owners=100,
        seconds=40_000.0,
        burst_share=0.0,
        zipf=0.0,
        wave=0.0,
        flood=2000,
        flood_at=10_000.0,
    )
    load = generate(flooded, 5)
    outcome = simulated(load, part=part)
    others = [wait for owner, wait in zip(load.owners, outcome.waits, strict=True) if owner != 0]
    flood = [wait for owner, wait in zip(load.owners, outcome.waits, strict=True) if owner == 0]
    unflooded = simulated(generate(quiet, 5), part=part)
    # The flood takes hours. Others wait for one of many workers to end its task.
    assert max(flood) > 20_000
    assert max(others) < max(1800.0, 2 * max(unflooded.waits))
    assert sum(others) / len(others) < 300


def test_no_owner_starves_under_overload() -> None:
    """Owners begin their first recordings soon, though the largest one's backlog takes hours."""
    load = generate(WorkloadOptions(recordings=3000, owners=20, seconds=3600.0), 7)
    outcome = simulated(load, workers=24, part=600.0)
    first: dict[int, float] = {}
    for owner, wait in zip(load.owners, outcome.waits, strict=True):
        first.setdefault(owner, wait)
    assert len(first) == 20
    assert max(outcome.waits) > 10_000
    assert max(first.values()) < 600
    assert outcome.figures().fairness[0] > 0.8


def test_earlier_order_let_a_flood_delay_others() -> None:
    """The other stage began all jobs of the flood, and others waited for them."""
    options = WorkloadOptions(
        recordings=2400,
        owners=100,
        seconds=40_000.0,
        zipf=0.0,
        burst_share=0.0,
        flood=2000,
        flood_at=10_000.0,
    )
    load = generate(options, 5)
    longest = {}
    for released_first in (False, True):
        rules = SimulationOptions(
            scaling=(fixed(12), fixed(12)), failures=_RELIABLE, released_first=released_first
        )
        waits = Simulation(load, rules, 3).run().waits
        longest[released_first] = max(w for o, w in zip(load.owners, waits, strict=True) if o)
    assert longest[False] < longest[True] / 3


def test_parts_lose_less_work_to_evictions() -> None:
    whole = simulated(failures=_UNRELIABLE).figures()
    parts = simulated(failures=_UNRELIABLE, part=300.0).figures()
    assert parts.wasted["evictions"] < whole.wasted["evictions"] / 2


def test_pool_scales_to_zero_and_back() -> None:
    load = Workload(
        arrivals=[0.0, 1.0, 20_000.0], lengths=[600.0] * 3, owners=[0, 1, 0], owner_count=2
    )
    outcome = simulated(load, scaling=ScalingOptions(least=0, most=10))
    assert outcome.ended == 3
    before = [sample for sample in outcome.samples if sample.at == 18_000.0]
    assert before[0].workers == (0, 0)
    assert all(15.0 < wait < 600.0 for wait in (outcome.waits[0], outcome.waits[2]))


def test_removal_of_idle_workers_wastes_no_work() -> None:
    scaling = ScalingOptions(least=1, most=40)
    chosen = simulated(scaling=scaling, idle_first=True).figures()
    anyone = simulated(scaling=scaling).figures()
    assert chosen.wasted.get("scale-down", 0.0) < anyone.wasted["scale-down"] / 2
