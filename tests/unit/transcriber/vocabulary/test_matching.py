"""Corrections in texts."""

import pytest

from transcriber.vocabulary.entries import NewCorrection
from transcriber.vocabulary.matching import Matcher


def corrected(text: str, *corrections: NewCorrection, language: str = "en") -> str:
    parts, position = [], 0
    for match in Matcher(corrections).matches(text, language):
        parts += [text[position : match.start], match.text]
        position = match.end
    return "".join((*parts, text[position:]))


def rule(heard: str, meant: str, *, language: str = "", match_case: bool = False) -> NewCorrection:
    return NewCorrection(heard=heard, meant=meant, language=language, match_case=match_case)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ask Smyth now.", "Ask Smith now."),
        ("ask SMYTH, please", "ask Smith, please"),
        ("(Smyth's dog)", "(Smith's dog)"),
        ("Smyth’s dog", "Smith’s dog"),
        ("Smythson and Blacksmyth stay", "Smythson and Blacksmyth stay"),
        ("Smyth-Jones", "Smith-Jones"),
        ("Smith stays", "Smith stays"),
        ("Smyth Smyth", "Smith Smith"),
    ],
)
def test_only_whole_words_are_corrected(text: str, expected: str) -> None:
    assert corrected(text, rule("smyth", "Smith")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the cooper netties cluster", "the Kubernetes cluster"),
        ("Cooper  Netties, it is", "Kubernetes, it is"),
        ("cooper, netties", "cooper, netties"),
        ("cooper. Netties", "cooper. Netties"),
        ("cooper nettie", "cooper nettie"),
        ("cooper", "cooper"),
    ],
)
def test_several_words_are_corrected_without_a_sign_between_them(text: str, expected: str) -> None:
    assert corrected(text, rule("cooper netties", "Kubernetes")) == expected


def test_one_word_may_become_several() -> None:
    assert corrected("in newyork", rule("newyork", "New York")) == "in New York"


def test_the_longest_words_count_and_written_text_is_not_searched_again() -> None:
    rules = (rule("cooper", "Couper"), rule("cooper netties", "cooper"))
    assert corrected("cooper netties and cooper", *rules) == "cooper and Couper"


def test_case_matters_where_it_is_asked_for() -> None:
    rules = (rule("polish", "Polish", match_case=True),)
    assert corrected("polish Polish POLISH", *rules) == "Polish Polish POLISH"
    both = (rule("May", "Mae", match_case=True), rule("may", "might"))
    assert corrected("May may", *both) == "Mae might"


def test_lower_case_takes_the_first_capital_of_the_text() -> None:
    lower, mixed = rule("cube cuttle", "kubectl"), rule("i phone", "iPhone")
    assert corrected("Cube cuttle and cube cuttle", lower) == "Kubectl and kubectl"
    assert corrected("I phone", mixed) == "iPhone"


def test_languages_are_respected_and_their_own_corrections_go_first() -> None:
    german, any_language = rule("die", "Dai", language="de"), rule("die", "dye")
    assert corrected("die", german, language="en") == "die"
    assert corrected("die", german, any_language, language="de") == "Dai"
    assert corrected("die", german, any_language, language="en") == "dye"


def test_scripts_without_blanks_have_no_borders_of_words() -> None:
    assert corrected("我叫张三。", rule("张三", "章三"), language="zh") == "我叫章三。"
    assert corrected("สวัสดีชาวโลก", rule("ชาวโลก", "ชาวไทย"), language="th") == "สวัสดีชาวไทย"


def test_no_corrections_find_nothing() -> None:
    matcher: Matcher[NewCorrection] = Matcher([])
    assert not matcher
    assert list(matcher.matches("anything", "en")) == []
