"""Conversions shared by the response models."""

import datetime as dt

from google.protobuf.message import Message

from common import times


def optional_moment(message: Message, field: str) -> dt.datetime | None:
    """Return a Timestamp field as a datetime, or None if absent."""
    return times.moment(getattr(message, field)) if message.HasField(field) else None


def readable_duration(seconds: float) -> str:
    """Format whole seconds as `00:02:00`. Hours are not limited to 24."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def readable_hours(count: int) -> str:
    """Format hours with their unit, `1 hour` or `2 hours`."""
    return f"{count} hour" if count == 1 else f"{count} hours"
