"""Hostile input for the embedded stack.

    python -m bench.fuzz [--cases 10000] [--seed 1] [--only KIND ...]

Ends with 1 if there was a fault. Each is printed with the seed that makes the same input again.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from bench.fuzz.campaign import SHARES, Plan, run
from bench.fuzz.oracle import Book
from devstack.testing import aembedded_servers, arunning_services
from tests.e2e.recordings import silence
from tests.limits import UNLIMITED

_OVERRIDES = {
    "*": {
        **UNLIMITED,
        "LOG_LEVEL": "WARNING",
        "MAX_FILE_SIZE": "100MB",
        "UPLOADS_PER_SESSION": "1000",
        "UPLOADS_PER_ADDRESS": "1000",
        "TASK_ACK_WAIT_SECONDS": "6",
    }
}
_SHOWN_FAULTS = 50
_RECORDING_SECONDS = 8.0
_READY_SECONDS = 900.0


def main() -> int:
    """Print the outcomes. Return 1 if there was a fault."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.fuzz", description="Send hostile input to the embedded stack."
    )
    parser.add_argument(
        "--cases", type=int, default=10_000, help="uploads, calls and messages each"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[], choices=sorted(SHARES), help="kinds")
    chosen = parser.parse_args()
    plan = Plan(cases=chosen.cases, seed=chosen.seed, kinds=chosen.only, show=_show)
    with tempfile.TemporaryDirectory(prefix="securetranscribe-fuzz-") as directory:
        book = asyncio.run(_measured(plan, Path(directory)))
    print("\n".join(book.lines()))
    print(f"\n{book.cases:,} cases, {book.busy:,} answers that the product is busy")
    for fault in book.faults[:_SHOWN_FAULTS]:
        print(f"FAULT {fault}")
    print(f"{len(book.faults):,} faults with seed {plan.seed}")
    return 1 if book.faults else 0


async def _measured(plan: Plan, directory: Path) -> Book:
    async with (
        aembedded_servers(directory / "data") as servers,
        arunning_services(servers, overrides=_OVERRIDES, ready_seconds=_READY_SECONDS) as services,
    ):
        recording = silence(_RECORDING_SECONDS)
        return await run(servers, services, plan, recording=recording, directory=directory)


def _show(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
