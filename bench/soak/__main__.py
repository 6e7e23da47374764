"""Memory, descriptors, connections, rows and objects of the embedded stack over time.

    python -m bench.soak [--minutes 60] [--chart docs/pictures/soak.svg]

The load is steady and removes its own traces, so that nothing should grow after the warm-up, the
first third. A figure grows if its slope is above 1 % an hour by more than its uncertainty. Ends
with 1 if one does, or if a request failed. Short runs have wide uncertainties.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from bench.soak.chart import chart
from bench.soak.growth import WARM_UP
from bench.soak.observation import Record, observed
from bench.soak.work import Work
from devstack.testing import aembedded_servers, arunning_services
from tests.limits import UNLIMITED

_OVERRIDES = {"*": {**UNLIMITED, "LOG_LEVEL": "WARNING", "SESSION_SWEEP_SECONDS": "2"}}
_SAMPLES = 240
_LEAST_INTERVAL = 2.0


async def _measured(minutes: float) -> tuple[Record, Work]:
    interval = max(_LEAST_INTERVAL, 60.0 * minutes / _SAMPLES)
    with tempfile.TemporaryDirectory(prefix="securetranscribe-soak-") as directory:
        async with (
            aembedded_servers(Path(directory)) as servers,
            arunning_services(servers, overrides=_OVERRIDES) as services,
        ):
            return await observed(servers, services, 60.0 * minutes, interval=interval)


def report(record: Record, work: Work, load: tuple[float, float]) -> list[str]:
    """Return the lines of the report."""
    growths = record.growths()
    minutes = record.times[-1] / 60
    lines = [
        f"{minutes:.0f} minutes on {os.cpu_count()} cores, {len(record.times)} samples, load "
        f"average {load[0]:.1f} before and {load[1]:.1f} after: "
        + ", ".join(f"{count:,} {name}" for name, count in work.done.items()),
        "",
        "| figure | level | per hour | of the level | grows |",
        "|---|---|---|---|---|",
        *(one.row() for one in growths),
        "",
        f"{sum(one.certain for one in growths)} of {len(growths)} figures grow by more than 1 % "
        f"an hour after the first {minutes * WARM_UP:.0f} minutes.",
    ]
    return lines + [f"failed {count} times: {what}" for what, count in work.failed.items()]


def main() -> int:
    """Print the figures. Return 1 if one grows, or a request failed."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.soak", description="Measure growth under a steady load."
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--chart", type=Path, help="also draw the series into this file (SVG)")
    options = parser.parse_args()
    before = os.getloadavg()[0]
    record, work = asyncio.run(_measured(options.minutes))
    print("\n".join(report(record, work, (before, os.getloadavg()[0]))))
    if options.chart:
        panels = {f"Memory, {kind}" if kind == "MB" else kind.capitalize(): of_kind
                  for kind, of_kind in record.series.items()}  # fmt: skip
        warm_up = record.times[-1] * WARM_UP
        options.chart.write_text(chart(record.times, panels, warm_up=warm_up))
    return 1 if work.failed or any(one.certain for one in record.growths()) else 0


if __name__ == "__main__":
    sys.exit(main())
