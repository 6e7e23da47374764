"""Upgrade a running stack from an earlier commit, downgrade it, and upgrade it again.

    python -m tests.upgrade --from COMMIT

Exits with 1 if the book of the clients contradicts the stack.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.chaos.report import replaced
from tests.upgrade import report
from tests.upgrade.fleet import ReplicaError
from tests.upgrade.releases import ReleaseError
from tests.upgrade.upgrade import Plan, run

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Run once, and print the report."""
    options = _options()
    plan = Plan(
        repository=ROOT,
        old=options.old,
        new=options.to,
        owners=options.owners,
        seed=options.seed,
        phase_seconds=options.seconds,
    )
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=options.keep))
    print(f"book and logs in {directory}", flush=True)
    try:
        outcome = asyncio.run(run(plan, directory, lambda text: print(text, flush=True)))
    except (ReleaseError, ReplicaError) as error:
        sys.exit(str(error))
    text = report.section(outcome)
    print(text)
    for line in report.log_lines(outcome):
        print(f"logged {line}")
    for finding in outcome.findings:
        print(f"FOUND: {finding}", file=sys.stderr)
    if options.report is not None:
        document = options.report.read_text(encoding="utf-8")
        changed = replaced(document, text, heading=report.HEADING)
        options.report.write_text(changed, encoding="utf-8")
    sys.exit(1 if outcome.findings else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Prove a rolling upgrade from an earlier commit.")
    parser.add_argument("--from", dest="old", required=True, metavar="COMMIT", help="old release")
    parser.add_argument("--to", default="HEAD", metavar="COMMIT", help="new one (default HEAD)")
    parser.add_argument("--owners", type=int, default=6, help="sessions (default 6)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20, help="least of a phase (default 20)")
    parser.add_argument("--report", type=Path, help="document whose section is replaced")
    parser.add_argument("--keep", type=Path, help="directory for the book and the logs")
    options = parser.parse_args()
    if options.keep is None:
        options.keep = Path(tempfile.mkdtemp(prefix="securetranscribe-upgrade-"))
    options.keep.mkdir(exist_ok=True)
    return options


if __name__ == "__main__":
    os.environ.setdefault("MODEL_DIR", str(Path(".models").absolute()))
    main()
