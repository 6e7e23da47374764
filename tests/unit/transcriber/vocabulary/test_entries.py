"""Rules for terms and corrections."""

import pytest

from common.errors import ValidationError
from transcriber.vocabulary import entries


def test_texts_are_tidied() -> None:
    assert entries.term("  Kuber\u00a0netes ", "en-US") == entries.NewTerm(
        text="Kuber netes", language="en"
    )
    found = entries.correction(" cooper  netties", "Kubernetes ", "", match_case=True)
    assert (found.heard, found.meant, found.match_case) == ("cooper netties", "Kubernetes", True)


@pytest.mark.parametrize(
    "text", ["", " ", "...", "x" * 101, "a b c d e f g h i", "a\u202eb", "a, b"]
)
def test_bad_terms_are_refused(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        entries.term(text, "")
    assert caught.value.details["field"] == "text"


@pytest.mark.parametrize(
    ("heard", "meant", "field"),
    [
        ("", "a", "heard"),
        ("a", "", "meant"),
        ("a.", "b", "heard"),
        ("c++", "C", "heard"),
        ("same", "same", "meant"),
        ("x" * 101, "a", "heard"),
    ],
)
def test_bad_corrections_are_refused(heard: str, meant: str, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        entries.correction(heard, meant, "", match_case=False)
    assert caught.value.details["field"] == field


def test_unknown_languages_are_refused() -> None:
    with pytest.raises(ValidationError):
        entries.term("word", "klingon")


def test_spellings_of_the_same_words_have_one_key() -> None:
    first = entries.correction("Cooper’s Inn", "x", "", match_case=False)
    second = entries.correction("cooper's  INN", "y", "", match_case=False)
    assert first.key == second.key
    exact = entries.correction("Cooper's Inn", "z", "", match_case=True)
    assert exact.key != second.key
