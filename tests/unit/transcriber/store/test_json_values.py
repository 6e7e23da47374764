"""Values for columns of JSON."""

import math

import pytest

from transcriber.store.json_values import check_storable


def test_ordinary_values_are_storable() -> None:
    check_storable({"title": "Größe 会议 \\u0041", "gains": [0.5, -1, None], "complete": True})


@pytest.mark.parametrize("value", [math.nan, math.inf, "a\x00b", "\ud800"])
def test_values_that_postgres_rejects_raise(value: object) -> None:
    with pytest.raises(ValueError, match=r"NUL|surrogates|JSON compliant"):
        check_storable({"tracks": [{"title": value}]})
