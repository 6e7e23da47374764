"""Sizes and durations for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api import formats


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (67, "67 B"), (1023, "1023 B"), (1024, "1.0 KB"), (1536, "1.5 KB"),
     (1048576, "1.0 MB"), (524288000, "500.0 MB"), (1024**3, "1.0 GB"), (3 * 1024**4, "3.0 TB"),
     (5000 * 1024**4, "5000.0 TB")],
)  # fmt: skip
def test_file_size(size: int, text: str) -> None:
    assert formats.file_size(size) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(500 * 1024**2, "500MB"), (750 * 1024**2, "750MB"), (2 * 1024**3, "2GB"), (10, "10B"),
     (500 * 1024**2 + 1, "500.1MB"), (int(1.5 * 1024**2), "1.5MB")],
)  # fmt: skip
def test_compact_size(size: int, text: str) -> None:
    assert formats.compact_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00:00"), (120.5, "00:02:00"), (1800.0, "00:30:00"), (59.999, "00:00:59"),
     (3661, "01:01:01"), (360000, "100:00:00"), (-3, "00:00:00")],
)  # fmt: skip
def test_duration(seconds: float, text: str) -> None:
    assert formats.duration(seconds) == text


@given(st.floats(0, 1e7))
def test_durations_can_be_read_back(seconds: float) -> None:
    hours, minutes, rest = map(int, formats.duration(seconds).split(":"))
    assert minutes < 60
    assert rest < 60
    assert hours * 3600 + minutes * 60 + rest == int(seconds)


def test_hours() -> None:
    assert formats.hours(1) == "1 hour"
    assert formats.hours(2) == "2 hours"
