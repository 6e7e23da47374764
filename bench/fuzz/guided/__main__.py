"""Fuzz the parsers of the product one by one, guided by coverage.

    make fuzz-parsers [SECONDS=60] [SEED=1] [ARGS="--only imports.srt"]
    python -m bench.fuzz.guided --replay FILE --only imports.srt

Ends with 1 if there was a fault. Each is printed with a file that shows it again. The inputs that
reached something new stay in the directory of `--work`, from which a later run goes on.
"""

import argparse
import importlib.util
import sys
import tempfile
import time
from pathlib import Path

from bench.fuzz.guided import campaign, report
from bench.fuzz.guided.catalog import parser_named, parsers
from bench.fuzz.guided.trial import ROOT, tried

_MISSING = (
    "atheris is missing, which is there for Linux on x86-64 with Python 3.11 to 3.13.\n"
    "`make fuzz-parsers` installs it into build/atheris. Or, next to the packages of the product:\n"
    "    python -m pip install --require-hashes -r bench/fuzz/guided/requirements.txt"
)


def main() -> int:
    """Print the outcomes. Return 1 if there was a fault, and 2 if nothing could be done."""
    names = [parser.name for parser in parsers()]
    chosen = _arguments(names)
    wanted = [name for name in names if not chosen.only or _is_wanted(name, chosen.only)]
    if chosen.replay:
        return max(map(_replayed, wanted, [chosen.replay] * len(wanted)))
    if importlib.util.find_spec("atheris") is None:
        print(_MISSING, file=sys.stderr)
        return 2
    work = chosen.work or Path(tempfile.mkdtemp(prefix="securetranscribe-fuzz-"))
    if work.resolve().is_relative_to(ROOT):
        print(
            "Name a directory outside of the repository, in which inputs can lie.", file=sys.stderr
        )
        return 2
    plan = campaign.Plan(
        seconds=chosen.seconds, seed=chosen.seed, work=work, jobs=max(1, chosen.jobs)
    )
    results = []
    for result in campaign.run_all(wanted, plan):
        results.append(result)
        print(list(report.table(results[-1:]))[-1], flush=True)
    print("", *report.table(results), "", sep="\n")
    faults = [fault for result in results for fault in result.faults]
    for fault in faults:
        print(f"FAULT {fault}")
    print(f"{len(faults):,} faults with seed {plan.seed}. Inputs are in {work}.")
    return 1 if faults else 0


def _arguments(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.fuzz.guided",
        description="Fuzz the parsers of the product, guided by coverage.",
        epilog=f"Parsers: {', '.join(names)}",
    )
    parser.add_argument("--seconds", type=int, default=60, help="time for each parser")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="parsers at a time")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="PARSER", help="parsers, or families such as texts"
    )
    parser.add_argument("--work", type=Path, help="directory for inputs, a new one by default")
    parser.add_argument("--replay", type=Path, help="give one file to parsers, without atheris")
    chosen = parser.parse_args()
    unknown = [one for one in chosen.only if not any(_is_wanted(name, [one]) for name in names)]
    if unknown:
        parser.error(f"there is no parser {unknown[0]}")
    return chosen


def _is_wanted(name: str, chosen: list[str]) -> bool:
    return name in chosen or name.partition(".")[0] in chosen


def _replayed(name: str, path: Path) -> int:
    begun = time.monotonic()
    fault = tried(parser_named(name), path.read_bytes())
    seconds = time.monotonic() - begun
    print(f"FAULT {fault}" if fault else f"{name}: no fault, {seconds:.3f} s")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
