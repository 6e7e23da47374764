"""Shared conversions from protobuf."""

import datetime as dt

from google.protobuf.message import Message

from common import times


def maybe_moment(message: Message, field: str) -> dt.datetime | None:
    """Return a Timestamp field as a datetime, or None if absent."""
    return times.moment(getattr(message, field)) if message.HasField(field) else None
