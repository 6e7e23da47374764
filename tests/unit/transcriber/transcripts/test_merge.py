"""Words and turns become a transcript of who said what."""

import sys
from collections import Counter
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcriber.domain.transcripts import SpokenWord, Transcript, Turn
from transcriber.transcripts.merge import merge


def word(
    text: str,
    start: float,
    end: float,
    *,
    probability: float = 0.9,
    language: str = "en",
    passage: int = 0,
    spaced: bool = True,
) -> SpokenWord:
    return SpokenWord(
        text=text,
        start=start,
        end=end,
        probability=probability,
        language=language,
        passage=passage,
        spaced=spaced,
    )


def said(sentence: str, start: float, *, each: float = 0.4, passage: int = 0) -> list[SpokenWord]:
    """Words one after the other, with a tenth of a second between them."""
    return [
        word(text, start + n * (each + 0.1), start + n * (each + 0.1) + each, passage=passage)
        for n, text in enumerate(sentence.split())
    ]


def turn(speaker: str, start: float, end: float) -> Turn:
    return Turn(start=start, end=end, speaker=speaker)


def lines(transcript: Transcript) -> list[tuple[str, str]]:
    return [(segment.label, segment.text) for segment in transcript.segments]


def test_each_word_goes_to_who_holds_most_of_it() -> None:
    words = said("hello there you", 0.0) + said("good day", 2.0)
    turns = [turn("A", 0.0, 1.7), turn("B", 1.7, 4.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert lines(merged) == [("Speaker_1", "hello there you"), ("Speaker_2", "good day")]


def test_labels_follow_the_first_word_of_each_speaker() -> None:
    words = said("first", 5.0) + said("second", 6.0)
    turns = [turn("silent", 0.0, 1.0), turn("Z", 4.9, 5.6), turn("A", 5.9, 7.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert [(item.label, item.origin) for item in merged.speakers] == [
        ("Speaker_1", "Z"),
        ("Speaker_2", "A"),
    ]


def test_without_turns_there_is_one_speaker() -> None:
    merged = merge(said("all of this is one person.", 0.0))
    assert [segment.label for segment in merged.segments] == ["Speaker_1"]
    assert merged.speakers[0].origin == ""
    assert merged.segments[0].words[0].speakers == ()


def test_without_words_there_is_nothing() -> None:
    merged = merge([], exclusive_turns=[turn("A", 0, 5)], turns=[turn("A", 0, 5)])
    assert merged == Transcript(segments=(), speakers=(), confidence=0.0, language="")


def test_overlapping_speakers_are_listed_the_main_one_first() -> None:
    exclusive = [turn("A", 0.0, 1.0), turn("B", 1.0, 2.0)]
    turns = [turn("A", 0.0, 1.5), turn("B", 0.9, 2.0)]
    words = [word("alone", 0.0, 0.5), word("both", 1.0, 1.5), word("other", 1.6, 1.9)]
    merged = merge(words, exclusive_turns=exclusive, turns=turns)
    assert [item.speakers for segment in merged.segments for item in segment.words] == [
        ("Speaker_1",),
        ("Speaker_2", "Speaker_1"),
        ("Speaker_2",),
    ]


def test_someone_who_only_talks_over_others_is_no_speaker_of_the_transcript() -> None:
    exclusive = [turn("A", 0.0, 3.0)]
    merged = merge(
        said("a b c", 0.0), exclusive_turns=exclusive, turns=[*exclusive, turn("B", 0.0, 3.0)]
    )
    assert len(merged.speakers) == 1
    assert all(item.speakers == ("Speaker_1",) for item in merged.segments[0].words)


def test_a_word_in_a_short_gap_goes_to_the_nearest_turn() -> None:
    turns = [turn("A", 0.0, 1.0), turn("B", 3.0, 4.0)]
    words = [word("a", 0.5, 0.9), word("late", 1.2, 1.4), word("early", 2.6, 2.9), word("b", 3, 4)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert [[item.text for item in segment.words] for segment in merged.segments] == [
        ["a", "late"],
        ["early", "b"],
    ]


def test_a_word_far_from_every_turn_goes_with_its_passage_and_names_nobody() -> None:
    turns = [turn("A", 0.0, 1.0), turn("B", 10.0, 12.0)]
    words = [
        word("a", 0.2, 0.9, passage=0),
        word("lost", 5.0, 5.5, passage=1),
        word("b", 10.5, 11.5, passage=1),
    ]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    lost = next(item for seg in merged.segments for item in seg.words if item.text == "lost")
    owner = next(seg.label for seg in merged.segments if lost in seg.words)
    assert owner == "Speaker_2"
    assert lost.speakers == ()


def test_the_last_word_of_a_sentence_stays_with_it_across_a_near_border() -> None:
    # Diarization ends A's turn a little early, in the middle of A's last word.
    words = [*said("how are you today?", 0.0), *said("I am fine", 2.1)]
    turns = [turn("A", 0.0, 1.6), turn("B", 1.6, 4.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert lines(merged) == [("Speaker_1", "how are you today?"), ("Speaker_2", "I am fine")]


def test_the_first_word_of_a_sentence_goes_with_it_across_a_near_border() -> None:
    words = [*said("that is all.", 0.0), *said("Well thank you", 1.6)]
    turns = [turn("A", 0.0, 2.0), turn("B", 2.0, 4.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert lines(merged) == [("Speaker_1", "that is all."), ("Speaker_2", "Well thank you")]


def test_a_border_that_is_far_from_the_sentence_end_is_believed() -> None:
    words = [*said("how are you today?", 0.0, each=1.5), *said("I am fine", 6.5)]
    turns = [turn("A", 0.0, 4.7), turn("B", 4.7, 9.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert lines(merged)[0] == ("Speaker_1", "how are you")


def test_a_short_answer_in_between_is_kept() -> None:
    words = said("we could go there yes tomorrow if you like", 0.0)
    turns = [turn("A", 0.0, 1.95), turn("B", 1.95, 2.45), turn("A", 2.45, 6.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert [text for label, text in lines(merged) if label == "Speaker_2"] == ["yes"]


def test_a_doubtful_flip_between_words_of_one_speaker_is_undone() -> None:
    words = said("we could go there now tomorrow", 0.0)
    # B holds barely more than half of "there", and nothing else.
    turns = [turn("A", 0.0, 1.65), turn("B", 1.65, 1.9), turn("A", 1.9, 6.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert lines(merged) == [("Speaker_1", "we could go there now tomorrow")]


def test_figures_and_confidence_are_weighted_by_length() -> None:
    words = [word("long", 0.0, 3.0, probability=1.0), word("short", 3.0, 4.0, probability=0.0)]
    merged = merge(words, exclusive_turns=[turn("A", 0, 4)], turns=[turn("A", 0, 4)])
    assert merged.confidence == pytest.approx(0.75)
    (speaker,) = merged.speakers
    assert (speaker.segment_count, speaker.total_duration) == (1, 4.0)
    assert speaker.average_confidence == pytest.approx(0.75)


def test_the_language_in_which_most_is_said_prevails() -> None:
    words = [word("eins", 0, 3, language="de"), word("two", 3, 4, language="en")]
    merged = merge(words)
    assert merged.language == "de"
    assert [segment.language for segment in merged.segments] == ["de", "en"]


times = st.floats(0, 60, allow_nan=False).map(lambda value: round(value, 3))
spoken = st.lists(
    st.builds(
        lambda text, start, length, probability, language, passage: word(
            text,
            start,
            start + length,
            probability=probability,
            language=language,
            passage=passage,
        ),
        st.sampled_from(["yes", "no.", "well,", "什么", "ok?", "-"]),
        times,
        st.floats(-0.5, 3),
        st.floats(0, 1),
        st.sampled_from(["en", "de", ""]),
        st.integers(0, 3),
    ),
    max_size=40,
)
some_turns = st.lists(
    st.builds(
        lambda speaker, start, length: turn(speaker, start, start + length),
        st.sampled_from(["A", "B", "C"]),
        times,
        st.floats(-1, 10),
    ),
    max_size=15,
)


@given(spoken, some_turns, some_turns)
def test_no_word_is_lost_or_doubled_and_all_is_in_order(
    words: list[SpokenWord], exclusive: list[Turn], turns: list[Turn]
) -> None:
    merged = merge(words, exclusive_turns=exclusive, turns=turns)
    kept = [item for segment in merged.segments for item in segment.words]
    assert Counter((item.text, item.start) for item in kept) == Counter(
        (item.text, item.start) for item in words
    )
    starts = [item.start for item in kept]
    assert starts == sorted(starts)
    segment_starts = [segment.start for segment in merged.segments]
    assert segment_starts == sorted(segment_starts)
    for segment in merged.segments:
        assert segment.words
        assert segment.start <= segment.end
        assert segment.start == segment.words[0].start
        assert all(item.start <= item.end <= segment.end for item in segment.words)
        assert 0.0 <= segment.confidence <= 1.0
    assert merged.word_count == len(words)


@given(spoken, some_turns, some_turns)
def test_labels_are_consistent(
    words: list[SpokenWord], exclusive: list[Turn], turns: list[Turn]
) -> None:
    merged = merge(words, exclusive_turns=exclusive, turns=turns)
    labels = [item.label for item in merged.speakers]
    assert labels == [f"Speaker_{number}" for number in range(1, len(labels) + 1)]
    assert list(dict.fromkeys(segment.label for segment in merged.segments)) == labels
    for segment in merged.segments:
        for item in segment.words:
            assert set(item.speakers) <= set(labels)
            assert len(set(item.speakers)) == len(item.speakers)
            assert not item.speakers or item.speakers[0] == segment.label
    for speaker in merged.speakers:
        own = [segment for segment in merged.segments if segment.label == speaker.label]
        assert speaker.segment_count == len(own) > 0
        assert speaker.total_duration == pytest.approx(sum(seg.end - seg.start for seg in own))


@given(spoken, some_turns, some_turns)
def test_the_same_input_gives_the_same_transcript(
    words: list[SpokenWord], exclusive: list[Turn], turns: list[Turn]
) -> None:
    first = merge(words, exclusive_turns=exclusive, turns=turns)
    assert merge(words, exclusive_turns=exclusive, turns=turns) == first
    assert merge(words, exclusive_turns=exclusive[::-1], turns=turns[::-1]) == first


def test_where_people_talk_at_once_a_word_is_whose_turn_covers_it() -> None:
    words = [word("one", 1.1, 1.8), word("two", 2.2, 2.6)]
    turns = [turn("A", 0.0, 2.0), turn("B", 1.5, 3.0)]
    exclusive = [turn("A", 0.0, 1.2), turn("B", 1.2, 3.0)]
    first, second = merge(words, exclusive_turns=exclusive, turns=turns).speakers
    assert (first.origin, second.origin) == ("A", "B")


def test_where_both_cover_a_word_the_exclusive_turns_decide() -> None:
    turns = [turn("A", 0.0, 3.0), turn("B", 0.0, 3.0)]
    for holder in "AB":
        merged = merge(
            [word("one", 1.0, 1.5)], exclusive_turns=[turn(holder, 0.5, 2.0)], turns=turns
        )
        assert [speaker.origin for speaker in merged.speakers] == [holder]


def test_the_work_grows_as_the_length_does() -> None:
    def steps(count: int) -> int:
        """Lines of code that run: a measure that no other load on the machine changes."""
        words = [word("word", n * 0.4, n * 0.4 + 0.3, passage=n // 20) for n in range(count)]
        turns = [turn("AB"[n % 2], n * 3.0, n * 3.0 + 3.1) for n in range(count // 8)]
        taken = 0

        def tracer(_frame: FrameType, event: str, _argument: object) -> Any:
            nonlocal taken
            taken += event == "line"
            return tracer

        before = sys.gettrace()
        sys.settrace(tracer)
        try:
            merge(words, exclusive_turns=turns, turns=turns)
        finally:
            sys.settrace(before)
        return taken

    assert steps(4_000) < 4.5 * steps(1_000)
