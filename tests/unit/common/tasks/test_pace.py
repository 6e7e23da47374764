"""Bounds on work without progress."""

import pytest

from common.tasks.pace import Pace, Patience, ProgressWatch

PATIENCE = Patience(always=60, longest_piece=600)
HOUR = 3600.0


def test_bound_grows_with_length_up_to_the_longest_piece() -> None:
    bounds = [PATIENCE.bound(seconds, 0.2) for seconds in (3, 60, 300, 600, HOUR, 10 * HOUR)]
    assert bounds == [90, 120, 360, 660, 660, 660]


def test_unknown_length_counts_as_long() -> None:
    assert PATIENCE.bound(0, 0.2) == PATIENCE.bound(HOUR, 0.2)


def test_bound_grows_with_slowness() -> None:
    assert PATIENCE.bound(100, 1.0) == 60 + 5 * 100
    assert PATIENCE.bound(100, 4.0) == 60 + 20 * 100


def test_bound_has_a_floor_for_fast_machines() -> None:
    assert PATIENCE.bound(100, 0.001) == 60 + 0.5 * 100


def test_first_recording_gets_time_to_warm_up() -> None:
    assert PATIENCE.bound(100, None) == 60 + 60 + 3 * 100


def test_slowest_of_the_last_recordings_counts() -> None:
    pace = Pace()
    assert pace.slowest is None
    pace.note(50, 100)
    pace.note(10, 100)
    assert pace.slowest == 0.5
    for _ in range(8):
        pace.note(20, 100)
    assert pace.slowest == 0.2


def test_short_recordings_count_as_half_a_minute() -> None:
    pace = Pace()
    pace.note(6, 1)
    assert pace.slowest == pytest.approx(0.2)


def quiet_until_stall(watch: ProgressWatch, *, advances: int, fraction: float) -> float:
    """Return the seconds after which work without progress counts as stalled."""
    for second in range(1, 100_000):
        if stall := watch.passed(1.0, advances=advances, fraction=fraction):
            assert stall.seconds == pytest.approx(second)
            assert stall.seconds > stall.bound
            assert stall.fraction == fraction
            return stall.seconds
    raise AssertionError("never given up")


def test_work_without_progress_stalls_after_the_bound() -> None:
    watch = ProgressWatch(PATIENCE, 0.2, 60)
    assert quiet_until_stall(watch, advances=0, fraction=0.0) == 121


def test_every_advance_restarts_the_clock() -> None:
    watch = ProgressWatch(PATIENCE, 0.2, 60)
    for step in range(1, 100):
        for _ in range(100):
            assert watch.passed(1.0, advances=step, fraction=step / 100) is None


def test_slower_task_gets_more_time() -> None:
    watch = ProgressWatch(PATIENCE, 0.2, HOUR)
    for step in range(1, 11):
        assert watch.passed(720, advances=step, fraction=step / 20) is None
    # Half an hour of sound took two hours so far.
    assert quiet_until_stall(watch, advances=10, fraction=0.5) == 60 + 5 * 4 * 600 + 1


def test_silence_at_the_end_does_not_count_as_slowness() -> None:
    watch = ProgressWatch(PATIENCE, 0.2, HOUR)
    watch.passed(180, advances=1, fraction=0.5)
    assert quiet_until_stall(watch, advances=1, fraction=0.5) == 661
