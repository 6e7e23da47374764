"""Ranges of clips."""

import pytest

from common.audio.clips import LONGEST_SECONDS
from transcriber.names.clips import LEAST_SECONDS, clip_range


def test_longest_clean_turn_is_taken() -> None:
    assert clip_range([(0.0, 2.0), (10.0, 15.0), (20.0, 21.0)]) == (10.0, 15.0)


def test_long_turn_is_cut_to_its_middle() -> None:
    start, end = clip_range([(0.0, 20.0)]) or (0, 0)
    assert end - start == pytest.approx(LONGEST_SECONDS)
    assert start == pytest.approx(20.0 - end)


def test_short_turns_give_no_clip() -> None:
    assert clip_range([]) is None
    assert clip_range([(0.0, LEAST_SECONDS / 2)]) is None
