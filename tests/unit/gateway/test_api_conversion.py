"""Durations as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api import conversion


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00:00"), (120.5, "00:02:00"), (1800.0, "00:30:00"), (59.999, "00:00:59"),
     (3661, "01:01:01"), (360000, "100:00:00"), (-3, "00:00:00")],
)  # fmt: skip
def test_duration(seconds: float, text: str) -> None:
    assert conversion.readable_duration(seconds) == text


@given(st.floats(0, 1e7))
def test_durations_can_be_read_back(seconds: float) -> None:
    hours, minutes, rest = map(int, conversion.readable_duration(seconds).split(":"))
    assert minutes < 60
    assert rest < 60
    assert hours * 3600 + minutes * 60 + rest == int(seconds)


def test_hours() -> None:
    assert conversion.readable_hours(1) == "1 hour"
    assert conversion.readable_hours(2) == "2 hours"
