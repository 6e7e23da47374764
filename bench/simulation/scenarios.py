"""Scenarios of the simulation."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.simulation.autoscaler import ScalingOptions
from bench.simulation.options import SimulationOptions, fixed
from bench.simulation.workload import WorkloadOptions

#: Length of a part in seconds.
_PART = 600.0
_OWNERS_PER_RECORDING = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """A workload under some rules."""

    title: str
    workload: WorkloadOptions
    options: SimulationOptions


def scenarios(
    recordings: int,
    workers: int,
    *,
    round_base: float = 0.03,
    round_per_job: float = 36e-6,
    round_per_task: float = 0.005,
) -> Mapping[str, Scenario]:
    """Return the scenarios by name. Half of the workers recognize, the other half diarize.

    A tenth of the recordings is the flood of one owner. The times of the dispatcher's rounds are
    those that `bench.queue` measured on two cores.
    """
    owners = max(10, round(recordings * _OWNERS_PER_RECORDING))
    day = WorkloadOptions(recordings=recordings, owners=owners)
    flood = WorkloadOptions(recordings=recordings, owners=owners, flood=recordings // 10)
    pool = fixed(workers // 2)
    scaled = ScalingOptions(least=0, most=workers // 2)

    def options(
        scaling: ScalingOptions,
        *,
        part: float = _PART,
        idle_first: bool = False,
        released_first: bool = False,
    ) -> SimulationOptions:
        return SimulationOptions(
            scaling=(scaling, scaling),
            part=part,
            idle_first=idle_first,
            released_first=released_first,
            round_base=round_base,
            round_per_job=round_per_job,
            round_per_task=round_per_task,
        )

    return {
        "whole": Scenario(
            title="fixed pool, whole recordings",
            workload=day,
            options=options(pool, part=0.0),
        ),
        "parts": Scenario(title="fixed pool, parts", workload=day, options=options(pool)),
        "flood": Scenario(
            title="fixed pool, parts, flood of one owner", workload=flood, options=options(pool)
        ),
        "flood-earlier": Scenario(
            title="the same, earlier order of the queue",
            workload=flood,
            options=options(pool, released_first=True),
        ),
        "scaled-whole": Scenario(
            title="scaled pool, whole recordings",
            workload=day,
            options=options(scaled, part=0.0),
        ),
        "scaled": Scenario(title="scaled pool, parts", workload=day, options=options(scaled)),
        "scaled-idle-first": Scenario(
            title="scaled pool, parts, idle workers removed first",
            workload=day,
            options=options(scaled, idle_first=True),
        ),
    }
