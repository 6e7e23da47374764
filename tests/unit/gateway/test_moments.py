"""Dates and times of filters."""

import datetime as dt

import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.api.moments import Since, Until

SINCE: TypeAdapter[dt.datetime] = TypeAdapter(Since)
UNTIL: TypeAdapter[dt.datetime] = TypeAdapter(Until)


def test_a_date_is_a_whole_day_in_utc() -> None:
    assert SINCE.validate_python("2026-11-28") == dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
    assert UNTIL.validate_python("2026-11-28") == dt.datetime(2026, 11, 29, tzinfo=dt.UTC)


@pytest.mark.parametrize("adapter", [SINCE, UNTIL])
def test_a_time_is_that_moment(adapter: TypeAdapter[dt.datetime]) -> None:
    moment = dt.datetime(2026, 11, 28, 11, tzinfo=dt.UTC)
    assert adapter.validate_python("2026-11-28T12:00:00+01:00") == moment
    assert adapter.validate_python("2026-11-28T11:00:00") == moment


@pytest.mark.parametrize("adapter", [SINCE, UNTIL])
@pytest.mark.parametrize(
    "value",
    ["0.5", "1764288000", 1764288000, "", "soon", "2026-13-01"],
)
def test_other_values_are_refused(adapter: TypeAdapter[dt.datetime], value: object) -> None:
    with pytest.raises(ValidationError):
        adapter.validate_python(value)
