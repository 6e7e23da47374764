"""Between seconds and moments of Python and those of protobuf."""

import datetime as dt

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def duration(seconds: float) -> Duration:
    """Seconds as a Duration, to the microsecond."""
    value = Duration()
    value.FromMicroseconds(round(seconds * 1e6))
    return value


def seconds(value: Duration) -> float:
    """A Duration as seconds."""
    return value.seconds + value.nanos / 1e9


def timestamp(moment: dt.datetime | None) -> Timestamp | None:
    """A moment (aware) as a Timestamp; None stays None, which leaves a field absent."""
    if moment is None:
        return None
    value = Timestamp()
    value.FromDatetime(moment)
    return value


def moment(value: Timestamp) -> dt.datetime:
    """A Timestamp as an aware moment in UTC."""
    return value.ToDatetime(dt.UTC)
