"""Small conversions that all views share."""

import datetime as dt

from google.protobuf.message import Message

from common import times


def maybe_moment(message: Message, field: str) -> dt.datetime | None:
    """A Timestamp field as a moment; None when it is absent."""
    return times.moment(getattr(message, field)) if message.HasField(field) else None
