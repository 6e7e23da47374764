"""Figures of simulations as tables in Markdown."""

from collections.abc import Mapping, Sequence

from bench.simulation.outcome import PERCENTILES, Figures


def tables(found: Mapping[str, Figures]) -> str:
    """Return the tables of several runs, by title."""
    begin = {title: figures.waits for title, figures in found.items()}
    end = {title: figures.turnaround for title, figures in found.items()}
    return "\n\n".join(
        [
            _overview(found),
            _waits("until recognition begins, of", begin),
            _waits("until the transcript, of", end),
            _waste(found),
        ]
    )


def _overview(found: Mapping[str, Figures]) -> str:
    rows = [
        [
            title,
            f"{figures.recordings:,}",
            f"{figures.failed:,}",
            f"{figures.longest_queue:,}",
            f"{figures.most_workers:,}",
            f"{figures.worker_hours:,.0f}",
            f"{figures.utilization:.0%}",
            f"{figures.idle_while_waiting:.2%}",
            f"{figures.fairness[0]:.2f} / {figures.fairness[1]:.2f}",
            f"{figures.largest_share:.1%}",
        ]
        for title, figures in found.items()
    ]
    heads = [
        "run",
        "recordings",
        "failed",
        "longest queue",
        "most workers",
        "worker hours",
        "utilization",
        "idle while tasks wait",
        "fairness, mean / least",
        "largest share",
    ]
    return _table(heads, rows)


def _waits(what: str, found: Mapping[str, Mapping[str, tuple[float, ...]]]) -> str:
    rows = [
        [title, name, *map(duration, waits)]
        for title, by_class in found.items()
        for name, waits in by_class.items()
    ]
    return _table(["run", what, *("longest" if n == 100 else f"p{n}" for n in PERCENTILES)], rows)


def _waste(found: Mapping[str, Figures]) -> str:
    reasons = sorted({reason for figures in found.values() for reason in figures.wasted})
    rows = [
        [
            title,
            *(f"{figures.wasted.get(reason, 0.0) / figures.useful:.2%}" for reason in reasons),
            f"{sum(figures.wasted.values()) / figures.useful:.2%}",
        ]
        for title, figures in found.items()
    ]
    return _table(["run", *reasons, "all repeated work"], rows)


def duration(seconds: float) -> str:
    """Return a duration with a suitable unit.

    Example: 200 becomes 3.3 min.
    """
    for limit, size, unit in ((60, 1, "s"), (3600, 60, "min")):
        if seconds < limit:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 3600:.1f} h"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
