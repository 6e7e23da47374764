"""Short clips of one speaker."""

import pytest

from transcriber.names.clips import LEAST_SECONDS, LONGEST_SECONDS, clip_range


def test_the_longest_clean_stretch_is_taken() -> None:
    assert clip_range([(0.0, 2.0), (10.0, 15.0), (20.0, 21.0)]) == (10.0, 15.0)


def test_a_long_one_is_cut_to_its_middle() -> None:
    start, end = clip_range([(0.0, 20.0)]) or (0, 0)
    assert end - start == pytest.approx(LONGEST_SECONDS)
    assert start == pytest.approx(20.0 - end)


def test_there_is_none_where_nobody_speaks_alone_for_long_enough() -> None:
    assert clip_range([]) is None
    assert clip_range([(0.0, LEAST_SECONDS / 2)]) is None
