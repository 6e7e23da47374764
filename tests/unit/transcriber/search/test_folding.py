"""Words of texts, and the parts they are indexed by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcriber.search import folding


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Élodie's CAFÉ, straße!", " elodie s cafe strasse "),
        ("GPT4模型", " gpt4 模型 "),
        ("ﾃｽﾄ Ｔｅｓｔ", " テスト test "),
        ("การประชุม", " การประชุม "),
        ("", "  "),
        ("?!", "  "),
    ],
)
def test_plain_texts(text: str, plain: str) -> None:
    assert folding.plain(text) == plain


@pytest.mark.parametrize(
    ("word", "grams"),
    [
        ("it", ["\x1fit\x1f"]),
        ("cat", ["\x1fca", "cat", "at\x1f"]),
        ("预算", ["预", "算", "预算"]),
        ("예산", ["예", "산", "예산"]),
    ],
)
def test_grams(word: str, grams: list[str]) -> None:
    assert folding.grams(word) == grams


@given(st.text(alphabet=st.characters(categories=["L", "N", "M"]), min_size=1, max_size=40))
def test_word_has_the_grams_of_its_parts(text: str) -> None:
    for token in folding.tokens(text):
        own = set(folding.grams(token.folded))
        for length in range(4, len(token.folded) + 1):
            part = token.folded[:length]
            if folding.in_pairs(part) == folding.in_pairs(token.folded):
                assert set(folding.prefix_grams(part)) <= own
                assert set(folding.inner_grams(token.folded[-length:])) <= own or (
                    folding.in_pairs(token.folded[-length:]) != folding.in_pairs(token.folded)
                )


@given(st.text())
def test_places_of_tokens_are_in_order(text: str) -> None:
    last = 0
    for token in folding.tokens(text):
        assert last <= token.start < token.end <= len(text)
        assert " " not in token.folded
        last = token.end


@pytest.mark.parametrize(
    ("phrase", "needle"),
    [("next Year", " next year "), ("预算", "预算"), ("GPT 模型", " gpt 模型"), ("?", "")],
)
def test_needles(phrase: str, needle: str) -> None:
    assert folding.needle(phrase) == needle
