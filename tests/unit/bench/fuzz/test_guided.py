"""Judgment of inputs of single parsers, and the figures of their fuzzing."""

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any

import pytest

from bench.fuzz.guided import __main__ as command
from bench.fuzz.guided import campaign, engine, report, seeds, trial
from bench.fuzz.guided.catalog import FAMILIES, parser_named, parsers
from bench.fuzz.guided.parser import Parser
from bench.fuzz.guided.report import Coverage, Result
from bench.fuzz.guided.trial import ROOT, Fault, FaultBook, tried
from common.errors import ValidationError
from common.sizes import parse

_OUTPUT = """\
INFO: Running with entropic power schedule (0xFF, 100).
#61\tINITED cov: 211 ft: 700 corp: 48/91Kb exec/s: 0 rss: 75Mb
#64\tNEW    cov: 212 ft: 705 corp: 49/93Kb lim: 8192 exec/s: 64 rss: 75Mb L: 2/9 MS: 1 Custom-
#128\tpulse  cov: 212 ft: 705 corp: 49/93Kb lim: 8192 exec/s: 64 rss: 75Mb
#3405\tDONE   cov: 228 ft: 831 corp: 65/125Kb lim: 8192 exec/s: 309 rss: 76Mb
Done 3405 runs in 11 second(s)
stat::number_of_executed_units: 3406
"""
#: Recordings are encoded, which takes long.
_QUICK = [one.name for one in parsers() if not one.name.startswith("recordings.")]


def _refused(data: bytes) -> None:
    text = data.decode()
    raise ValidationError(f"{text} is not one." if text else "KeyError: 'name'")


def _judged(data: bytes, parse: object = _refused, **options: object) -> Fault | None:
    return tried(Parser(name="some.parser", parse=parse, **options), data)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", _QUICK)
def test_seeds_are_read(name: str) -> None:
    found = seeds.seeds(name)
    assert found
    assert [tried(parser_named(name), seed) for seed in found] == [None] * len(found)


@pytest.mark.parametrize("name", ["imports.srt", "requests.form", "texts.vocabulary"])
def test_a_seed_is_accepted(name: str) -> None:
    parser = parser_named(name)
    for seed in seeds.seeds(name):
        try:
            parser.parse(seed)
        except parser.allowed:
            continue
        return
    pytest.fail("all seeds were refused")


def test_names_are_those_of_families_and_differ() -> None:
    names = [parser.name for parser in parsers()]
    assert len(set(names)) == len(names)
    assert {name.partition(".")[0] for name in names} == FAMILIES.keys()
    with pytest.raises(KeyError):
        parser_named("bench.nothing")


def test_allowed_errors_are_no_faults() -> None:
    assert _judged(b"x") is None


def test_texts_of_exceptions_in_errors_for_users_are_faults() -> None:
    fault = _judged(b"")
    assert fault is not None
    assert "shows 'KeyError'" in fault.what


def test_parts_of_the_input_may_come_back() -> None:
    assert _judged(b"KeyError: /tmp/x") is None


def test_other_errors_are_faults_at_the_line_of_our_own_code() -> None:
    fault = _judged(b"5 apples", lambda data: parse(data.decode()))
    assert fault is not None
    assert fault.what.startswith("ValueError: write a size")
    assert fault.place.startswith("libs/common/src/common/sizes.py:")


def test_broken_promises_are_faults() -> None:
    def broken(data: bytes) -> None:
        assert len(data) > 3

    fault = _judged(b"abc", broken)
    assert fault is not None
    assert fault.place.endswith("(AssertionError)")


def test_too_much_time_and_memory_are_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "MOST_SECONDS", -1.0)
    fault = _judged(b"x", len)
    assert fault is not None
    assert fault.place == "time"
    monkeypatch.setattr(trial, "MOST_SECONDS", 60.0)
    monkeypatch.setattr(trial, "MOST_GROWTH_BYTES", -1)
    fault = _judged(b"x", len)
    assert fault is not None
    assert fault.place == "memory"


def test_one_reproducer_is_kept_per_place(tmp_path: Path) -> None:
    book = FaultBook(tmp_path / "faults")
    here = Fault(parser="some.parser", what="KeyError", place="a.py:1 (KeyError)")
    there = Fault(parser="some.parser", what="KeyError", place="a.py:2 (KeyError)")
    for fault, data in ((here, b"one"), (here, b"two"), (there, b"three")):
        book.add(fault, data)
    # As another process reads them.
    found = FaultBook(tmp_path / "faults").faults()
    assert [fault.place for fault in found] == [here.place, there.place]
    assert [Path(fault.reproducer).read_bytes() for fault in found] == [b"one", b"three"]


def test_inputs_that_ended_a_process_are_faults(tmp_path: Path) -> None:
    (tmp_path / "timeout-12ab").write_bytes(b"x")
    (tmp_path / "slow-unit-34cd").write_bytes(b"x")
    (fault,) = campaign.ended("some.parser", tmp_path)
    assert fault.what == "ended the process (timeout)"
    assert Path(fault.reproducer).read_bytes() == b"x"


def test_seeds_are_cut_to_the_longest_input(tmp_path: Path) -> None:
    campaign.written(tmp_path / "seeds", [b"abcdef", b"abcxyz", b"b"], longest=3)
    assert sorted(path.read_bytes() for path in (tmp_path / "seeds").iterdir()) == [b"abc", b"b"]


