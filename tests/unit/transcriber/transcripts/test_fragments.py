"""Fragments of words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcriber.domain.transcripts import SpokenWord
from transcriber.transcripts.fragments import whole_words
from transcriber.transcripts.segmentation import join


def passage(texts: list[str], *, spaced: frozenset[int] = frozenset()) -> list[SpokenWord]:
    return [
        SpokenWord(
            text=text, start=float(n), end=n + 0.5, probability=1 / (n + 1), spaced=n in spaced
        )
        for n, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("fragments", "words"),
    [
        (["ร", "ั", "ก", "น", "้", "ำ"], ["รัก", "น้ำ"]),
        (["เ", "ร", "า"], ["เรา"]),
        (["က", "ေ", "ာ", "င", "်", "း"], ["ကောင်း"]),
        (["ក", "្", "ម", "ែ"], ["ក្មែ"]),
        (["我", "用", "Py", "thon", "写", "20", "24"], ["我", "用", "Python", "写", "2024"]),
        (["が", "か", "\u3099"], ["が", "か\u3099"]),
        (["twenty", "-five"], ["twenty", "-five"]),
        (["好", "。", "”"], ["好", "。", "”"]),
        ([], []),
    ],
)
def test_fragments_become_words(fragments: list[str], words: list[str]) -> None:
    assert [word.text for word in whole_words(passage(fragments))] == words


def test_spaced_words_stay_apart() -> None:
    spoken = passage(["per", "cent", "รั", "ก"], spaced=frozenset({1, 3}))
    assert list(whole_words(spoken)) == spoken


def test_joined_word_has_the_times_of_all_its_fragments() -> None:
    (word,) = whole_words(passage(["ก", "็"]))
    assert (word.start, word.end) == (0.0, 1.5)
    assert word.probability == pytest.approx(0.75)


@given(
    st.lists(
        st.tuples(st.text(st.sampled_from("กั็เาကင်ာabc我。-?\u0301"), min_size=1), st.booleans()),
        max_size=20,
    )
)
def test_nothing_is_lost(drawn: list[tuple[str, bool]]) -> None:
    spoken = passage(
        [text for text, _ in drawn],
        spaced=frozenset(n for n, (_, spaced) in enumerate(drawn) if spaced),
    )
    words = list(whole_words(spoken))
    assert join(words) == join(spoken)
    assert list(whole_words(words)) == words
