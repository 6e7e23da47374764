import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.timed_text import timed_pieces
from tests.unit.exporter.documents import segment


def test_pieces_have_the_times_of_their_words() -> None:
    pieces = timed_pieces(segment(0, "a", " Good  morning all. ", 0, 3))
    assert [piece.text for piece in pieces] == ["Good  ", "morning ", "all."]
    assert [piece.start for piece in pieces] == [0, 1, 2]


def test_text_that_was_edited_falls_back_to_its_length() -> None:
    edited = segment(0, "a", "Good morning all.", 0, 17, with_words=False)
    pieces = timed_pieces(edited)
    assert [piece.text for piece in pieces] == ["Good ", "morning ", "all."]
    assert [piece.start for piece in pieces] == pytest.approx([0, 5, 13])


def test_scripts_without_blanks_are_cut_between_characters() -> None:
    pieces = timed_pieces(segment(0, "a", "完成报告。好", 0, 6, with_words=False))
    assert [piece.text for piece in pieces] == ["完", "成", "报", "告。", "好"]


@given(st.text(max_size=80))
def test_pieces_make_up_the_text(text: str) -> None:
    made = segment(0, "a", text, 0, 4, with_words=False)
    assert "".join(piece.text for piece in timed_pieces(made)) == text.strip()
