import pytest

from common.voices.seams import same_at_seam
from common.voices.values import Turn


def turn(speaker: str, start: float, end: float) -> Turn:
    return Turn(start=start, end=end, speaker=speaker)


ZONE = (236.0, 244.0)


def test_labels_with_the_same_speech_are_one_person() -> None:
    before = [turn("a", 200, 239), turn("b", 239.5, 244)]
    after = [turn("x", 236, 239.2), turn("y", 239.5, 250)]
    found = sorted(same_at_seam(before, after, ZONE))
    assert [(one, other) for _, one, other in found] == [("a", "x"), ("b", "y")]
    assert [seconds for seconds, _, _ in found] == pytest.approx([3.0, 4.5])


def test_speech_beyond_the_zone_does_not_count() -> None:
    before = [turn("a", 200, 237.5), turn("b", 243, 244)]
    after = [turn("x", 236, 237.5), turn("y", 243, 260)]
    assert list(same_at_seam(before, after, ZONE)) == []


def test_labels_that_mostly_speak_apart_are_not_linked() -> None:
    before = [turn("a", 236, 244)]
    after = [turn("x", 236, 239), turn("y", 239, 244)]
    # One of the parts has joined two people here.
    assert [(one, other) for _, one, other in same_at_seam(before, after, ZONE)] == [("a", "y")]
