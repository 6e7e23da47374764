"""Fuzzing of one parser: processes of its own, which are started again if an input ends them."""

import hashlib
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.fuzz.guided import engine, seeds
from bench.fuzz.guided.catalog import parser_named
from bench.fuzz.guided.parser import Parser
from bench.fuzz.guided.report import Coverage, Result, added, coverage_in
from bench.fuzz.guided.trial import Fault, FaultBook

#: Wall-clock time until an input counts as one without end, and memory of a process in MiB.
_ENDLESS_SECONDS = 60
_MOST_MEMORY = 2_048
#: Files of libFuzzer with inputs that have ended a process.
_ENDINGS = ("crash-", "leak-", "oom-", "timeout-")
#: Beyond this, the inputs that end the process are probably the same one.
_MOST_STARTS = 5
_LEAST_SECONDS = 1
# A fork has all modules at hand, and only the fork is instrumented.
_PROCESSES = multiprocessing.get_context("fork")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Seconds for each parser, parsers at a time, and the directory for all inputs."""

    seconds: int
    seed: int
    work: Path
    jobs: int = 1


def run_all(names: Sequence[str], plan: Plan) -> Iterator[Result]:
    """Fuzz parsers, as many at a time as planned, and yield the results in order."""
    for name in names:
        contents, longest = seeds.seeds(name), parser_named(name).longest
        written(plan.work / name / "seeds", contents, longest=longest)
    with ThreadPoolExecutor(plan.jobs) as pool:
        yield from pool.map(lambda name: run(name, plan), names)


def run(name: str, plan: Plan) -> Result:
    """Fuzz one parser, whose seeds are written."""
    parser = parser_named(name)
    place = plan.work / name
    (place / "corpus").mkdir(parents=True, exist_ok=True)
    (place / "ended").mkdir(exist_ok=True)
    until = time.monotonic() + plan.seconds
    runs: list[Coverage] = []
    for number in range(_MOST_STARTS):
        left = until - time.monotonic() if number else float(plan.seconds)
        if left < _LEAST_SECONDS:
            break
        runs.append(_one(parser, place, seconds=round(left), seed=plan.seed + number))
    faults = [*FaultBook(place / "faults").faults(), *ended(name, place / "ended")]
    coverage = added(runs)
    if not coverage.executions:
        faults.append(Fault(parser=name, what="was not run", place=str(place)))
    return Result(parser=name, coverage=coverage, faults=faults)


def written(directory: Path, contents: list[bytes], *, longest: int) -> None:
    """Write inputs to a directory, each under a name that is that of its content."""
    directory.mkdir(parents=True, exist_ok=True)
    for content in contents:
        part = content[:longest]
        (directory / hashlib.sha256(part).hexdigest()[:16]).write_bytes(part)


def ended(name: str, directory: Path) -> Iterator[Fault]:
    """Yield the faults that have ended a process."""
    for path in sorted(directory.iterdir()):
        if path.name.startswith(_ENDINGS):
            what = f"ended the process ({path.name.partition('-')[0]})"
            yield Fault(parser=name, what=what, place="process", reproducer=str(path))


def _one(parser: Parser, place: Path, *, seconds: int, seed: int) -> Coverage:
    options = (
        f"-max_total_time={seconds}",
        # 0 would be a random one.
        f"-seed={seed or 1}",
        f"-max_len={parser.longest}",
        f"-timeout={_ENDLESS_SECONDS}",
        f"-rss_limit_mb={_MOST_MEMORY}",
        f"-artifact_prefix={place / 'ended'}/",
        "-print_final_stats=1",
        *(str(place / "corpus"), str(place / "seeds")),
    )
    output = place / f"output-{seed}.txt"
    process = _PROCESSES.Process(
        target=engine.fuzz, args=(parser, place / "faults", output, options)
    )
    process.start()
    process.join()
    return coverage_in(output.read_text(errors="replace"))
