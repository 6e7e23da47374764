"""Find and replace."""

import pytest

from common.errors import ValidationError
from tests.unit.transcriber.editing.transcripts import Edited, segment
from transcriber.editing.replacement import Query, Replacer


def replaced(text: str, query: Query) -> str | None:
    """Return the text after a replacement, None without matches."""
    edited = Edited((segment("Speaker_1", text, 0.0),))
    change = Replacer(query).replace(edited.segments()[0])
    if change is None:
        return None
    edited.edit(*change.operations)
    shown = " ".join(text for _, text in edited.lines())
    assert shown == " ".join(change.after.split())
    return shown


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("Call Smyth or smyth.", Query(text="smyth", replacement="Smith"), "Call Smith or Smith."),
        (
            "Call Smyth or smyth.",
            Query(text="smyth", replacement="Smith", match_case=True),
            "Call Smyth or Smith.",
        ),
        ("the other then", Query(text="the", replacement="a", whole_words=True), "a other then"),
        ("a.b axb", Query(text="a.b", replacement="c"), "c axb"),
        ("new york city", Query(text="new york", replacement="NYC"), "NYC city"),
        ("one two", Query(text="two", replacement="two and three"), "one two and three"),
        ("um well um yes", Query(text="um", replacement="", whole_words=True), "well yes"),
        ("aaa bab", Query(text="a", replacement="o"), "ooo bob"),
        (
            "on 3 4 2024",
            Query(text=r"(\d) (\d)", replacement=r"\2.\1.", regular_expression=True),
            "on 4.3. 2024",
        ),
        ("to day and", Query(text="o d", replacement="od"), "today and"),
        ("nothing here", Query(text="there", replacement="x"), None),
        ("café au", Query(text="CAFÉ", replacement="tea"), "tea au"),
    ],
)
def test_replacements(text: str, query: Query, expected: str | None) -> None:
    assert replaced(text, query) == expected


def test_words_that_stay_keep_their_times() -> None:
    edited = Edited((segment("Speaker_1", "my name is Jon Smyth", 0.0),))
    before = edited.segments()[0].words
    query = Query(text="Jon Smyth", replacement="John Smith")
    change = Replacer(query).replace(edited.segments()[0])
    assert change is not None
    assert change.count == 1
    edited.edit(*change.operations)
    after = edited.segments()[0].words
    assert after[:3] == before[:3]
    assert [(word.start, word.end) for word in after] == [(word.start, word.end) for word in before]


@pytest.mark.parametrize("text", ["(a", "[", "a{2000}{2000}"])
def test_invalid_expressions_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="regular expression"):
        Replacer(Query(text=text, replacement="", regular_expression=True))


def test_invalid_groups_are_refused() -> None:
    query = Query(text="(a)", replacement=r"\7", regular_expression=True)
    with pytest.raises(ValidationError, match="group"):
        replaced("a b", query)


def test_replacements_with_control_characters_are_refused() -> None:
    query = Query(text="(a)", replacement=r"\0", regular_expression=True)
    with pytest.raises(ValidationError, match="control characters"):
        replaced("a b", query)
    whole = Query(text="(a)", replacement=r"<\g<0>>", regular_expression=True)
    assert replaced("a b", whole) == "<a> b"
