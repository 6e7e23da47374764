"""Merge of words and turns into a transcript."""

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
    """Return consecutive words with gaps of 0.1 seconds."""
    return [
        word(text, start + n * (each + 0.1), start + n * (each + 0.1) + each, passage=passage)
        for n, text in enumerate(sentence.split())
    ]


def turn(speaker: str, start: float, end: float) -> Turn:
    return Turn(start=start, end=end, speaker=speaker)


def lines(transcript: Transcript) -> list[tuple[str, str]]:
    return [(segment.label, segment.text) for segment in transcript.segments]


def test_word_goes_to_speaker_covering_most_of_it() -> None:
    words = said("hello there you", 0.0) + said("good day", 2.0)
    turns = [turn("A", 0.0, 1.7), turn("B", 1.7, 4.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert lines(merged) == [("Speaker_1", "hello there you"), ("Speaker_2", "good day")]


def test_labels_follow_first_words() -> None:
    words = said("first", 5.0) + said("second", 6.0)
    turns = [turn("silent", 0.0, 1.0), turn("Z", 4.9, 5.6), turn("A", 5.9, 7.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert [(item.label, item.origin) for item in merged.speakers] == [
        ("Speaker_1", "Z"),
        ("Speaker_2", "A"),
    ]


def test_words_without_turns_have_one_speaker() -> None:
    merged = merge(said("all of this is one person.", 0.0))
    assert [segment.label for segment in merged.segments] == ["Speaker_1"]
    assert merged.speakers[0].origin == ""
    assert merged.segments[0].words[0].speakers == ()


def test_turns_without_words_give_empty_transcript() -> None:
    merged = merge([], exclusive_turns=[turn("A", 0, 5)], turns=[turn("A", 0, 5)])
    assert merged == Transcript(segments=(), speakers=(), confidence=0.0, language="")


def test_overlapping_speakers_are_listed_after_main_speaker() -> None:
    exclusive = [turn("A", 0.0, 1.0), turn("B", 1.0, 2.0)]
    turns = [turn("A", 0.0, 1.5), turn("B", 0.9, 2.0)]
    words = [word("alone", 0.0, 0.5), word("both", 1.0, 1.5), word("other", 1.6, 1.9)]
    merged = merge(words, exclusive_turns=exclusive, turns=turns)
    assert [item.speakers for segment in merged.segments for item in segment.words] == [
        ("Speaker_1",),
        ("Speaker_2", "Speaker_1"),
        ("Speaker_2",),
    ]


def test_speaker_only_overlapping_others_is_left_out() -> None:
    exclusive = [turn("A", 0.0, 3.0)]
    merged = merge(
        said("a b c", 0.0), exclusive_turns=exclusive, turns=[*exclusive, turn("B", 0.0, 3.0)]
    )
    assert len(merged.speakers) == 1
    assert all(item.speakers == ("Speaker_1",) for item in merged.segments[0].words)


def test_word_in_short_gap_goes_to_nearest_turn() -> None:
    turns = [turn("A", 0.0, 1.0), turn("B", 3.0, 4.0)]
    words = [word("a", 0.5, 0.9), word("late", 1.2, 1.4), word("early", 2.6, 2.9), word("b", 3, 4)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert [[item.text for item in segment.words] for segment in merged.segments] == [
        ["a", "late"],
        ["early", "b"],
    ]


def test_word_far_from_turns_goes_with_passage() -> None:
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


def test_last_word_of_sentence_stays_across_near_border() -> None:
    # Diarization ends A's turn a little early, in the middle of A's last word.
    words = [*said("how are you today?", 0.0), *said("I am fine", 2.1)]
    turns = [turn("A", 0.0, 1.6), turn("B", 1.6, 4.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert lines(merged) == [("Speaker_1", "how are you today?"), ("Speaker_2", "I am fine")]


def test_first_word_of_sentence_moves_across_near_border() -> None:
    words = [*said("that is all.", 0.0), *said("Well thank you", 1.6)]
    turns = [turn("A", 0.0, 2.0), turn("B", 2.0, 4.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert lines(merged) == [("Speaker_1", "that is all."), ("Speaker_2", "Well thank you")]


def test_border_far_from_end_of_sentence_is_kept() -> None:
    words = [*said("how are you today?", 0.0, each=1.5), *said("I am fine", 6.5)]
    turns = [turn("A", 0.0, 4.7), turn("B", 4.7, 9.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert lines(merged)[0] == ("Speaker_1", "how are you")


def test_short_answer_is_kept() -> None:
    words = said("we could go there yes tomorrow if you like", 0.0)
    turns = [turn("A", 0.0, 1.95), turn("B", 1.95, 2.45), turn("A", 2.45, 6.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert [text for label, text in lines(merged) if label == "Speaker_2"] == ["yes"]


def test_doubtful_single_word_moves_to_surrounding_speaker() -> None:
    words = said("we could go there now tomorrow", 0.0)
    # B covers barely more than half of "there", and nothing else.
    turns = [turn("A", 0.0, 1.65), turn("B", 1.65, 1.9), turn("A", 1.9, 6.0)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert lines(merged) == [("Speaker_1", "we could go there now tomorrow")]


def test_confidence_is_weighted_by_length() -> None:
    words = [word("long", 0.0, 3.0, probability=1.0), word("short", 3.0, 4.0, probability=0.0)]
    merged = merge(words, exclusive_turns=[turn("A", 0, 4)], turns=[turn("A", 0, 4)])
    assert merged.confidence == pytest.approx(0.75)
    (speaker,) = merged.speakers
    assert (speaker.segment_count, speaker.total_duration) == (1, 4.0)
    assert speaker.average_confidence == pytest.approx(0.75)


def test_language_is_that_of_most_speech() -> None:
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
def test_every_word_appears_once_in_order(
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
def test_same_input_gives_same_transcript(
    words: list[SpokenWord], exclusive: list[Turn], turns: list[Turn]
) -> None:
    first = merge(words, exclusive_turns=exclusive, turns=turns)
    assert merge(words, exclusive_turns=exclusive, turns=turns) == first
    assert merge(words, exclusive_turns=exclusive[::-1], turns=turns[::-1]) == first


def test_overlapped_word_goes_to_covering_turn() -> None:
    words = [word("one", 1.1, 1.8), word("two", 2.2, 2.6)]
    turns = [turn("A", 0.0, 2.0), turn("B", 1.5, 3.0)]
    exclusive = [turn("A", 0.0, 1.2), turn("B", 1.2, 3.0)]
    first, second = merge(words, exclusive_turns=exclusive, turns=turns).speakers
    assert (first.origin, second.origin) == ("A", "B")


def test_exclusive_turns_break_ties() -> None:
    turns = [turn("A", 0.0, 3.0), turn("B", 0.0, 3.0)]
    for holder in "AB":
        merged = merge(
            [word("one", 1.0, 1.5)], exclusive_turns=[turn(holder, 0.5, 2.0)], turns=turns
        )
        assert [speaker.origin for speaker in merged.speakers] == [holder]


def test_cost_grows_linearly() -> None:
    def steps(count: int) -> int:
        """Count executed lines, a measure independent of other load on the machine."""
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
