"""Report of a run, as a section of docs/reliability.md."""

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.schedule import Kind
from tests.chaos.storm import SHARES, Outcome, Plan

HEADING = "### Last run"
_CALLS = {
    "upload": "uploads",
    "edit": "edits",
    "name": "names",
    "delete": "deletions",
    "cancel": "cancellations",
    "read": "reads of transcripts",
    "look": "reads of jobs",
    "search": "searches",
    "live": "live sessions",
}


def section(outcome: Outcome) -> str:
    """Return the section of a run."""
    plan, counts = outcome.plan, outcome.verdict.counts
    faults = ", ".join(f"{outcome.done[kind]} {kind}" for kind in Kind if outcome.done[kind])
    restarts = ", ".join(f"{name} {number}" for name, number in outcome.restarts.items())
    today = dt.datetime.now(dt.UTC).date()
    rows = [
        f"| {text} | {counts[f'{name} acknowledged']} | {counts[f'{name} refused']} "
        f"| {counts[f'{name} lost']} |"
        for name, text in _CALLS.items()
    ]
    reasons = outcome.verdict.failures
    failures = ", ".join(f"{number} {code}" for code, number in sorted(reasons.items()))
    return "\n".join(
        [
            HEADING,
            "",
            f"`{_command(plan)}`",
            f"on {today}, {os.cpu_count()} cores, {outcome.seconds:.0f} s in all.",
            "",
            f"- Faults: {faults}.",
            f"- Restarts of processes: {restarts}.",
            f"- Jobs of acknowledged uploads: {counts['completed']} completed, "
            f"{counts['failed']} failed{f' ({failures})' if failures else ''}, "
            f"{counts['cancelled']} cancelled.",
            f"- Findings: {len(outcome.findings)}.",
            *(f"  - {finding.splitlines()[0][:200]}" for finding in outcome.findings),
            "",
            "| calls of clients | acknowledged | refused | without an answer |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _command(plan: Plan) -> str:
    """Return the command that makes a run."""
    arguments = [f"--pause {plan.longest_pause:g}", f"--live {plan.live}"]
    if plan.shares != SHARES:
        arguments.append("--short")
    arguments += [f"--without {kind}" for kind in Kind if kind not in plan.kinds]
    if plan.faults is not None:
        arguments.append("--replay FILE")
    return (
        f"make chaos SEED={plan.seed} KILLS={plan.kills} OWNERS={plan.owners} "
        f'SECONDS={plan.longest_seconds:g} ARGS="{" ".join(arguments)}"'
    )


def write(path: Path, text: str) -> None:
    """Replace the section in a document that has it."""
    path.write_text(replaced(path.read_text(encoding="utf-8"), text), encoding="utf-8")


def replaced(document: str, text: str, *, heading: str = HEADING) -> str:
    """Return a document with another section below a heading.

    Raises:
        ValueError: the document has no such section.
    """
    lines: Sequence[str] = document.splitlines()
    start = lines.index(heading)
    end = next(
        (place for place in range(start + 1, len(lines)) if lines[place].startswith("#")),
        len(lines),
    )
    after = list(lines[end:])
    return "\n".join([*lines[:start], *text.rstrip("\n").splitlines(), "", *after]).rstrip() + "\n"
