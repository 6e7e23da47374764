"""Report of an upgrade, as a section of docs/reliability.md."""

import datetime as dt
import os
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.chaos.book import Call
from tests.upgrade.journey import Side
from tests.upgrade.upgrade import Outcome, Passage

HEADING = "### Last upgrade"
_COLUMNS = {
    "upload": "uploads",
    "edit": "edits",
    "name": "names",
    "search": "searches",
    "delete": "deletions",
}


def section(outcome: Outcome) -> str:
    """Return the section of a run."""
    counts, plan = outcome.verdict.counts, outcome.plan
    failures = ", ".join(
        f"{number} {code}" for code, number in sorted(outcome.verdict.failures.items())
    )
    names = [*_COLUMNS.values(), "others", "refused", "without an answer", "jobs completed"]
    return "\n".join(
        [
            HEADING,
            "",
            f"`make upgrade-check FROM={plan.old}{_arguments(outcome)}`",
            f"from {outcome.commits[Side.OLD]} to {outcome.commits[Side.NEW]} "
            f"on {dt.datetime.now(dt.UTC).date()}, {os.cpu_count()} cores, "
            f"{outcome.seconds:.0f} s in all.",
            "",
            f"- Migrations: {', '.join(outcome.schemas) or 'none'}.",
            f"- Jobs of acknowledged uploads: {counts['completed']} completed, "
            f"{counts['failed']} failed{f' ({failures})' if failures else ''}, "
            f"{counts['cancelled']} cancelled.",
            f"- Findings: {len(outcome.findings)}.",
            *(f"  - {finding.splitlines()[0][:200]}" for finding in outcome.findings),
            "",
            f"| phase | s | jobs at its start | {' | '.join(names)} | MB to old, new |",
            f"|---|{'---|' * (len(names) + 3)}",
            *_rows(outcome),
            "",
        ]
    )


def log_lines(outcome: Outcome) -> Iterator[str]:
    """Yield the errors in the logs of each release, the most frequent one first."""
    for side, counted in outcome.errors.items():
        for event, number in counted.most_common():
            yield f"{number} times in {outcome.commits[side]}, {event}"


def _rows(outcome: Outcome) -> Iterator[str]:
    records = outcome.book.records
    ends = [*(one.first for one in outcome.passages[1:]), len(records)]
    for passage, end in zip(outcome.passages, ends, strict=True):
        yield _row(passage, records[passage.first : end])


def _row(passage: Passage, calls: Sequence[Call]) -> str:
    done = Counter(call.name for call in calls if call.acknowledged)
    others = done.total() - sum(done[name] for name in _COLUMNS)
    cells: list[object] = [
        passage.name,
        f"{passage.seconds:.0f}",
        passage.waiting,
        *(done[name] for name in _COLUMNS),
        others,
        sum(not call.possible for call in calls),
        sum(call.possible and not call.acknowledged for call in calls),
        passage.completed,
        ", ".join(f"{passage.carried[side] / 1e6:.1f}" for side in Side),
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _arguments(outcome: Outcome) -> str:
    plan = outcome.plan
    return "" if plan.new == "HEAD" else f' ARGS="--to {plan.new}"'
