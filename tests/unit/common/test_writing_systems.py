"""Words, line breaks, widths, and ends of sentences in any script."""

import unicodedata
from itertools import pairwise

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from common import writing_systems

#: Characters of many scripts with their marks, punctuation of all kinds, emoji and blanks.
MIXED = st.text(
    st.sampled_from(
        "今天ぎゃーコーヒー々한국abé3 \u3000\u00a0รักน้ำเราๆຂ້ອຍខ្មែរမြန်မာབོད་།हिन्दी"
        ".,!?;:()[]“”‘’\"'「」『』（）。、，！？：；…—–·％%￥/-👨\u200d👩🏽🇩🇪\u0301\u200b\ufe0f"
    ),
    max_size=30,
)


def pieces(text: str) -> list[str]:
    places = [0, *writing_systems.breaks(text), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


@pytest.mark.parametrize(
    "broken",
    [
        "今|天|我|们|用 |Python |3.11 |写|“程|序”。",
        "说：|「你|好！」|（笑）",
        "キャッ|ト、|コー|ヒー|時々|￥100|や|50％|で|す…。",
        "ส|วัส|ดี|ค|รับ |เรา|รัก |น้ำ |ต่า|งๆ |Python |คือ",
        "ဒီ|နေ့ |ကောင်း|တယ်။ |မင်္ဂ|လာ|ပါ",
        "ខ្ញុំ|រៀ|ន|ភា|សា|ខ្មែ|រ។",
        "ຂ້|ອ|ຍ|ເວົ້າ",
        "བོད་|སྐད་|ཡིན།",
        "한국어 |문장입니다.",
        "Hello—world |(test) |“quoted” |twenty-five.",
        "Quoi ? |Oui !",
        "12\u00a0000 |km",
        "col·lecció",
    ],
)
def test_lines_break_between_words_or_syllables(broken: str) -> None:
    assert pieces(broken.replace("|", "")) == broken.split("|")


@given(MIXED)
def test_lines_break_between_clusters_and_not_before_closing_punctuation(text: str) -> None:
    inside = set()
    position = 0
    for cluster in regex.findall(r"\X", text):
        inside |= set(range(position + 1, position + len(cluster)))
        position += len(cluster)
    found = list(writing_systems.breaks(text))
    assert found == sorted(set(found))
    for place in found:
        assert 0 < place < len(text)
        assert place not in inside
        assert text[place] not in ".,!?;:)]”’」』）。、，！？：；ๆ།"
        assert not unicodedata.category(text[place]).startswith("M")
        assert not text[place].isspace()
        assert text[place - 1] not in "([“‘「『（￥"


#: Whether two halves of flags belong together depends on all halves before them.
WITHOUT_FLAGS = MIXED.map(lambda text: regex.sub(r"\p{RI}", "", text))


@given(WITHOUT_FLAGS, WITHOUT_FLAGS)
def test_a_break_between_two_texts_is_one_of_their_whole(before: str, after: str) -> None:
    if not before or not after:
        assert not writing_systems.may_break(before, after)
        return
    expected = len(before) in writing_systems.breaks(before + after)
    assert writing_systems.may_break(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "shared"),
    [
        ("ก", "็", True), ("เ", "รา", True), ("คะ", "ะ", True), ("e", "\u0301", True),
        ("👨\u200d", "👩", True), ("ក", "្ខ", True), ("မ", "ာ", True), ("a" * 40, "\u0301b", True),
        ("ก", "น", False), ("今", "天", False), ("twenty", "-five", False), ("Py", "thon", False),
        ("", "a", False), ("a", "", False),
    ],
)  # fmt: skip
def test_pieces_of_a_cluster(before: str, after: str, *, shared: bool) -> None:
    assert writing_systems.share_cluster(before, after) == shared


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3), ("é", 1), ("e\u0301", 1), ("日本", 4), ("１", 2), ("ｱ", 1), ("한국", 4),
        ("\u1112\u1161\u11ab", 2), ("น้ำ", 2), ("हि", 1), ("မြန်မာ", 3), ("a\u200bb\u00ad", 2),
        ("\u200d", 0), ("\u0301", 0), ("👨\u200d👩\u200d👧", 2), ("🇩🇪", 2), ("❤\ufe0f", 2), ("", 0),
    ],
)  # fmt: skip
def test_widths(text: str, width: int) -> None:
    assert writing_systems.cells(text) == width


@pytest.mark.parametrize(
    ("texts", "whole"),
    [
        (["好的。", "我们走"], "好的。我们走"), (["はい", "そうです"], "はいそうです"),
        (["สวัสดี", "ครับ"], "สวัสดีครับ"), (["မင်္ဂလာ", "ပါ"], "မင်္ဂလာပါ"),
        (["“好”", "的"], "“好”的"), (["走……", "好"], "走……好"), (["走。", "Python"], "走。Python"),
        (["Hello.", "World."], "Hello. World."), (["安", "ok"], "安 ok"),
        (["좋아요", "그래요"], "좋아요 그래요"), (["a", "", " ", "b "], "a b"), ([], ""),
    ],
)  # fmt: skip
def test_passages_are_joined_as_their_script_requires(texts: list[str], whole: str) -> None:
    assert writing_systems.joined(texts) == whole


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Hello, world - 3 times", 4), ("今天我们用 Python 3。", 7), ("日本", 2), ("รักน้ำ", 3),
        ("「」。", 0), ("한국어 문장", 2), ("", 0),
    ],
)  # fmt: skip
def test_words_are_counted(text: str, count: int) -> None:
    assert writing_systems.count_words(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "Yes!”",
        "„Ja.“",
        "好。",
        "好！」",
        "हाँ।",
        "ဟုတ်တယ်။",
        "ខ្មែរ។",
        "لماذا؟",
        "wait…",
        "e.g.)",
    ],
)
def test_ends_of_sentences(text: str) -> None:
    assert writing_systems.ends_sentence(text)


@pytest.mark.parametrize("text", ["", "yes", "yes,", "好，", "a. b", "3.5"])
def test_other_words_end_no_sentence(text: str) -> None:
    assert not writing_systems.ends_sentence(text)


@pytest.mark.parametrize(
    ("text", "ends"),
    [("yes,", True), ("好、", True), ("so –", True), ("نعم،", True), ("yes", False)],
)
def test_ends_of_clauses(text: str, *, ends: bool) -> None:
    assert writing_systems.ends_clause(text) == ends
