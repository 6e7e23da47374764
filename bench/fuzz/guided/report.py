"""Figures of the fuzzing of one parser, read from the output of libFuzzer."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.fuzz.guided.trial import Fault

_LINE = re.compile(r"^#(\d+)\t.*?\bcov: (\d+) ft: (\d+) corp: (\d+)/", re.MULTILINE)
_EXECUTED = re.compile(r"^stat::number_of_executed_units: (\d+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Executed inputs, and what they reached.

    `edges` are branches of the parser. `features` are edges by the number of their passes, and
    compared values. `inputs` are those kept because each reached something new. `begun` are the
    edges that the seeds reached.
    """

    executions: int = 0
    edges: int = 0
    begun: int = 0
    features: int = 0
    inputs: int = 0


@dataclass(frozen=True, kw_only=True)
class Result:
    """The fuzzing of one parser."""

    parser: str
    coverage: Coverage
    faults: Sequence[Fault] = ()


def coverage_in(output: str) -> Coverage:
    """Return the figures in an output of libFuzzer, zeros if it has none."""
    lines = [tuple(map(int, match.groups())) for match in _LINE.finditer(output)]
    if not lines:
        return Coverage()
    executed = _EXECUTED.search(output)
    last, edges, features, inputs = lines[-1]
    return Coverage(
        executions=int(executed[1]) if executed else last,
        edges=edges,
        begun=lines[0][1],
        features=features,
        inputs=inputs,
    )


def added(runs: Iterable[Coverage]) -> Coverage:
    """Return the figures of runs that go on from each other."""
    found = [run for run in runs if run.executions]
    if not found:
        return Coverage()
    return Coverage(
        executions=sum(run.executions for run in found),
        edges=max(run.edges for run in found),
        begun=found[0].begun,
        features=max(run.features for run in found),
        inputs=found[-1].inputs,
    )


def table(results: Iterable[Result]) -> Iterator[str]:
    """Yield a Markdown table."""
    yield "| parser | inputs tried | edges (seeds) | features | inputs kept | faults |"
    yield "|---|---|---|---|---|---|"
    for one in results:
        found = one.coverage
        yield (
            f"| {one.parser} | {found.executions:,} | {found.edges:,} ({found.begun:,}) | "
            f"{found.features:,} | {found.inputs:,} | {len(one.faults)} |"
        )
