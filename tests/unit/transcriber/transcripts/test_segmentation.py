"""Segmentation of words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import writing_systems
from transcriber.domain.transcripts import SpokenWord
from transcriber.transcripts.segmentation import (
    LONGEST_CELLS,
    LONGEST_SECONDS,
    join,
    split,
)


def words(text: str, *, each: float = 0.5, passage: int = 0) -> list[SpokenWord]:
    return [
        SpokenWord(
            text=part,
            start=n * each,
            end=n * each + each * 0.8,
            probability=1.0,
            language="en",
            passage=passage,
        )
        for n, part in enumerate(text.split())
    ]


def pieces(spoken: list[SpokenWord], speakers: list[str] | None = None) -> list[str]:
    owners = speakers or ["A"] * len(spoken)
    return [join([spoken[n] for n in part]) for part in split(spoken, owners)]


def test_short_passage_is_one_segment() -> None:
    assert pieces(words("One sentence. Another one.")) == ["One sentence. Another one."]


def test_change_of_speaker_splits() -> None:
    assert pieces(words("mine yours"), ["A", "B"]) == ["mine", "yours"]


def test_pause_splits() -> None:
    spoken = words("before")
    late = SpokenWord(text="after", start=5.0, end=5.5, probability=1.0, language="en")
    assert pieces([*spoken, late]) == ["before", "after"]


def test_long_segment_ends_with_sentence() -> None:
    sentence = "this is a sentence of eight words indeed. "
    found = pieces(words(sentence * 8))
    assert len(found) > 1
    assert all(piece.endswith("indeed.") for piece in found)


def test_endless_sentence_is_cut_at_clause() -> None:
    found = pieces(words("and so on and so forth, " * 30))
    assert len(found) > 1
    assert all(piece.endswith("forth,") for piece in found)


def test_words_without_punctuation_are_cut_at_widest_gap() -> None:
    spoken = words("word " * 90)
    gap = 55
    later = [
        SpokenWord(
            text=item.text,
            start=item.start + 0.6,
            end=item.end + 0.6,
            probability=1.0,
            language="en",
        )
        for item in spoken[gap:]
    ]
    assert split([*spoken[:gap], *later], ["A"] * 90)[0] == range(gap)


def unspaced(text: str, *, each: float = 0.2) -> list[SpokenWord]:
    """Return one word per part of a text without blanks between them."""
    return [
        SpokenWord(text=part, start=n * each, end=(n + 1) * each, probability=1.0, spaced=False)
        for n, part in enumerate(text.split("|"))
    ]


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        # Neither a mark, nor a vowel, nor closing punctuation, nor half a Latin word begins one.
        ("รั|ก|น้ำ|ๆ|" * 60, {"รั", "น้ำ"}),
        ("我|用|Py|thon|”|" * 60, {"我", "用", "Py"}),
        ("ကော|င်း|တ|ယ်|" * 60, {"ကော", "တ"}),
        ("「|キャ|ッ|ト|」|" * 60, {"「", "キャ", "ト"}),
    ],
)
def test_segments_without_blanks_begin_where_lines_do(text: str, begins: set[str]) -> None:
    spoken = unspaced(text.rstrip("|"))
    parts = split(spoken, ["A"] * len(spoken))
    assert len(parts) > 1
    assert {spoken[part.start].text for part in parts} <= begins


def test_wide_characters_count_twice() -> None:
    spoken = unspaced("|".join("字" * 300), each=0.01)
    assert split(spoken, ["A"] * 300) == [range(225), range(225, 300)]


def test_no_segment_begins_with_spaced_punctuation() -> None:
    spoken = words("mot ? " * 60, each=0.2)
    parts = split(spoken, ["A"] * len(spoken))
    assert len(parts) > 1
    assert all(spoken[part.start].text == "mot" for part in parts)


def test_sentence_may_end_in_quotes() -> None:
    found = pieces(words('he said "this is quite enough now my dear old friend." ' * 6))
    assert all(piece.endswith('friend."') for piece in found)


def test_spaces_follow_the_recognizer() -> None:
    spoken = [
        SpokenWord(text="twenty", start=0, end=1, probability=1),
        SpokenWord(text="-five", start=1, end=2, probability=1, spaced=False),
        SpokenWord(text="years", start=2, end=3, probability=1),
    ]
    assert join(spoken) == "twenty-five years"


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("好的。", "我们走", "好的。我们走"),
        ("はい", "そうです", "はいそうです"),
        ("สวัสดี", "ครับ", "สวัสดีครับ"),
        ("Hello.", "World.", "Hello. World."),
        ("安", "ok", "安 ok"),
        ("좋아요", "그래요", "좋아요 그래요"),
    ],
)
def test_spaces_between_passages_depend_on_script(first: str, second: str, joined: str) -> None:
    spoken = [
        SpokenWord(text=first, start=0, end=1, probability=1, passage=0),
        SpokenWord(text=second, start=1, end=2, probability=1, passage=1),
    ]
    assert join(spoken) == joined


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["word", "end.", "clause,", "x" * 60, "我们", "รัก", "।", "?"]),
            st.floats(0, 4),
            st.floats(0, 20),
            st.sampled_from("AB"),
            st.booleans(),
        ),
        max_size=80,
    )
)
def test_every_word_appears_once_and_no_segment_is_too_long(
    drawn: list[tuple[str, float, float, str, bool]],
) -> None:
    spoken: list[SpokenWord] = []
    clock = 0.0
    for text, gap, length, _, spaced in drawn:
        clock += gap
        spoken.append(
            SpokenWord(text=text, start=clock, end=clock + length, probability=1.0, spaced=spaced)
        )
        clock += length
    owners = [speaker for *_, speaker, _ in drawn]
    parts = split(spoken, owners)
    assert [n for part in parts for n in part] == list(range(len(spoken)))
    for part in parts:
        assert len({owners[n] for n in part}) == 1
        if len(part) > 1:
            length = spoken[part[-1]].end - spoken[part[0]].start
            assert length <= LONGEST_SECONDS
            assert writing_systems.cells(join([spoken[n] for n in part])) <= LONGEST_CELLS


def test_words_without_width_or_time_are_cut_too() -> None:
    marks = [replace(word, text="\u302a", end=0.0, start=0.0) for word in words("x " * 10_000)]
    ranges = split(marks, ["Speaker_1"] * len(marks))
    assert max(map(len, ranges)) <= LONGEST_CELLS
    assert sum(map(len, ranges)) == len(marks)
