"""Options of a simulation. Times are in seconds."""

from dataclasses import dataclass, field

from bench.simulation.autoscaler import ScalingOptions
from common.bus import Delivery

_DELIVERY = Delivery()


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureOptions:
    """Failures of tasks and workers. Rates are per attempt, times are means.

    A recording out of `poison` kills each worker that recognizes it.
    """

    error_rate: float = 0.002
    poison: float = 0.0001
    crash_every: float = 7 * 86_400.0
    evict_every: float = 12 * 3600.0
    #: Part of the workers that can be evicted.
    spot_share: float = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulationOptions:
    """Rules and speeds.

    `factors` are the real-time factors of recognition and diarization. Every task takes `overhead`
    more, and every job `merge` at its end. Recordings longer than `part` are cut into parts, none
    are with 0. A round of the dispatcher takes `round_base`, `round_per_job` for each job not yet
    released, and `round_per_task` for each task that it releases. A new worker takes about `boot`
    to be ready, with the spread `boot_sigma`. With `idle_first`, the autoscaler removes idle
    workers before busy ones. Otherwise it removes any, as Kubernetes does. With `released_first`,
    the earlier order of the queue holds (see jobs).
    """

    scaling: tuple[ScalingOptions, ScalingOptions]
    failures: FailureOptions = field(default_factory=FailureOptions)
    factors: tuple[float, float] = (0.176, 0.137)
    overhead: float = 2.0
    merge: float = 2.0
    part: float = 0.0
    round_base: float = 0.2
    round_per_job: float = 0.0
    round_per_task: float = 0.0
    round_limit: int = 1000
    boot: float = 90.0
    boot_sigma: float = 0.5
    restart: float = 30.0
    grace: float = 60.0
    idle_first: bool = False
    released_first: bool = False
    ack_wait: float = _DELIVERY.ack_wait_seconds
    max_deliver: int = _DELIVERY.max_deliver
    retry: float = 2.0
    sample_every: float = 600.0


def fixed(workers: int) -> ScalingOptions:
    """Return the options of a pool without scaling."""
    return ScalingOptions(least=workers, most=workers)
