"""Kill, freeze and cut off the processes of a running stack, and look what its users lost.

    python -m tests.chaos --seed 1 --kills 30

Exits with 1 if the book of the clients contradicts the stack. Then `--shrink` repeats the run with
parts of its schedule until it is as short as possible.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.chaos import report
from tests.chaos.schedule import Fault, Kind, dumps, loads
from tests.chaos.shrinking import shortest
from tests.chaos.storm import SHARES, Outcome, Plan, run


def main() -> None:
    """Run once, and shrink the schedule if asked to."""
    options = _options()
    faults = None if options.replay is None else loads(options.replay.read_text())
    plan = Plan(
        seed=options.seed,
        kills=options.kills,
        owners=options.owners,
        jobs=options.jobs,
        longest_seconds=options.seconds,
        longest_pause=options.pause,
        live=options.live,
        shares={"short": 1} if options.short else SHARES,
        kinds=frozenset(Kind) - set(options.without),
        faults=faults,
    )
    outcome = _run(plan, options.keep)
    text = report.section(outcome)
    print(text)
    for finding in outcome.findings:
        print(f"FOUND: {finding}", file=sys.stderr)
    if options.report is not None:
        report.write(options.report, text)
    if not outcome.findings:
        return
    path = options.keep / "schedule.jsonl"
    path.write_text(dumps(outcome.faults))
    print(f"schedule: {path} (repeat it with --replay)", file=sys.stderr)
    if options.shrink:
        short = asyncio.run(_shrunk(plan, outcome.faults, options.keep))
        path.write_text(dumps(short))
        print(f"the shortest schedule has {len(short)} faults:", file=sys.stderr)
        for fault in short:
            print(f"  {fault.pause:.1f} s later: {fault}", file=sys.stderr)
    sys.exit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Disturb a running stack and check its promises.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=30, help="SIGKILLs (default 30)")
    parser.add_argument("--owners", type=int, default=20, help="sessions (default 20)")
    parser.add_argument("--jobs", type=int, default=10_000, help="most recordings to upload")
    parser.add_argument("--live", type=int, default=1, help="owners with live sessions")
    parser.add_argument("--short", action="store_true", help="only recordings of 4 s")
    parser.add_argument("--seconds", type=float, default=60, help="longest fault (default 60)")
    parser.add_argument("--pause", type=float, default=6, help="longest between two (default 6)")
    parser.add_argument(
        "--without",
        type=Kind,
        action="append",
        default=[],
        metavar="KIND",
        help=f"leave faults out: {', '.join(Kind)}",
    )
    parser.add_argument("--replay", type=Path, help="file with a schedule, instead of the seed's")
    parser.add_argument("--shrink", action="store_true", help="shorten a schedule with findings")
    parser.add_argument("--report", type=Path, help="document whose section is replaced")
    parser.add_argument("--keep", type=Path, help="empty directory for the book and the logs")
    options = parser.parse_args()
    if options.keep is None:
        options.keep = Path(tempfile.mkdtemp(prefix="securetranscribe-chaos-"))
    options.keep.mkdir(exist_ok=True)
    return options


def _run(plan: Plan, keep: Path) -> Outcome:
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=keep))
    print(f"seed {plan.seed}, book and logs in {directory}", flush=True)
    return asyncio.run(run(plan, directory))


async def _shrunk(plan: Plan, faults: Sequence[Fault], keep: Path) -> tuple[Fault, ...]:
    async def fails(part: tuple[Fault, ...]) -> bool:
        directory = Path(tempfile.mkdtemp(prefix="run-", dir=keep))
        outcome = await run(replace(plan, faults=part), directory, say=lambda _: None)
        found = len(outcome.findings)
        print(f"{len(part)} faults: {found} findings ({directory})", file=sys.stderr, flush=True)
        return bool(found)

    return await shortest(faults, fails)


if __name__ == "__main__":
    os.environ.setdefault("MODEL_DIR", str(Path(".models").absolute()))
    main()
