import pytest

from exporter.clock import clock, precise_clock, readable_duration


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00:00"), (59.999, "0:00:59"), (3725.9, "1:02:05"), (-1, "0:00:00")],
)
def test_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0004, "00:00:00.000"),
        (1.9996, "00:00:02.000"),
        (59.9999, "00:01:00.000"),
        (36000.25, "10:00:00.250"),
    ],
)
def test_precise_clock_carries_when_rounding(seconds: float, shown: str) -> None:
    assert precise_clock(seconds) == shown
    assert precise_clock(seconds, separator=",") == shown.replace(".", ",")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(42, "42 s"), (200, "3 min 20 s"), (3600, "1 h 00 min"), (3599.6, "1 h 00 min")],
)
def test_readable_duration(seconds: float, shown: str) -> None:
    assert readable_duration(seconds) == shown
