from pathlib import Path

from bench.quality import gate
from bench.quality.corpus import Case
from bench.recordings import Recording


def test_figures_within_their_margins_pass() -> None:
    baseline = {"a: wer": {"value": 10.0, "margin": 2.0}}
    assert gate.failures({"a: wer": 12.0}, baseline) == []
    assert gate.failures({"a: wer": 3.0}, baseline) == []


def test_figures_are_medians_of_the_levels() -> None:
    call = Recording(name="call", audio=Path("call.wav"), utterances=(), turns=())
    case = Case(group="recordings", recording=call, seconds=30.0)
    scored = [
        {"wer": wer, "der": 5.0, "invented_words": 0.0, "f1": 1.0} for wer in (13.8, 9.196, 8.1)
    ]
    assert gate.figures("Engine", case, scored) == {
        "Engine: call: wer": 9.2,
        "Engine: call: der": 5.0,
    }


def test_worse_missing_and_new_figures_fail() -> None:
    baseline = {"a": {"value": 10.0, "margin": 2.0}, "b": {"value": 1.0, "margin": 0.0}}
    assert gate.failures({"a": 12.1, "c": 0.0}, baseline) == [
        "c is not in the baseline.",
        "a is 12.10, and at most 12.00 is allowed.",
        "b was not measured.",
    ]


def test_margins_survive_an_update() -> None:
    baseline = {"x: wer": {"value": 10.0, "margin": 7.0}}
    assert gate.updated({"x: wer": 11.0, "x: y: der": 5.234}, baseline) == {
        "x: wer": {"value": 11.0, "margin": 7.0},
        "x: y: der": {"value": 5.23, "margin": 1.0},
    }


def test_baseline_has_figures_of_both_engines_with_margins() -> None:
    baseline = gate.read()
    assert {name.partition(":")[0] for name in baseline} == {"Whisper", "Moonshine"}
    assert gate.failures({name: one["value"] for name, one in baseline.items()}, baseline) == []
    worse = {name: one["value"] + one["margin"] + 0.1 for name, one in baseline.items()}
    assert len(gate.failures(worse, baseline)) == len(baseline)
