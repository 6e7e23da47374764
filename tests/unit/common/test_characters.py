"""Characters of names."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import characters

PERSIAN = "علی\u200cرضا"
HINDI = "क्\u200dष"
FAMILY = "👨\u200d👩\u200d👧"
WALES = "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"

#: Texts of characters that matter here, and any others.
TEXTS = st.text(
    st.sampled_from(
        "aé\u0301 \u00a0\u200b\u200c\u200d\u00ad\u200e\u202e\u2066\ufe0f\x00\n👩रक्🏴\U000e0067"
    )
    | st.characters(),
    max_size=30,
)


@pytest.mark.parametrize("name", [PERSIAN, HINDI, FAMILY, WALES, "❤\ufe0f\u200d🔥", "辻\U000e0100"])
def test_joiners_and_variants_are_kept(name: str) -> None:
    assert characters.tidied(name) == name
    assert not characters.has_forbidden(name)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Ann\u00a0Lee", "Ann Lee"), ("Ann\u202f\u3000Lee", "Ann Lee"),
        ("Ann\u200b", "Ann"), ("An\u00adn", "Ann"), ("\ufeffAnn", "Ann"), ("Ann\u200e", "Ann"),
        ("Ann\u200d Lee\u200c", "Ann Lee"), ("\u200dAnn", "Ann"), ("a\U000e0067b", "ab"),
        ("\u3164", ""), ("\u200c\u200d", ""), ("e\u00ad\u0301", "é"),
    ],
)  # fmt: skip
def test_characters_that_show_nothing_are_dropped(text: str, kept: str) -> None:
    assert characters.tidied(text) == kept
    assert not characters.has_forbidden(text)


@pytest.mark.parametrize(
    "char", ["\x00", "\x1b", "\x9f", "\u202a", "\u202e", "\u2066", "\u2069", "\ud800", "\uffff"]
)
def test_controls_and_overrides_are_forbidden(char: str) -> None:
    text = f"a{char}b"
    assert characters.has_forbidden(text)
    assert characters.has_forbidden(characters.tidied(text))
    assert characters.without_forbidden(text) == "ab"


def test_characters_newer_than_python_are_not_forbidden() -> None:
    newer = "\U0001fae8"  # assigned in Unicode 15
    assert not characters.has_forbidden(newer)
    assert characters.has_forbidden("\U0001ffff")


@given(TEXTS)
def test_tidying_is_idempotent(text: str) -> None:
    kept = characters.tidied(text)
    assert characters.tidied(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert kept == " ".join(kept.split())
    assert characters.has_forbidden(kept) <= characters.has_forbidden(text)


@given(TEXTS, st.integers(0, 30))
def test_shortened_text_stays_tidied(text: str, longest: int) -> None:
    short = characters.shortened(characters.tidied(text), longest)
    assert len(short) <= longest
    assert characters.tidied(short) == short


@given(TEXTS)
def test_keys_ignore_characters_that_show_nothing(text: str) -> None:
    assert characters.key(characters.tidied(text)) == characters.key(text)
    assert characters.key(characters.key(text)) == characters.key(text)


def test_names_that_look_alike_have_equal_keys() -> None:
    assert characters.key("An\u200dn") == characters.key(" ANN ")
    assert characters.key(PERSIAN) == characters.key(PERSIAN.replace("\u200c", ""))


def test_a_flag_has_as_many_tags_as_unicode_allows() -> None:
    flag, tag = "🏴", "\U000e0067"
    assert characters.tidied(flag + tag * 100_000) == flag + tag * 32
    assert characters.tidied("a" + tag * 100_000) == "a"
