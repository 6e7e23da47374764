"""Normalization and validation of names and free text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ValidationError
from speakers.domain.names import (
    LONGEST_NAME,
    clean_name,
    clean_text,
    name_key,
    search_text,
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ann Lee", "Ann Lee"),
        ("  Ann   Lee\t", "Ann Lee"),
        ("Ann\u00a0Lee", "Ann Lee"),
        ("Jose\u0301", "José"),
        ("李雷", "李雷"),
        ("O'Brien-Smith, Jr.", "O'Brien-Smith, Jr."),
        ("x" * LONGEST_NAME, "x" * LONGEST_NAME),
        ("Speaker One", "Speaker One"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("क्\u200dष", "क्\u200dष"),
        ("Ann\u200b \u200dLee\u200e", "Ann Lee"),
    ],
)
def test_names_are_cleaned(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "  \t",
        "x" * (LONGEST_NAME + 1),
        "a\x00b",
        "a\x1bb",
        "a\u202eb",
        "a\u2066b",
        "\ud800",
        "\uffff",
        "\u200b\u200d",
        "Speaker_1",
        "speaker 12",
    ],
)
def test_invalid_names_are_rejected(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        clean_name(typed, "name")
    assert refused.value.details == {"field": "name"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann Lee", " ann  LEE "),
        ("Straße", "STRASSE"),
        ("José", "JOSE\u0301"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("علی\u200cرضا", "علیرضا"),
        ("An\u200dn", "Ann"),
    ],
)
def test_spellings_of_one_name_have_equal_keys(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("Ann", "Anne"), ("José", "Jose"), ("a b", "ab")])
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(st.text(max_size=50))
def test_cleaning_preserves_the_key(typed: str) -> None:
    try:
        cleaned = clean_name(typed)
    except ValidationError:
        return
    assert clean_name(cleaned) == cleaned
    assert name_key(cleaned) == name_key(typed)
    assert name_key(name_key(typed)) == name_key(typed)


@pytest.mark.parametrize(
    ("text", "searched"),
    [
        ("José ÅNGSTRÖM", "jose angstrom"),
        ("Łódź", "łodz"),
        ("Straße", "strasse"),
        ("علی\u200cرضا", "علیرضا"),
    ],
)
def test_search_ignores_case_and_accents(text: str, searched: str) -> None:
    assert search_text(text) == searched


def test_text_allows_line_breaks_but_no_control_characters() -> None:
    assert clean_text("  two\nlines\t", "description", 20) == "two\nlines"
    with pytest.raises(ValidationError) as refused:
        clean_text("a\x00", "accent", 20)
    assert refused.value.details == {"field": "accent"}
    with pytest.raises(ValidationError):
        clean_text("x" * 21, "accent", 20)
