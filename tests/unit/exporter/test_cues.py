from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cues import (
    CUE_CELLS,
    CUE_SECONDS,
    LINE_CELLS,
    balanced_lines,
    cells,
    cues,
    timed_pieces,
)
from tests.unit.exporter.documents import document, meeting, segment

LONG = (
    "We have looked at all of the offers, and the second supplier is cheaper but cannot deliver "
    "before the end of March. So we should decide today whether we can wait that long or not."
)


def test_all_text_appears_once_and_in_order() -> None:
    made = document([segment(0, "a", LONG, 0, 24), segment(1, "b", "No. I cannot wait.", 24, 26)])
    shown = list(cues(made))
    assert " ".join(cue.text for cue in shown) == f"{LONG} No. I cannot wait."
    assert [cue.start for cue in shown] == sorted(cue.start for cue in shown)


def test_a_cue_is_short_enough_to_read() -> None:
    for cue in cues(document([segment(0, "a", LONG, 0, 24)])):
        assert cells(cue.text) <= CUE_CELLS
        assert cue.end - cue.start <= CUE_SECONDS + 0.5
        assert len(cue.lines) <= 2


def test_cues_have_similar_lengths() -> None:
    text = " ".join(["word"] * 19)  # 94 cells: two cues, but not of 84 and 10
    sizes = [cells(cue.text) for cue in cues(document([segment(0, "a", text, 0, 6)]))]
    assert len(sizes) == 2
    assert min(sizes) > 40


def test_a_pause_ends_a_cue() -> None:
    first = segment(0, "a", "Wait here.", 0, 1)
    second = segment(0, "a", "Thanks.", 4, 5)
    paused = segment(0, "a", "Wait here. Thanks.", 0, 5)
    made = document([replace(paused, words=(*first.words, *second.words))])
    assert [cue.text for cue in cues(made)] == ["Wait here.", "Thanks."]


def test_the_first_cue_of_each_turn_is_marked() -> None:
    marks = [(cue.speaker_label, cue.begins_turn) for cue in cues(meeting())]
    assert marks == [
        ("Speaker_1", True),
        ("Speaker_1", False),
        ("Speaker_2", True),
        ("Speaker_2", False),
        ("Speaker_1", True),
    ]


def test_a_segment_without_duration_is_shown_briefly() -> None:
    cue = next(cues(document([segment(0, "a", "Hi.", 1, 1)])))
    assert cue.end > cue.start


@pytest.mark.parametrize(
    ("text", "count"), [("short", 1), ("word " * 12, 2), ("完成" * 15, 2), ("x" * 60, 1)]
)
def test_lines_are_balanced(text: str, count: int) -> None:
    lines = balanced_lines(text.strip())
    assert len(lines) == count
    if count == 2:
        assert max(map(cells, lines)) <= LINE_CELLS


def test_pieces_have_the_times_of_their_words() -> None:
    pieces = timed_pieces(segment(0, "a", " Good  morning all. ", 0, 3))
    assert [piece.text for piece in pieces] == ["Good  ", "morning ", "all."]
    assert [piece.start for piece in pieces] == [0, 1, 2]


def test_times_of_an_edited_text_are_estimated_from_its_length() -> None:
    edited = segment(0, "a", "Good morning all.", 0, 17, with_words=False)
    pieces = timed_pieces(edited)
    assert [piece.text for piece in pieces] == ["Good ", "morning ", "all."]
    assert [piece.start for piece in pieces] == pytest.approx([0, 5, 13])


def test_unspaced_scripts_are_cut_between_characters() -> None:
    pieces = timed_pieces(segment(0, "a", "完成报告。好", 0, 6, with_words=False))
    assert [piece.text for piece in pieces] == ["完", "成", "报", "告。", "好"]


@given(st.text(max_size=80))
def test_joined_pieces_equal_the_text(text: str) -> None:
    made = segment(0, "a", text, 0, 4, with_words=False)
    assert "".join(piece.text for piece in timed_pieces(made)) == text.strip()
