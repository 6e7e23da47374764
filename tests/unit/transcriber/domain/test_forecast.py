"""Forecast of when jobs begin and end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcriber.domain.forecast import (
    QueuedWork,
    RunningWork,
    forecast,
    measured_factor,
)


def queued(*durations: float) -> list[QueuedWork]:
    return [QueuedWork(job_id=f"q{n}", sound=value) for n, value in enumerate(durations)]


def running(*values: tuple[float, float, float]) -> list[RunningWork]:
    return [
        RunningWork(job_id=f"r{n}", sound=duration, elapsed=elapsed, progress=progress)
        for n, (duration, elapsed, progress) in enumerate(values)
    ]


def test_speed_is_measured_over_recent_jobs() -> None:
    assert measured_factor([(50.0, 100.0), (10.0, 100.0)], []) == pytest.approx(0.3)


def test_speed_is_extrapolated_from_running_jobs_without_completed_ones() -> None:
    assert measured_factor([], running((100.0, 10.0, 50.0))) == pytest.approx(0.2)
    assert measured_factor([], running((100.0, 1.0, 1.0))) is None
    assert measured_factor([], []) is None


def test_forecast_is_empty_without_measured_speed() -> None:
    foreseen = forecast(queued=queued(60), running=[], factor=None, slots=1)
    assert (foreseen.begin, foreseen.next_begin) == ({}, None)
    assert "q0" not in foreseen.end


def test_empty_queue_begins_at_once() -> None:
    assert forecast(queued=[], running=[], factor=0.5, slots=2).next_begin == 0.0
    assert forecast(queued=[], running=[], factor=None, slots=2).next_begin == 0.0


def test_one_slot_runs_jobs_in_sequence() -> None:
    foreseen = forecast(queued=queued(100, 50), running=[], factor=0.5, slots=1)
    assert foreseen.begin == {"q0": 0.0, "q1": 50.0}
    assert foreseen.end == {"q0": 50.0, "q1": 75.0}
    assert foreseen.next_begin == 75.0


def test_several_slots_run_jobs_in_parallel() -> None:
    foreseen = forecast(queued=queued(100, 50, 10), running=[], factor=1.0, slots=2)
    assert foreseen.begin == {"q0": 0.0, "q1": 0.0, "q2": 50.0}


def test_queued_jobs_wait_for_running_ones() -> None:
    # Half done after 30 seconds: 30 more.
    foreseen = forecast(
        queued=queued(10), running=running((600.0, 30.0, 50.0)), factor=0.1, slots=1
    )
    assert foreseen.end["r0"] == pytest.approx(30.0)
    assert foreseen.begin["q0"] == pytest.approx(30.0)


def test_new_job_is_forecast_by_usual_speed() -> None:
    foreseen = forecast(queued=[], running=running((100.0, 5.0, 1.0)), factor=0.5, slots=1)
    assert foreseen.end["r0"] == pytest.approx(45.0)


def test_more_running_jobs_than_slots_are_waited_for() -> None:
    both = running((100.0, 10.0, 50.0), (100.0, 20.0, 50.0))
    assert forecast(queued=queued(1), running=both, factor=1.0, slots=1).begin["q0"] == 20.0


def test_one_slot_is_assumed_without_workers() -> None:
    assert forecast(queued=queued(10, 10), running=[], factor=1.0, slots=0).begin["q1"] == 10.0


@given(
    st.lists(st.floats(0, 10_000), max_size=15),
    st.lists(st.tuples(st.floats(0, 10_000), st.floats(0, 5_000), st.floats(0, 100)), max_size=6),
    st.floats(0.01, 10),
    st.integers(0, 5),
)
def test_jobs_begin_in_order_and_not_in_the_past(
    durations: list[float],
    going: list[tuple[float, float, float]],
    factor: float,
    slots: int,
) -> None:
    foreseen = forecast(
        queued=queued(*durations), running=running(*going), factor=factor, slots=slots
    )
    begins = [foreseen.begin[f"q{n}"] for n in range(len(durations))]
    assert begins == sorted(begins)
    assert all(moment >= 0 for moment in (*begins, *foreseen.end.values()))
    assert foreseen.next_begin is not None
    assert foreseen.next_begin >= (begins[-1] if begins else 0)
