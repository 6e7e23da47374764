"""Conversion of lengths of time to text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import lengths


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12h", 43_200),
        ("90m", 5_400),
        ("1.5 H", 5_400),
        ("43200", 43_200),
        (" 30s ", 30),
        ("0.5", 0.5),
        ("2d", 172_800),
    ],
)
def test_parse(text: str, seconds: float) -> None:
    assert lengths.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "12 hours", "-1h", "1h30m", "nan", "inf", "1e3", "٣h"])
def test_other_texts_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="12h, 90m"):
        lengths.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(43_200, "12h"), (5_400, "90m"), (45, "45s"), (0.5, "0.5s"), (0, "0s"), (86_400, "24h")],
)
def test_compact(seconds: float, text: str) -> None:
    assert lengths.compact(seconds) == text


@given(st.integers(min_value=0, max_value=10**5))
def test_compact_form_is_a_setting(seconds: int) -> None:
    assert lengths.parse(lengths.compact(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (59.9, "0:00:59"), (43_205, "12:00:05")]
)
def test_clock(seconds: float, text: str) -> None:
    assert lengths.clock(seconds) == text
