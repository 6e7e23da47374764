"""Arrival times of sound."""

from transcriber.worker.live.clock import StreamClock


def test_lag_is_counted_from_the_arrival() -> None:
    clock = StreamClock()
    clock.arrived(1_600, 10.0)
    clock.arrived(3_200, 10.1)
    assert clock.lag(1_600, 11.0) == 1.0
    assert clock.lag(1_601, 11.1) == 1.0
    assert clock.lag(0, 11.0) == 1.0
    assert clock.lag(9_999, 11.0) == 0.0


def test_memory_is_bounded() -> None:
    clock = StreamClock()
    for number in range(10_000):
        clock.arrived(number, float(number))
    assert clock.time_of(9_999) == 9_999.0
    assert clock.time_of(10) is None