class _InThisProcess:
    """Processes that run at once, and in this one."""

    class Process:
        def __init__(self, *, target: Callable[..., None], args: tuple[Any, ...]) -> None:
            self._target = target
            self._args = args

        def start(self) -> None:
            self._target(*self._args)

        def join(self) -> None:
            pass


def test_process_that_was_ended_is_started_again_for_the_time_that_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Sequence[str]] = []

    def fuzz(parser: Parser, faults: Path, output: Path, options: Sequence[str]) -> None:
        begun.append(options)
        output.write_text(_OUTPUT)
        (tmp_path / parser.name / "ended" / f"oom-{len(begun)}").write_bytes(b"x")
        FaultBook(faults).add(Fault(parser=parser.name, what="KeyError", place="a.py:1"), b"y")
        clock.append(clock[-1] + 40.0)

    clock = [0.0]
    monkeypatch.setattr(campaign, "time", SimpleNamespace(monotonic=lambda: clock[-1]))
    monkeypatch.setattr(campaign, "_PROCESSES", _InThisProcess)
    monkeypatch.setattr(engine, "fuzz", fuzz)
    plan = campaign.Plan(seconds=100, seed=7, work=tmp_path)
    (result,) = campaign.run_all(["texts.language"], plan)
    assert [options[:2] for options in begun] == [
        ("-max_total_time=100", "-seed=7"),
        ("-max_total_time=60", "-seed=8"),
        ("-max_total_time=20", "-seed=9"),
    ]
    assert result.coverage.executions == 3 * 3406
    assert [fault.what for fault in result.faults] == ["KeyError", *["ended the process (oom)"] * 3]
    assert len(list((tmp_path / "texts.language" / "seeds").iterdir())) > 5


def test_parser_that_was_not_run_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fuzz(_parser: Parser, _faults: Path, output: Path, _options: Sequence[str]) -> None:
        output.write_text("No module named atheris")

    monkeypatch.setattr(campaign, "_PROCESSES", _InThisProcess)
    monkeypatch.setattr(engine, "fuzz", fuzz)
    plan = campaign.Plan(seconds=1, seed=1, work=tmp_path)
    (result,) = campaign.run_all(["texts.language"], plan)
    assert [fault.what for fault in result.faults] == ["was not run"]


def test_figures_are_those_of_the_last_line() -> None:
    assert report.coverage_in(_OUTPUT) == Coverage(
        executions=3406, edges=228, begun=211, features=831, inputs=65
    )
    assert report.coverage_in("no module named atheris") == Coverage()


def test_figures_of_a_process_that_was_ended_are_those_so_far() -> None:
    found = report.coverage_in("\n".join(_OUTPUT.splitlines()[:4]))
    assert (found.executions, found.edges, found.inputs) == (128, 212, 49)


def test_runs_of_one_parser_are_added() -> None:
    first = Coverage(executions=10, edges=5, begun=3, features=9, inputs=4)
    second = Coverage(executions=20, edges=7, begun=5, features=8, inputs=6)
    assert report.added([first, Coverage(), second]) == Coverage(
        executions=30, edges=7, begun=3, features=9, inputs=6
    )


def test_table_has_a_line_per_parser() -> None:
    lines = list(report.table([Result(parser="imports.srt", coverage=report.coverage_in(_OUTPUT))]))
    assert lines[-1] == "| imports.srt | 3,406 | 228 (211) | 831 | 65 | 0 |"


def test_functions_of_packages_are_found() -> None:
    found = {function.__qualname__ for function in engine.functions(["common.sizes"])}
    assert {"parse", "readable"} <= found
    assert all(isinstance(one, FunctionType) for one in engine.functions(["common.sizes"]))
    assert not list(engine.functions(["common.size"]))


def test_mutations_of_both_kinds_are_made() -> None:
    class Engine:
        @staticmethod
        def Mutate(data: bytes, most: int) -> bytes:  # noqa: N802
            return b"changed"

    mutate = engine.mutator(Engine())
    made = [mutate(b"an input" * 20, 100, seed) for seed in range(100)]
    assert made == [mutate(b"an input" * 20, 100, seed) for seed in range(100)]
    assert 40 < made.count(b"changed") < 95
    assert all(0 < len(one) <= 100 for one in made)


@pytest.mark.parametrize("arguments", [["--only", "nothing"], ["--seconds", "x"]])
def test_unknown_parsers_are_refused(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["guided", *arguments])
    with pytest.raises(SystemExit):
        command.main()


def test_the_way_to_the_engine_is_shown_without_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["guided", "--only", "imports.srt"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert command.main() == 2
    assert "make fuzz-parsers" in capsys.readouterr().err


def test_inputs_are_never_kept_in_the_repository(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--only", "imports.srt", "--work", str(ROOT / "build" / "inputs")]
    monkeypatch.setattr("sys.argv", ["guided", *arguments])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert command.main() == 2
    assert "outside of the repository" in capsys.readouterr().err


def test_a_file_is_given_to_a_parser_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"1\n00:00:01,000 --> 00:00:02,000\nHello.\n")
    monkeypatch.setattr("sys.argv", ["guided", "--only", "imports.srt", "--replay", str(file)])
    assert command.main() == 0
    assert "imports.srt: no fault" in capsys.readouterr().out
