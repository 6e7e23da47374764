"""Conversion of durations and moments between Python and protobuf."""

import datetime as dt

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

_MOST_SECONDS = 86_400.0 * 999_999_998


def duration(seconds: float) -> Duration:
    """Convert seconds to a Duration, rounded to microseconds."""
    value = Duration()
    value.FromMicroseconds(round(seconds * 1e6))
    return value


def seconds(value: Duration) -> float:
    """Convert a Duration to seconds."""
    return value.seconds + value.nanos / 1e9


def timedelta(value: Duration) -> dt.timedelta:
    """Convert a Duration. One beyond the range of Python becomes the nearest within it."""
    return dt.timedelta(seconds=max(-_MOST_SECONDS, min(_MOST_SECONDS, seconds(value))))


def timestamp(moment: dt.datetime | None) -> Timestamp | None:
    """Convert an aware moment to a Timestamp. None stays None, which leaves a field unset."""
    if moment is None:
        return None
    value = Timestamp()
    value.FromDatetime(moment)
    return value


def moment(value: Timestamp) -> dt.datetime:
    """Convert a Timestamp to an aware moment in UTC."""
    return value.ToDatetime(dt.UTC)
