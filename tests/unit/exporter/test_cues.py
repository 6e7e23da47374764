from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.writing_systems import breaks, cells
from exporter.cues import (
    CUE_CELLS,
    CUE_SECONDS,
    LINE_CELLS,
    balanced_lines,
    cues,
    timed_pieces,
)
from exporter.document import Segment, Word
from tests.unit.exporter.documents import document, meeting, segment

LONG = (
    "We have looked at all of the offers, and the second supplier is cheaper but cannot deliver "
    "before the end of March. So we should decide today whether we can wait that long or not."
)


@pytest.mark.parametrize("text", ["", " \n"])
def test_segments_without_text_have_no_cues(text: str) -> None:
    made = document([segment(0, "a", text, 0, 1), segment(1, "b", "Yes.", 1, 2)])
    assert [cue.text for cue in cues(made)] == ["Yes."]


def test_all_text_appears_once_and_in_order() -> None:
    made = document([segment(0, "a", LONG, 0, 24), segment(1, "b", "No. I cannot wait.", 24, 26)])
    shown = list(cues(made))
    assert " ".join(cue.text for cue in shown) == f"{LONG} No. I cannot wait."
    assert [cue.start for cue in shown] == sorted(cue.start for cue in shown)


def test_a_cue_is_short_enough_to_read() -> None:
    for cue in cues(document([segment(0, "a", LONG, 0, 24)])):
        assert cells(cue.text) <= CUE_CELLS
        assert cue.end - cue.start <= CUE_SECONDS + 0.5
        assert len(cue.lines()) <= 2


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


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        # A blank is preferred, then the place nearest to the middle.
        ("短い文 " + "漢字" * 10 + "です。", ["短い文 " + "漢字" * 5, "漢字" * 5 + "です。"]),
        ("漢字" * 6 + " " + "漢字" * 6, ["漢字" * 6, "漢字" * 6]),
        ("「" + "漢" * 11 + "」、" + "字" * 12, ["「" + "漢" * 11 + "」、", "字" * 12]),
        (
            "Quoi ? " + "mot " * 4 + "encore ? Oui, oui, oui ! Non.",
            ["Quoi ? mot mot mot mot", "encore ? Oui, oui, oui ! Non."],
        ),
        ("สวัสดีครับ " * 7 + "น้ำ", None),
        ("ကောင်းတယ်" * 12, None),
        ("ភាសាខ្មែរ" * 12, None),
    ],
)
def test_lines_break_where_the_script_allows(text: str, lines: list[str] | None) -> None:
    first, second = balanced_lines(text)
    assert text.removeprefix(first).lstrip() == second
    assert len(text) - len(second) in breaks(text)
    assert max(cells(first), cells(second)) <= LINE_CELLS
    assert abs(cells(first) - cells(second)) <= LINE_CELLS // 2
    assert lines is None or [first, second] == lines


def test_lines_break_at_words_rather_than_within_them() -> None:
    said = ["ประชาธิปไตย", "สวัสดีครับ", "รัฐธรรมนูญ", "มหาวิทยาลัย", "ภาษาไทย"]
    made = timed("|".join(said * 2))
    for cue in cues(document([made])):
        rest = cue.text
        for line in cue.lines():
            rest = rest.removeprefix(line)
            assert not rest or rest.startswith(tuple(said))


def timed(text: str, *, label: str = "a", start: float = 0.0, each: float = 0.3) -> Segment:
    """Return a segment without blanks, whose words are the parts of a text."""
    parts = text.split("|")
    words = tuple(
        Word(text=part, start=start + n * each, end=start + (n + 1) * each)
        for n, part in enumerate(parts)
    )
    return Segment(
        index=0,
        speaker_label=label,
        text="".join(parts),
        start=start,
        end=words[-1].end,
        words=words,
    )


@pytest.mark.parametrize(
    "text",
    [
        "ส|วั|ส|ดี|ค|รั|บ|น|้|ำ|ๆ|" * 12,  # code points, as recognizers give them
        "我|用|Py|thon|写|“|程|序|”|，|" * 12,
        "က|ေ|ာ|င|်|း|တ|ယ|်|။|" * 12,
        "ភាសាខ្មែរជាភាសាកំណើតរបស់ខ្ញុំហើយខ្ញុំស្រឡាញ់វាណាស់ព្រោះវាពិរោះ|" * 3,
    ],
)
def test_cues_and_lines_begin_where_the_script_allows(text: str) -> None:
    made = timed(text.rstrip("|"))
    shown = list(cues(document([made])))
    allowed = {0, *breaks(made.text)}
    position = 0
    for cue in shown:
        assert cells(cue.text) <= CUE_CELLS
        for line in cue.lines():
            assert position in allowed
            assert cells(line) <= LINE_CELLS
            position += len(line)
    assert position == len(made.text)


def test_cues_of_overlapping_speech_are_in_order_and_overlap() -> None:
    made = document(
        [
            segment(0, "a", LONG, 0, 24),
            segment(1, "b", "No. I cannot wait.", 3, 5),
            segment(2, "a", "Well.", 25, 26),
        ]
    )
    shown = list(cues(made))
    assert [cue.start for cue in shown] == sorted(cue.start for cue in shown)
    for label, text in (("a", f"{LONG} Well."), ("b", "No. I cannot wait.")):
        own = [cue for cue in shown if cue.speaker_label == label]
        assert " ".join(cue.text for cue in own) == text
        assert all(one.end <= following.start for one, following in pairwise(own))
    reply = next(cue for cue in shown if cue.speaker_label == "b")
    during = [cue for cue in shown if cue.start < reply.end and cue.end > reply.start]
    assert {cue.speaker_label for cue in during} == {"a", "b"}
    assert all(
        following.begins_turn == (following.speaker_label != one.speaker_label)
        for one, following in pairwise(shown)
    )


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
