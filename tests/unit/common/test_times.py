import datetime as dt

import pytest
from google.protobuf.duration_pb2 import Duration

from common import times


@pytest.mark.parametrize("seconds", [0.0, 0.000001, 1.5, 3599.999999, 86400.0 * 30, -2.25])
def test_seconds_survive_a_round_trip(seconds: float) -> None:
    assert times.seconds(times.duration(seconds)) == pytest.approx(seconds, abs=1e-9)


def test_duration_is_rounded_to_microseconds() -> None:
    assert times.duration(0.1 + 0.2).nanos == 300_000_000


@pytest.mark.parametrize("seconds", [0.0, 1.5, -90.25])
def test_durations_become_those_of_python(seconds: float) -> None:
    assert times.timedelta(times.duration(seconds)) == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", [2**63 - 1, -(2**63)])
def test_durations_beyond_the_range_of_python_are_limited(seconds: int) -> None:
    days = times.timedelta(Duration(seconds=seconds)).days
    assert abs(days) > 999_000_000
    assert (days > 0) == (seconds > 0)


def test_moments_survive_a_round_trip() -> None:
    moment = dt.datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=dt.UTC)
    timestamp = times.timestamp(moment)

    assert timestamp is not None
    assert times.moment(timestamp) == moment


def test_moments_of_other_zones_are_converted() -> None:
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    moment = dt.datetime(2026, 3, 1, 12, 0, tzinfo=zone)
    timestamp = times.timestamp(moment)

    assert timestamp is not None
    assert times.moment(timestamp) == moment
    assert times.moment(timestamp).tzinfo is dt.UTC


def test_none_stays_none() -> None:
    assert times.timestamp(None) is None
