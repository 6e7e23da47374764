import pytest

from exporter.turns import mean_confidence, turns, with_time_marks
from tests.unit.exporter.documents import segment


def test_consecutive_segments_of_a_speaker_are_one_turn() -> None:
    segments = [
        segment(0, "a", "One.", 0, 2),
        segment(1, "a", "Two.", 2, 4),
        segment(2, "b", "Three.", 4, 6),
        segment(3, "a", "Four.", 6, 8),
    ]
    found = list(turns(segments))
    assert [(turn.speaker_label, turn.text) for turn in found] == [
        ("a", "One. Two."),
        ("b", "Three."),
        ("a", "Four."),
    ]
    assert (found[0].start, found[0].end) == (0, 4)
    assert not any(turn.continued for turn in found)


def test_long_turns_are_split_and_marked_as_continued() -> None:
    segments = [segment(place, "a", "Word.", place * 30, place * 30 + 30) for place in range(7)]
    found = list(turns(segments, paragraph_seconds=90))
    assert [len(turn.segments) for turn in found] == [3, 3, 1]
    assert [turn.continued for turn in found] == [False, True, True]


def test_empty_segments_do_not_end_a_turn() -> None:
    segments = [
        segment(0, "a", "One.", 0, 1),
        segment(1, "b", " ", 1, 2),
        segment(2, "a", "Two.", 2, 3),
    ]
    assert [turn.text for turn in turns(segments)] == ["One. Two."]


def test_mean_confidence_is_weighted_by_duration() -> None:
    long = segment(0, "a", "x", 0, 9, confidence=1.0)
    short = segment(1, "a", "x", 9, 10, confidence=0.0)
    assert mean_confidence([long, short]) == pytest.approx(0.9)
    assert mean_confidence([]) == 0.0


def test_long_recordings_have_one_time_mark_per_step() -> None:
    segments = [
        segment(place, "ab"[place % 2], "Word.", place * 300, place * 300 + 300)
        for place in range(6)
    ]
    marks = [mark for mark, _ in with_time_marks(turns(segments), duration=1800)]
    assert marks == [0.0, None, 600.0, None, 1200.0, None]
    assert {mark for mark, _ in with_time_marks(turns(segments[:2]), duration=600)} == {None}
