"""Dates and times by which lists are limited."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _day(*, ends: bool) -> Callable[[Any], Any]:
    """Return a validator from a date to its first moment, or to the first one behind it."""

    def convert(value: Any) -> Any:
        # Numbers would be taken for seconds since 1970.
        if not isinstance(value, str) or not _DATE.match(value):
            raise ValueError("Give a date such as 2026-11-28, or a time in ISO 8601")
        if not _DATE.fullmatch(value):
            return value
        try:
            day = dt.datetime.fromisoformat(value)
            return day + dt.timedelta(days=1) if ends else day
        except (ValueError, OverflowError) as error:
            raise ValueError("There is no such date") from error

    return convert


def _utc(moment: dt.datetime) -> dt.datetime:
    try:
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError("The moment is out of range") from error


_Moment = Annotated[dt.datetime, Field(strict=False)]
Since = Annotated[_Moment, BeforeValidator(_day(ends=False)), AfterValidator(_utc)]
"""A time, or the beginning of a date in UTC."""
Until = Annotated[_Moment, BeforeValidator(_day(ends=True)), AfterValidator(_utc)]
"""A time, or the end of a date in UTC."""
