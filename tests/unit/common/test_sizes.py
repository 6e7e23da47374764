"""Conversion of sizes to text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import sizes

KB, MB, GB, TB = (1024**power for power in range(1, 5))


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (67, "67 B"),
        (1023, "1023 B"),
        (KB, "1.0 KB"),
        (1536, "1.5 KB"),
        (MB - 1, "1.0 MB"),
        (MB, "1.0 MB"),
        (500 * MB, "500.0 MB"),
        (524_300_000, "500.0 MB"),
        (5 * GB, "5.0 GB"),
        (3 * TB, "3.0 TB"),
        (5000 * TB, "5000.0 TB"),
    ],
)
def test_readable(size: int, text: str) -> None:
    assert sizes.readable(size) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (10, "10B"),
        (1023, "1023B"),
        (MB - 1, "1MB"),
        (3 * MB // 2, "1.5MB"),
        (500 * MB, "500MB"),
        (500 * MB + 1, "500.1MB"),
        (524_300_000, "500.1MB"),
        (750 * MB, "750MB"),
        (3 * GB // 2, "1.5GB"),
        (2 * GB, "2GB"),
    ],
)
def test_compact(size: int, text: str) -> None:
    assert sizes.compact(size) == text


@given(st.integers(0, 2000 * TB))
def test_compact_size_is_rounded_up_by_at_most_a_tenth(size: int) -> None:
    assert size <= sizes.parse(sizes.compact(size)) <= size * 1.1


@given(st.integers(0, 2000 * TB))
def test_values_stay_below_the_next_unit(size: int) -> None:
    value, unit = sizes.readable(size).split()
    assert float(value) < 1024 or unit == "TB"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("500MB", 500 * MB),
        (" 500 mb ", 500 * MB),
        ("1.5K", 1536),
        ("2GiB", 2 * GB),
        ("1t", TB),
        ("10", 10),
        ("7B", 7),
    ],
)
def test_parse(text: str, size: int) -> None:
    assert sizes.parse(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1", "5 apples", "1e3", "9" * 400])
def test_parse_rejects_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match="500MB"):
        sizes.parse(text)
