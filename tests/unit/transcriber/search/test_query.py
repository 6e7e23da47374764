"""The language of queries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ValidationError
from transcriber.search import marks, query
from transcriber.search.alternatives import alternatives
from transcriber.search.pages import PageToken


def groups(text: str) -> list[list[str]]:
    return [[term.folded for term in group] for group in query.parse(text).groups]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("budget costs", [["budget"], ["costs"]]),
        ("budget OR costs now", [["budget", "costs"], ["now"]]),
        ("a OR b OR c", [["a", "b", "c"]]),
        ("a | b", [["a", "b"]]),
        ("OR a", [["a"]]),
        ("a -b OR c", [["a"], ["c"]]),
        ('"next year" plan', [[" next year "], ["plan"]]),
        ("«prochaine année»", [[" prochaine annee "]]),
        ('"unbalanced words', [["unbalanced"], ["words"]]),
        ("e-mail", [["e"], ["mail"]]),
        ("预算什么时候", [["预算"], ["算什"], ["什么"], ["么时"], ["时候"]]),
    ],
)
def test_groups(text: str, expected: list[list[str]]) -> None:
    assert groups(text) == expected


def test_required_and_excluded_phrases() -> None:
    parsed = query.parse('"next year" a OR "b c" -travel -"old plan" well-known')
    assert parsed.required == (" next year ",)
    assert parsed.excluded == (" travel ", " old plan ")


def test_word_in_capitals_is_an_abbreviation() -> None:
    terms = query.parse("IT budget").terms
    assert [term.abbreviation for term in terms] == [True, False]
    assert not any(term.abbreviation for term in query.parse("IT BUDGET").terms)


@pytest.mark.parametrize("text", ["", " ", "-a", "?!", '""', "a" * 501, "a " * 33])
def test_refused(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        query.parse(text)
    assert caught.value.details == {"field": "q"}


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_parsed_or_refused(asked: str, text: str) -> None:
    try:
        parsed = query.parse(asked)
    except ValidationError:
        return
    ways = alternatives(parsed)
    assert {way.group for way in ways} == set(range(len(parsed.groups)))
    assert all(way.parts and all(" " not in part for part in way.parts) for way in ways)
    last = 0
    for start, end in marks.marks(text, parsed):
        assert last <= start < end <= len(text)
        last = end


@pytest.mark.parametrize(
    ("text", "asked", "marked"),
    [
        ("The budgets of Müller", "budget muler", ["budgets", "Müller"]),
        ("Haushaltsplan und Haus", "haus", ["Haus"]),
        ("Der Haushaltsplan", "haushalt", ["Haushaltsplan"]),
        ("next year, next Year", '"next year"', ["next year", "next Year"]),
        ("我们讨论预算", "预算", ["预算"]),
        ("nothing here", "budget", []),
    ],
)
def test_marks(text: str, asked: str, marked: list[str]) -> None:
    found = marks.marks(text, query.parse(asked))
    assert [text[start:end] for start, end in found] == marked


def test_page_tokens_belong_to_a_search() -> None:
    token = PageToken(snapshot=7, offset=20)
    text = token.encode("budget")
    assert PageToken.decode(text, "budget") == token
    for wrong, search in ((text, "costs"), ("x", "budget"), ("é", "budget"), ("W10", "budget")):
        with pytest.raises(ValidationError):
            PageToken.decode(wrong, search)
