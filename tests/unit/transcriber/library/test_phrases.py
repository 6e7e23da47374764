"""Titles suggested from what was said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import writing_systems
from transcriber.library.phrases import MOST_SECONDS, Spoken, phrase

_SEGMENTS = st.builds(
    Spoken,
    text=st.text(max_size=200),
    start=st.floats(0, 400),
    language=st.sampled_from(["", "en", "de", "ja", "cs"]),
)


def said(*texts: str, language: str = "en") -> list[Spoken]:
    return [
        Spoken(text=text, start=float(place), language=language) for place, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("language", "texts", "expected"),
    [
        (
            "en",
            ["Good morning everybody. So, we talk about the budget of the new warehouse.",
             "The budget is too small, I think. The warehouse needs a roof."],
            "We talk about the budget of the new warehouse",
        ),
        (
            "de",
            ["Hallo zusammen. Heute geht es um die Planung der Messe in Hannover, und wir",
             "müssen reden. Die Messe beginnt im April."],
            "Heute geht es um die Planung der Messe in Hannover",
        ),
        (
            "fr",
            ["Bonjour à tous. Nous parlons du projet de rénovation. La rénovation coûte cher."],
            "Nous parlons du projet de rénovation",
        ),
        (
            "es",
            ["Hola. Bueno, hablamos del presupuesto del almacén. El presupuesto es pequeño."],
            "Hablamos del presupuesto del almacén",
        ),
        ("ja", ["今日は新しい予算について話し合います。予算は少ないです。"],
         "今日は新しい予算について話し合います"),
        ("zh", ["大家好，今天我们讨论新产品的发布计划。发布计划推迟了。"],
         "今天我们讨论新产品的发布计划"),
        ("ru", ["Сегодня мы обсуждаем бюджет нового проекта. Бюджет проекта мал."],
         "Сегодня мы обсуждаем бюджет нового проекта"),
    ],
)  # fmt: skip
def test_phrase_tells_what_it_is_about(language: str, texts: list[str], expected: str) -> None:
    assert phrase(said(*texts, language=language)) == expected


def test_words_without_a_topic_make_no_phrase() -> None:
    assert phrase([]) == ""
    assert phrase(said("Yes. No. Okay.", "Uh hello?")) == ""
    assert phrase(said("", "   ", "...")) == ""


def test_only_the_beginning_counts() -> None:
    late = Spoken(text="The budget of the warehouse.", start=MOST_SECONDS, language="en")
    assert phrase([late]) == ""


def test_long_clause_ends_between_words() -> None:
    text = (
        "we think that the municipal council of the northern district could possibly finance the "
        "renovation of the old swimming pool next year"
    )
    assert phrase(said(text)) == "We think that the municipal council of the northern district"


@given(st.lists(_SEGMENTS, max_size=8))
def test_phrase_is_one_short_line(spoken: list[Spoken]) -> None:
    title = phrase(spoken)
    assert writing_systems.cells(title) <= 62
    assert title == title.strip()
    assert title.isprintable()
