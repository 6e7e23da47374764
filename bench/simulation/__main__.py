"""Simulate a day of the queue.

    python -m bench.simulation [--recordings 1000000] [--workers 10000] [--only NAME ...]

Prints tables in Markdown and writes a chart. The figures depend on the options and the seed only.
"""

import argparse
import time
from pathlib import Path

from bench.simulation import chart, report
from bench.simulation.outcome import Figures, Sample
from bench.simulation.scenarios import scenarios
from bench.simulation.simulator import Simulation
from bench.simulation.workload import generate


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.simulation", description="Simulate a day of the queue."
    )
    parser.add_argument("--recordings", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=(), help="names of scenarios")
    parser.add_argument("--chart", type=Path, default=Path("build/simulation.svg"))
    options = parser.parse_args()
    found: dict[str, Figures] = {}
    samples: dict[str, list[Sample]] = {}
    chosen = scenarios(options.recordings, options.workers)
    for name, scenario in chosen.items():
        if options.only and name not in options.only:
            continue
        begun = time.monotonic()
        workload = generate(scenario.workload, options.seed)
        outcome = Simulation(workload, scenario.options, options.seed).run()
        found[scenario.title] = outcome.figures()
        samples[scenario.title] = outcome.samples
        print(f"{name}: simulated in {time.monotonic() - begun:.0f} s", flush=True)
    options.chart.parent.mkdir(parents=True, exist_ok=True)
    options.chart.write_text(chart.chart(samples))
    print(f"\n{report.tables(found)}\n\nChart: {options.chart}")


if __name__ == "__main__":
    main()
