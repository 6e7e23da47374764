"""Words of neighboring parts at their boundary."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from transcriber.domain.parts import MARGIN
from transcriber.domain.transcripts import SpokenWord
from transcriber.transcripts.seams import join_words

BOUNDARY = 100.0


def said(text: str, start: float, *, pace: float = 0.5) -> list[SpokenWord]:
    """Return words one after the other. A dash is a pause of one word."""
    return [
        SpokenWord(text=word, start=start + n * pace, end=start + n * pace + 0.4, probability=0.9)
        for n, word in enumerate(text.split())
        if word != "-"
    ]


def texts(words: Sequence[SpokenWord]) -> str:
    return " ".join(word.text for word in words)


def test_common_words_are_kept_once() -> None:
    before = said("one two three four five six seven eight nine ten", 96.0)
    after = said("three four five six seven eight nine ten eleven twelve", 97.05)
    joined = join_words(before, after, BOUNDARY)
    assert texts(joined) == "one two three four five six seven eight nine ten eleven twelve"


def test_words_cut_off_at_the_end_of_a_part_come_from_the_other() -> None:
    before = said("we meet on Wednesday at ten o", 100.5)
    after = said("sday at ten o'clock in the hall", 102.0)
    assert texts(join_words(before, after, BOUNDARY)) == (
        "we meet on Wednesday at ten o'clock in the hall"
    )


def test_versions_differ_in_case_and_punctuation() -> None:
    before = said("That is all. Thank you", 98.0)
    after = said("that is all, thank You everybody", 98.1)
    joined = join_words(before, after, BOUNDARY)
    assert texts(joined).casefold().replace(",", ".") == "that is all. thank you everybody"


def test_a_repeated_word_is_kept_as_often_as_it_was_said() -> None:
    before = said("no no no no no", 98.0)
    after = said("no no no no no", 98.02)
    assert texts(join_words(before, after, BOUNDARY)) == "no no no no no"


def test_without_a_common_word_the_longest_pause_is_the_cut() -> None:
    before = said("alpha beta - - - gamma", 98.0)
    after = said("delta epsilon - - - zeta eta", 98.0)
    joined = join_words(before, after, BOUNDARY)
    assert texts(joined) == "alpha beta zeta eta"


def test_silence_on_one_side_keeps_what_the_other_heard() -> None:
    spoken = said("only one part has heard this", 99.0)
    assert join_words(spoken, [], BOUNDARY) == tuple(spoken)
    assert len(join_words([], said("first words", 100.5), BOUNDARY)) == 2


def test_words_outside_the_zone_stay() -> None:
    before = said("early", 10.0) + said("shared words here", 99.0)
    after = said("shared words here", 99.0) + said("late", 200.0)
    assert texts(join_words(before, after, BOUNDARY)) == "early shared words here late"


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=30, max_size=60),
    st.floats(min_value=-0.15, max_value=0.15),
)
def test_a_text_heard_alike_by_both_is_joined_to_the_letter(
    spoken: list[str], shift: float
) -> None:
    """Whatever is repeated in it."""
    words = said(" ".join(spoken), BOUNDARY - 8.0)
    before = [word for word in words if word.end <= BOUNDARY + MARGIN]
    after = [
        SpokenWord(text=word.text, start=word.start + shift, end=word.end + shift, probability=0.5)
        for word in words
        if word.start >= BOUNDARY - MARGIN
    ]
    assert texts(join_words(before, after, BOUNDARY)) == texts(words)
