import pytest

from exporter.summary.sentences import sentences
from tests.unit.exporter.documents import document, segment


def said(*texts: str, labels: str = "") -> list[tuple[str, tuple[int, ...]]]:
    made = document(
        segment(place, labels[place] if labels else "a", text, place * 5.0, place * 5.0 + 5)
        for place, text in enumerate(texts)
    )
    return [(one.text, one.segments) for one in sentences(made)]


def test_sentences_of_a_segment() -> None:
    assert said("Yes. We did! Did we?") == [("Yes.", (0,)), ("We did!", (0,)), ("Did we?", (0,))]


def test_a_sentence_over_several_segments_cites_them_all() -> None:
    assert said("First one. And then", "we went on", "to the end. Done.") == [
        ("First one.", (0,)),
        ("And then we went on to the end.", (0, 1, 2)),
        ("Done.", (2,)),
    ]


def test_another_speaker_ends_a_sentence() -> None:
    assert said("I thought that", "Wait.", labels="ab") == [
        ("I thought that", (0,)),
        ("Wait.", (1,)),
    ]


@pytest.mark.parametrize(
    "text",
    ["Ask Dr. Smith about it.", "It costs 3.5 million.", "See e.g. the chart.", "J. Miller came."],
)
def test_periods_within_sentences(text: str) -> None:
    assert said(text) == [(text, (0,))]


def test_unspaced_scripts() -> None:
    assert said("我们完成了。下周见！") == [("我们完成了。", (0,)), ("下周见！", (0,))]
    assert [text for text, _ in said("यह ठीक है। चलो।")] == ["यह ठीक है।", "चलो।"]


def test_without_punctuation_a_segment_is_a_sentence() -> None:
    assert said("we met on monday", "nobody came") == [
        ("we met on monday", (0,)),
        ("nobody came", (1,)),
    ]


def test_long_runs_without_punctuation_are_split_between_segments() -> None:
    words = "and so on " * 10
    found = said("Begin.", *[words] * 6)
    assert len(found) > 2
    assert " ".join(text for text, _ in found).split() == ["Begin.", *(words * 6).split()]
    assert max(len(text.split()) for text, _ in found) <= 60


def test_questions() -> None:
    made = document([segment(0, "a", "Really? Yes. 真的吗？", 0, 3)])
    assert [one.is_question for one in sentences(made)] == [True, False, True]
