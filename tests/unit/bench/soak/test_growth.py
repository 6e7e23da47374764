"""Slopes of series after their warm-up."""

import random

import pytest

from bench.soak.growth import growth

_TIMES = [10.0 * number for number in range(360)]  # an hour


def noisy(per_hour: float, *, level: float = 100.0, noise: float = 1.0) -> list[float]:
    draw = random.Random(1)
    return [level + per_hour * at / 3600 + draw.gauss(0, noise) for at in _TIMES]


def test_slope_is_found() -> None:
    found = growth("memory", _TIMES, noisy(20.0))
    assert found.per_hour == pytest.approx(20.0, abs=found.uncertainty + 0.5)
    assert found.certain


@pytest.mark.parametrize("per_hour", [0.0, -5.0, 0.5])
def test_no_growth_beyond_the_bound(per_hour: float) -> None:
    assert not growth("memory", _TIMES, noisy(per_hour)).certain


def test_warm_up_does_not_count() -> None:
    values = [min(at, 1000.0) for at in _TIMES]
    found = growth("memory", _TIMES, values)
    assert found.per_hour == 0.0
    assert found.level == 1000.0


def test_single_peaks_do_not_count() -> None:
    values = noisy(0.0)
    values[-10] = 10_000.0
    assert not growth("memory", _TIMES, values).certain


def test_small_numbers_may_differ_by_the_floor() -> None:
    values = [3.0 if at < 2000 else 5.0 for at in _TIMES]
    assert not growth("descriptors", _TIMES, values, floor=8.0).certain


def test_short_runs_are_refused() -> None:
    with pytest.raises(ValueError, match="run longer"):
        growth("memory", _TIMES[:6], [1.0] * 6)
